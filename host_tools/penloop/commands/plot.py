"""`penloop plot`: recordings and traces as pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from penloop import completion
from penloop.errors import UserError
from penloop.output_file import check_writable
from penloop.recordings import alignment, formats, selection
from penloop.recordings.comparison import duration
from penloop.recordings.gaps import gaps
from penloop.recordings.picture import Picture, picture
from penloop.recordings.picture_file import KINDS, write_picture
from penloop.recordings.source import Source, check_units, usual_signals
from penloop.recordings.source import sources as aligned
from pensim.trace import Trace

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="PICTURE", help="A .png, .svg or .html file."),
]
Signals = Annotated[
    str,
    typer.Option(
        "--signals",
        "-s",
        help="Names, separated by commas; rate, plant.*.",
        autocompletion=completion.signals,
    ),
]
Start = Annotated[str, typer.Option("--from", help="On the picture's axis of time: 1.5s.")]
End = Annotated[str, typer.Option("--to", help="On the picture's axis of time: 2.5s.")]
Align = Annotated[
    str,
    typer.Option(
        "--align",
        help="Zero of time: begin, start, contact, fault, trigger, time.",
        autocompletion=lambda: list(alignment.MOMENTS),
    ),
]
Overwrite = Annotated[bool, typer.Option("--force", help="Replace a picture that exists.")]


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("plot")(plot)


def plot(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE", show_default=False)],
    signals: Signals = "",
    start: Start = "",
    end: End = "",
    out: Out = None,
    align: Align = "",
    overwrite: Overwrite = False,
) -> None:
    """Draw recordings or traces over time; several files lie over each other.

    Without --out the picture is a PNG beside the first file.
    """
    goal = out or sources[0].with_suffix(".png")
    check_goal(goal, overwrite)
    named = read_all(sources)
    moment = alignment.chosen([trace for _, trace in named], align)
    shown = aligned(named, moment, start, end)
    drawn = made_picture(shown, signals, moment, ", ".join(one.name for one in shown))
    write_picture(drawn, goal, told(shown))
    print(goal)


def check_goal(goal: Path, overwrite: bool) -> None:
    """Raises UserError where the picture could not be written, or would replace another."""
    formats.check_suffix(goal, KINDS)
    if not overwrite:
        formats.refuse_existing(goal, "choose another by --out, or give --force")
    check_writable(goal)


def read_all(sources: Sequence[Path]) -> list[tuple[str, Trace]]:
    """Each file's trace, with a name that tells it from the others."""
    choices = (lambda path: path.stem, lambda path: path.name, str)
    for name_of in choices:
        names = [name_of(source) for source in sources]
        if len(set(names)) == len(names):
            return [(name, formats.read(source)) for name, source in zip(names, sources)]
    raise UserError("a file is named twice", "name each once")


def made_picture(shown: Sequence[Source], signals: str, moment: str, title: str) -> Picture:
    """The picture of the signals that are named, or of the usual ones. Raises UserError."""
    given = selection.signal_names(shown[0].trace, signals) if signals else usual_signals(shown)
    check_units(shown, given)
    drawn = picture(shown, given, alignment.axis_text(moment), title)
    if not drawn.panels and not drawn.bands:
        raise UserError("nothing to draw: the files have no signal in common", "use --signals")
    return drawn


def told(shown: Sequence[Source]) -> list[str]:
    """What each file is, in a line."""
    if len(shown) == 1:
        return [_told(shown[0].trace)]
    return [f"{source.name}: {_told(source.trace)}" for source in shown]


def _told(trace: Trace) -> str:
    parts = [f"{len(trace):,} samples, {duration(int(trace.time_us[-1] - trace.time_us[0]))}"]
    environment, reproduce = trace.header.environment, trace.header.reproduce
    pen = environment.get("pen")
    if pen:
        parts.append(f"pen {pen.get('pen_id')}, firmware {pen.get('firmware_version')}")
    if "wall_time_at_connect" in environment:
        when = str(environment["wall_time_at_connect"])[:19].replace("T", " ")
        parts.append(f"recorded {when} UTC")
    if "seed" in reproduce:
        parts.append(f"simulated, seed {reproduce['seed']}")
    found = gaps(trace)
    if found:
        missing = sum(gap.missing for gap in found)
        parts.append(f"{missing:,} samples missing in {len(found)} gap{'s' * (len(found) > 1)}")
    return "; ".join(parts)
