"""Parts of a trace: signals by name, and a span of its time."""

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from penhost.units import parse
from penloop.errors import UserError
from pensim.trace import Trace

LINK = "link."  # what tells of gaps goes along with every selection
FAMILIES = ("pen.", "plant.", "board.", "link.")  # where a short name is looked for, in this order


def signal_names(trace: Trace, text: str) -> list[str]:
    """The trace's signals that a list means: `rate` is `pen.rate`, or what else ends so; `plant.*`
    is all that begin so. Raises UserError for what is not there, naming what is near."""
    names = [column.name for column, _ in trace.columns()[1:]]
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    if not wanted:
        raise UserError("no signals given", f"name some, such as {', '.join(names[:3])}")
    found = [name for part in wanted for name in _meant(names, part)]
    return list(dict.fromkeys(found))


def _meant(names: Sequence[str], part: str) -> list[str]:
    if part in names:
        return [part]
    if "*" in part:
        matching = [name for name in names if fnmatchcase(name, part)]
    else:
        matching = [prefix + part for prefix in FAMILIES if prefix + part in names][:1]
    if not matching:
        short = {name.partition(".")[2]: name for name in reversed(names)}
        near = get_close_matches(part, [*names, *short]) or [n for n in names if LINK not in n]
        raise UserError(f"no signal {part!r} in this file", f"it has {', '.join(near)}")
    return matching


def with_signals(trace: Trace, names: Sequence[str]) -> Trace:
    """The named columns, and those that tell of gaps."""
    chosen = [
        (column, values)
        for column, values in trace.columns()[1:]
        if column.name in names or column.name.startswith(LINK)
    ]
    return Trace(trace.time_us, chosen, trace.header)


def span(trace: Trace, start: str, end: str, zero_us: int, name: str) -> Trace:
    """The rows between two times since a zero, `1s` and `2.5s`; empty for the very first and last.

    Raises BadValue, and UserError where no row is left of what is called `name`.
    """
    times = trace.time_us
    start_us = zero_us + parse(start, "us") if start else int(times[0])
    end_us = zero_us + parse(end, "us") if end else int(times[-1])
    rows = (times >= start_us) & (times <= end_us)
    if not rows.any():
        asked = f"from {start or 'its begin'} to {end or 'its end'}"
        there = [f"{(int(times[row]) - zero_us) / 1e6:g} s" for row in (0, -1)]
        raise UserError(f"{name} has no samples {asked}", f"it has them from {' to '.join(there)}")
    pairs = [(column, values[rows]) for column, values in trace.columns()[1:]]
    return Trace(times[rows], pairs, trace.header)
