"""`penloop monitor`: signals of a pen as they are measured."""

import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from penfw.protocol import SIGNALS_MAX
from penhost import Gap, Pen, Reconnection
from penhost.description import named
from penhost.tables import Signal
from penhost.units import show
from penloop import completion
from penloop.connection import Port, Wait, period_ms, reconnecting, seconds
from penloop.errors import UserError

DEFAULT = "state,rate,current,position,battery,faults"

Signals = Annotated[
    str,
    typer.Option(
        "--signals", "-s", help="Names, separated by commas.", autocompletion=completion.signals
    ),
]
Rate = Annotated[str, typer.Option("--rate", "-r", help="Samples a second.")]
AsJsonLines = Annotated[
    bool, typer.Option("--json", help="JSON lines: one document a sample, values in raw units.")
]
Duration = Annotated[
    str, typer.Option("--for", help="How long: 5s. Else until Ctrl-C, which stops the pen.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("monitor")(monitor)


def monitor(
    port: Port = "",
    signals: Signals = DEFAULT,
    rate: Rate = "20",
    duration: Duration = "",
    wait: Wait = "60s",
    as_json: AsJsonLines = False,
) -> None:
    """Print signals of a pen as it sends them, a line a sample."""
    wait_ms, span_s = period_ms(rate), seconds(duration) if duration else None
    with reconnecting(port, wait) as steady:
        names = signal_names(signals)
        columns = None if as_json else Columns(steady.pen, names)
        show_line = columns or partial(_json_line, names)
        subscribe(steady, names, wait_ms)
        if columns:
            print(columns.head)
        missing = dropped = seen = 0
        for block, samples in samples_for(steady, span_s):
            missing += block.lost
            if block.gap:
                print(f"penloop: {_told(block.gap)}", file=sys.stderr)
                seen = 0
            dropped += block.dropped - seen
            seen = block.dropped
            for sample in samples:
                print(show_line(sample))
            sys.stdout.flush()
        if missing:
            told = f"{missing - dropped} samples lost on the way, {dropped} dropped by the pen"
            print(f"penloop: {told}", file=sys.stderr)


def subscribe(pen: Reconnection, names: Sequence[str], wait_ms: int) -> int:
    """Subscribes; returns the period that the pen has granted, and tells another than asked."""
    pen.subscribe(names, wait_ms)
    granted_ms = pen.pen.period_ms
    if granted_ms != wait_ms:
        asked = 1000 / wait_ms
        asked = round(asked) if abs(asked - round(asked)) < 0.01 * asked else asked  # of whole ms
        told = f"{1000 / granted_ms:.4g} samples a second, {asked:.4g} were asked"
        print(f"penloop: the pen sends {told}", file=sys.stderr)
    return granted_ms


def _told(gap: Gap) -> str:
    lasted = show(gap.end_us - gap.start_us, "us")
    restarted = ", the pen was restarted meanwhile" if gap.restarted else ""
    return f"{gap.cause}: {lasted} without samples, {gap.missing} are missing{restarted}"


def signal_names(text: str) -> list[str]:
    """Names of a list separated by commas. Raises UserError for none, and for too many."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError("no signals given", f"name some, such as {DEFAULT}")
    if len(names) > SIGNALS_MAX:
        raise UserError(f"{len(names)} signals", f"name at most {SIGNALS_MAX} at once")
    return names


def samples_for(pen: Pen | Reconnection, span_s: float | None) -> Iterator[tuple[Any, Any]]:
    """(block, its samples of the first `span_s` seconds of device time), as they come."""
    end_us = None
    for block in pen.blocks():
        times = block.samples["time_us"]
        if span_s is not None and end_us is None:
            end_us = times[0] + span_s * 1e6
        yield block, block.samples if end_us is None else block.samples[times < end_us]
        if end_us is not None and times[-1] + block.period_us >= end_us:
            return


def _json_line(names: Sequence[str], sample: Any) -> str:
    return json.dumps({name: int(sample[name]) for name in ("time_us", *names)})


class Columns:
    """Formats samples as columns, below `head`; names states and faults."""

    def __init__(self, pen: Pen, names: Sequence[str]) -> None:
        self._signals = named(pen.signals, "signal", names)
        self._states = pen.states
        self._faults = {number: fault.name for number, fault in pen.fault_table.items()}
        widest = [show(-1_234_567, one.unit) for one in self._signals]
        self._widths = [max(len(s.name), len(text), 9) for s, text in zip(self._signals, widest)]
        heads = [f"{s.name:>{width}}" for s, width in zip(self._signals, self._widths)]
        self.head = f"{'time s':>10}  " + "  ".join(heads)

    def __call__(self, sample: Any) -> str:
        """One line."""
        cells = [
            f"{self._text(signal, int(sample[signal.name])):>{width}}"
            for signal, width in zip(self._signals, self._widths)
        ]
        return f"{int(sample['time_us']) / 1e6:10.3f}  " + "  ".join(cells)

    def _text(self, signal: Signal, value: int) -> str:
        if signal.name == "state" and value < len(self._states):
            return self._states[value]
        if signal.name == "faults":
            return "+".join(self._bits(value)) or "-"
        return show(value, signal.unit)

    def _bits(self, word: int) -> list[str]:
        return [self._faults.get(n, f"fault {n}") for n in range(32) if word >> n & 1]
