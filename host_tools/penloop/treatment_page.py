"""A pen's treatments as a page to print: one HTML file with everything in it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from importlib.resources import files

from penhost.records import Spent
from penhost.tables import Identity
from penhost.units import show
from penloop.treatments import Treatment, duration, lasting, reached

BLANKS = ("patient", "region", "practitioner")  # to be filled in by hand


def page(pen: Identity, treatments: Sequence[Treatment], printed: datetime) -> str:
    """The page, the newest treatment first."""
    css = files("penloop").joinpath("templates", "report.css").read_text("utf-8")
    cards = "".join(map(_card, treatments)) or "<section><p>No treatments.</p></section>"
    made = f"{printed.astimezone():%Y-%m-%d %H:%M}"
    who = f"Pen {pen.pen_id}, firmware {pen.firmware_version}; read at {made}."
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Treatments with pen {escape(pen.pen_id)}</title><style>{css}{_CSS}</style></head>"
        '<body><header><p class="over">penloop sessions</p><h1>Treatments</h1>'
        f'<p class="lead">{escape(who)}</p><div class="tiles">{_tiles(treatments)}</div></header>'
        f'<main>{cards}<p class="foot">As the pen has recorded it: depth and rate are those that '
        "were set. Patient and region are not known to the pen.</p></main></body></html>\n"
    )


def _tiles(treatments: Sequence[Treatment]) -> str:
    total = {
        "treatments": str(len(treatments)),
        "time": duration(sum(one.record.duration_ms for one in treatments)),
        "strokes": f"{sum(one.record.strokes for one in treatments):,}",
        "cartridges": str(len({one.record.cartridge_serial for one in treatments})),
    }
    return "".join(
        f'<div class="tile"><span class="name">{name}</span><b>{escape(text)}</b></div>'
        for name, text in total.items()
    )


def _card(one: Treatment) -> str:
    record = one.record
    rows = {
        "duration": duration(record.duration_ms),
        "strokes": f"{record.strokes:,}",
        "cartridge": f"serial {record.cartridge_serial}",
        "deepest setting": reached(record),
        "ended by a fault": ", ".join(record.faults) or "no",
    }
    facts = "".join(
        f'<tr><th scope="row">{name}</th><td>{escape(text)}</td></tr>'
        for name, text in rows.items()
    )
    blanks = "".join(f"<span>{name}<i></i></span>" for name in BLANKS)
    return (
        f"<section><h2>{escape(one.when())}</h2><div class='split'><table><tbody>{facts}</tbody>"
        f"</table>{_depths(lasting(record))}</div><p class='blanks'>{blanks}</p></section>"
    )


def _depths(spent: Sequence[Spent]) -> str:
    """A bar for the time at each depth and rate."""
    longest = max((one.time_ms for one in spent), default=1)
    rows = "".join(
        f"<tr><td>{escape(show(one.depth_um, 'um'))}</td>"
        f"<td>{escape(show(one.rate_mHz, 'mHz'))}</td>"
        f"<td class='bar'><i style='width:{100 * one.time_ms / longest:.1f}%'></i></td>"
        f"<td>{escape(duration(one.time_ms))}</td></tr>"
        for one in sorted(spent, key=lambda one: (one.depth_um, one.rate_mHz))
    )
    head = "<tr><th>depth</th><th>rate</th><th colspan='2'>for</th></tr>"
    return f"<table class='depths'><thead>{head}</thead><tbody>{rows}</tbody></table>"


_CSS = """
.split { align-items: start; }
section { border-top: 2px solid var(--line); padding-top: 18px; margin-top: 28px;
  break-inside: avoid; }
.depths td { vertical-align: middle; white-space: nowrap; font-variant-numeric: tabular-nums; }
.depths .bar { width: 60%; } .depths .bar i { display: block; height: 12px; border-radius: 3px;
  background: var(--accent); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.blanks { display: flex; gap: 24px; max-width: none; margin: 18px 0 0; font-size: 14px; }
.blanks span { flex: 1; display: flex; gap: 8px; color: var(--muted); }
.blanks i { flex: 1; border-bottom: 1px solid var(--muted); }
.foot { margin-top: 36px; color: var(--muted); font-size: 14px; }
tbody th { width: 40%; }
@page { margin: 16mm; }
@media print { body { font-size: 11pt; } header, main { max-width: none; padding: 0; }
  .tile { border: 1px solid var(--line); } }
@media (max-width: 760px) { .blanks { flex-direction: column; }
  .depths tr { display: grid; grid-template-columns: 1fr 1fr 2fr 1fr; gap: 8px; }
  .depths .bar { width: auto; align-self: center; } }
"""
