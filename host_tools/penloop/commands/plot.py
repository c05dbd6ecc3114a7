"""`penloop plot`: recordings and traces as pictures."""

from pathlib import Path
from typing import Annotated

import typer

from penloop import completion
from penloop.output_file import Force, check_new
from penloop.recordings import alignment
from penloop.recordings.picture_choice import made_picture, read_all, told
from penloop.recordings.picture_file import KINDS, write_picture
from penloop.recordings.source import sources as aligned

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
    force: Force = False,
) -> None:
    """Draw recordings or traces over time; several files lie over each other.

    Without --out the picture is a PNG beside the first file.
    """
    goal = out or sources[0].with_suffix(".png")
    check_new(goal, force, KINDS)
    named = read_all(sources)
    moment = alignment.chosen([trace for _, trace in named], align)
    shown = aligned(named, moment, start, end)
    drawn = made_picture(shown, signals, moment, ", ".join(one.name for one in shown))
    write_picture(drawn, goal, told(shown))
    print(goal)
