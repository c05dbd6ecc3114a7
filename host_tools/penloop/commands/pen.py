"""`penloop info`, `get`, `set` and `faults`: ask a pen and change it."""

import fnmatch
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from penhost import BadValue, Pen
from penhost.replies import FaultRecord
from penhost.units import Quantity, show
from penloop import acknowledgement, changes, completion
from penloop.connection import AsJson, Port, connected, fitting

# A name, "=" or a space before a number, and a value that goes on to the next name.
_SIGN = r"(?:\s*=\s*|\s+(?=[-+.]?\d))"
_ASSIGNMENT = re.compile(
    rf"(?<!\S)([A-Za-z_]\w*){_SIGN}([^\s=][^=]*?)\s*(?=\s[A-Za-z_]\w*{_SIGN}|$)"
)
LISTEN_S = 0.5  # to the telemetry, for its rates
WIDE = 200  # columns where nobody looks: a line a setting
READINGS = ("rate", "current", "battery", "depth", "position", "housing", "strokes")


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("info")(info)
    app.command("get")(get)
    app.command("set")(set_)
    app.command("faults")(faults)


def info(port: Port = "", as_json: AsJson = False) -> None:
    """Tell who answers on a port, what it does and how it is."""
    with connected(port) as pen:
        known = [name for name in READINGS if name in pen.signals]
        counters, readings = measured(pen, fitting(pen, known))
        status = pen.status()
        latched = [fault.name for fault in pen.faults() if fault.latched]
        identity = {**asdict(pen.info), "schema": pen.schema}
        waiting = pen.waiting()
    if as_json:
        raw = {name: value.value for name, value in readings.items()}
        document = {**identity, "state": status.state, "faults": latched, "signals": raw}
        document["waiting"] = {name: value.value for name, value in waiting.items()}
        print(json.dumps({**document, "link": counters}))
        return
    rows = {name.replace("_", " "): str(value) for name, value in identity.items()}
    del rows["time us"]
    rows["up for"] = show(status.time_us, "us")
    rows |= {"state": status.state, "latched faults": ", ".join(latched) or "none"}
    following = ", ".join(f"{name} {value}" for name, value in waiting.items())
    rows["from next start"] = following or "as now"
    rows |= {name: str(value) for name, value in readings.items()}
    show_rows({**rows, **{name.replace("_", " "): f"{n:,}" for name, n in counters.items()}})


def measured(pen: Pen, names: Sequence[str]) -> tuple[dict[str, int], dict[str, Quantity]]:
    """Counters of the link over half a second of telemetry, and the signals' last values."""
    before = pen.status()
    pen.subscribe(names, 10)
    start_us, recording = pen.clock.now_us(), pen.record(LISTEN_S)
    spent_s = (pen.clock.now_us() - start_us) / 1e6
    after = pen.status()
    pen.unsubscribe()
    last, signals = recording.samples[-1], pen.signals
    counters = {
        "frames_at_pen": after.pen_frames, "bad_frames_at_pen": after.pen_bad_frames,
        "frames_here": after.host_frames, "bad_frames_here": after.host_bad_frames,
        "requests_repeated": after.repeats, "samples_sent": after.samples_sent,
        "samples_dropped": after.samples_dropped, "samples_lost": recording.lost,
        "events_lost": after.events_lost,
        "samples_a_second": round(len(recording.samples) / spent_s),
        "bytes_a_second": round((after.host_bytes - before.host_bytes) / spent_s),
    }  # fmt: skip
    return counters, {name: Quantity(int(last[name]), signals[name].unit) for name in names}


def show_rows(rows: dict[str, str]) -> None:
    """Prints names and values in two columns."""
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        print(f"{name:<{width}}  {value}")


def get(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Settings, or rate_*; all by default.", autocompletion=completion.settings
        ),
    ] = None,
    port: Port = "",
    as_json: AsJson = False,
) -> None:
    """Show settings of a pen: values in force, defaults, bounds and meaning."""
    with connected(port) as pen:
        values = pen.get_all(_matching(pen, names or ["*"]))
        waiting = pen.waiting()
        rows = {name: pen.settings[name] for name in values}
    if as_json:
        changes.tell_waiting(values, waiting)
        print(json.dumps({name: value.value for name, value in values.items()}))
        return
    table = Table(box=None, pad_edge=False)
    then = ["next start"] if waiting.keys() & values.keys() else []
    for head in ("setting", "value", *then, "default", "from", "to"):
        table.add_column(head, justify="left" if head == "setting" else "right", no_wrap=True)
    table.add_column("access")
    table.add_column("meaning")
    for name, value in values.items():
        row = rows[name]
        numbers = [row.quantity(number) for number in (row.default, row.minimum, row.maximum)]
        following = [str(waiting.get(name, ""))] if then else []
        table.add_row(name, str(value), *following, *map(str, numbers), row.access, row.help)
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def _matching(pen: Pen, names: Sequence[str]) -> list[str]:
    """Names, and what matches patterns such as `rate_*`, each once."""
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(fnmatch.filter(pen.settings, name) or [name])
    return list(found)


def set_(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE…",
            help="depth=0.75mm",
            show_default=False,
            autocompletion=completion.changes,
        ),
    ],
    port: Port = "",
    as_json: AsJson = False,
) -> None:
    """Change settings of a pen as one transaction: all of them or none."""
    wanted = assignments(words)
    with connected(port) as pen:
        done = changes.applied(pen, changes.planned(pen, wanted))
    changes.show(done, as_json)


def assignments(words: Sequence[str]) -> dict[str, str]:
    """Values by name; also `depth = 0.75 mm` and `depth 0.75mm`. Raises BadValue."""
    text = " ".join(words)
    found = list(_ASSIGNMENT.finditer(text))
    rest = _ASSIGNMENT.sub("", text).split()
    if rest or not found:
        remedy = "write NAME=VALUE, such as depth=0.75mm"
        raise BadValue(f"{' '.join(rest) or text!r} is no change", remedy)
    names = [match[1] for match in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise BadValue(f"{twice[0]} is set twice", "give it one value")
    return {match[1]: match[2].strip() for match in found}


def faults(
    port: Port = "",
    clear: Annotated[
        bool, typer.Option("--clear", help="Acknowledge them; a press at the pen goes on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the faults that a pen has latched and those that it remembers, with remedies."""
    with connected(port) as pen:
        if clear:
            acknowledgement.acknowledge(pen)
        records = pen.faults()
    if as_json:
        print(json.dumps([asdict(record) for record in records]))
        return
    for record in records:
        _show_fault(record)
    if not records:
        print("no faults")
    if clear:
        print(acknowledgement.NEXT)
    elif any(record.latched for record in records):
        print("to acknowledge: hold the pen's button for 1 to 3 s, or `penloop faults --clear`")


def _show_fault(record: FaultRecord) -> None:
    state = "latched" if record.latched else "past"
    when = f"{record.time_us / 1e6:.3f} s after power-up {record.boot_session}"
    print(f"{state}: {record.number} {record.name}, {when}")
    print(f"  cause: {record.cause}")
    print(f"  remedy: {record.remedy}")
