"""What a command draws of the files it was given."""

from collections.abc import Sequence
from pathlib import Path

from penloop.errors import UserError
from penloop.recordings import alignment, formats, selection
from penloop.recordings.comparison import duration
from penloop.recordings.gaps import gaps
from penloop.recordings.picture import Picture, picture
from penloop.recordings.source import Source, check_units, usual_signals
from pensim.trace import Trace


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
