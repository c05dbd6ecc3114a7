"""`penloop blackbox`: the faults that a pen has recorded, with the signals before them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from penhost import Pen
from penhost.records import BlackBoxRecord
from penhost.units import show
from penloop.connection import AsJson, Port, connected
from penloop.errors import UserError
from penloop.output_file import Force, check_new

SHOWN = ("state", "rate", "duty", "current", "battery", "depth")  # of the row before the fault


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("blackbox")(blackbox)


def blackbox(
    port: Port = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write a record there, a .parquet file."),
    ] = None,
    record: Annotated[
        int, typer.Option("--record", help="Only this one; the newest is written by default.")
    ] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show the faults that a pen has recorded, with settings, cartridge and the signals before."""
    if out is not None:
        check_new(out, force, (".parquet",))
    with connected(port) as pen:
        records = pen.blackbox()
        if out is not None or record:
            chosen = _chosen(records, record)
        if out is not None:
            write(out, pen, chosen)
        if record:
            records = [chosen]
        states = pen.states
        units = {name: signal.unit for name, signal in pen.signals.items()}
    if as_json:
        print(json.dumps([_document(one) for one in records]))
        return
    for one in records:
        _show(one, states, units)
    if not records:
        print("no faults have been recorded")
    if out is not None:
        print(f"record {chosen.sequence} in {out}")


def _chosen(records: list[BlackBoxRecord], number: int) -> BlackBoxRecord:
    if not records:
        raise UserError("this pen has recorded no fault", "leave --out and --record away")
    for one in records:
        if number in (0, one.sequence):
            return one
    there = ", ".join(str(one.sequence) for one in records)
    raise UserError(f"no record {number}", f"it has {there}")


def _show(one: BlackBoxRecord, states: list[str], units: dict[str, str]) -> None:
    when = f"{one.time_us / 1e6:.3f} s after power-up {one.boot_session}"
    print(f"record {one.sequence}: {one.name}, {when}")
    print(f"  latched: {', '.join(one.faults)}")
    print(f"  firmware: {one.firmware_version}, {one.firmware_hash}")
    use = one.cartridge
    if use.serial:
        used = f"{use.strokes_used} of {use.strokes_allowed} strokes used"
        print(f"  cartridge: {use.serial}, {use.needles} needles, {used}")
    if one.signals_missing:
        stored = f"last stored state: {one.stored_state or 'unknown'}"
        print(f"  signals are missing: the processor was reset; {stored}")
        return
    rows = one.rows
    if len(rows):
        span_ms = [(rows["time_us"][at] - one.time_us) // 1000 for at in (0, -1)]
        print(f"  signals: {len(rows)} rows from {span_ms[0]} ms to {span_ms[1]} ms")
        print(f"  {_before_fault(one, states, units)}")


def _before_fault(one: BlackBoxRecord, states: list[str], units: dict[str, str]) -> str:
    """Time and values of the last row before the fault: in the one at its time, of the pass that
    saw it, the control interrupt has braked already."""
    before = one.rows[one.rows["time_us"] < one.time_us]
    row = before[-1] if len(before) else one.rows[0]
    words = [states[row["state"]]]
    words += [f"{name} {show(int(row[name]), units.get(name, ''))}" for name in SHOWN[1:]]
    return f"at {(row['time_us'] - one.time_us) // 1000} ms: {', '.join(words)}"


def _document(one: BlackBoxRecord) -> dict[str, Any]:
    """A record as JSON holds it; settings in raw units."""
    rows = {name: one.rows[name].tolist() for name in _columns(one)}
    settings = {name: value.value for name, value in one.settings.items()}
    plain = {name: value for name, value in vars(one).items() if name != "cartridge"}
    return {**plain, "cartridge": asdict(one.cartridge), "settings": settings, "rows": rows}


def write(path: Path, pen: Pen, one: BlackBoxRecord) -> None:
    """Columns as in a recording, `pen.rate` and so on; the rest of the record as metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    document = {name: value for name, value in _document(one).items() if name != "rows"}
    environment = {
        "pen": asdict(pen.info), "blackbox": document, "settings": document["settings"],
        "trigger": f"fault: {one.name}", "trigger_us": one.time_us,
    }  # fmt: skip
    names = _columns(one)[1:]
    units = {name: pen.signals[name].unit for name in names if name in pen.signals}
    fields = [_field("time", "us"), *(_field(f"pen.{name}", units.get(name, "")) for name in names)]
    columns = [pa.array(one.rows[name], pa.int64()) for name in _columns(one)]
    metadata = {"reproduce": json.dumps({}), "environment": json.dumps(environment)}
    pq.write_table(pa.table(columns, schema=pa.schema(fields, metadata)), path, compression="zstd")


def _columns(one: BlackBoxRecord) -> tuple[str, ...]:
    return one.rows.dtype.names or ()


def _field(name: str, unit: str) -> Any:
    import pyarrow as pa

    return pa.field(name, pa.int64(), metadata={"unit": unit})
