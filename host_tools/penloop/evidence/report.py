"""The report of the evidence: a page for each part, and the same for scripts; each is stamped."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from importlib.resources import files
from pathlib import Path

from penloop import atomic_file
from penloop.evidence import stamp
from penloop.evidence.section import Claim, LongRun, Part, Section
from penloop.evidence.stamp import Stamp


def write_part(part: Part, section: Section, made: Stamp, folder: Path) -> Path:
    """Writes NAME.html and NAME.json of one part; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "part": part.name,
        "stamp": stamp.told(made),
        "holds": section.holds,
        "claims": [asdict(claim) for claim in section.claims],
        "long_run": section.long_run and asdict(section.long_run),
        "reused": section.reused,
        "data": section.data,
    }
    atomic_file.write(folder / f"{part.name}.json", json.dumps(told, indent=2))
    reused = f'<p class="notice">{escape(section.reused)}</p>' if section.reused else ""
    body = (
        f"{_long_run(section.long_run)}<section>{reused}{claims(section.claims)}</section>"
        f"{section.body}"
    )
    path = folder / f"{part.name}.html"
    atomic_file.write(path, page(part.title, made, body))
    return path


def _long_run(long_run: LongRun | None) -> str:
    """What the page says first of a part that has a long form."""
    if long_run is None:
        return ""
    told = f"The long run: {escape(long_run.told)}."
    if long_run.holds:
        return f'<p class="notice">{told}</p>'
    lost = [claim for claim in long_run.claims if not claim.holds]
    return f'<p class="notice bad"><b>STALE OR INCOMPLETE.</b> {told}</p>{claims(lost)}'


def claims(found: Iterable[Claim]) -> str:
    """A table of them; red what was not shown."""
    head = "<thead><tr><th>claim</th><th>shown by</th><th>requirement</th></tr></thead>"
    return f"<table>{head}<tbody>{''.join(map(_claim_row, found))}</tbody></table>"


def _claim_row(claim: Claim) -> str:
    word = "" if claim.holds else "<b>NOT SHOWN</b> "
    return (
        f"<tr{mark(claim.holds)}><th>{word}{escape(claim.text)}</th>"
        f"<td>{escape(claim.shown_by)}</td><td>{escape(claim.requirement)}</td></tr>"
    )


def mark(good: bool) -> str:
    """Of a row: red where it is not good."""
    return "" if good else ' class="failed"'


def page(title: str, made: Stamp, body: str) -> str:
    """A whole page with its stamp."""
    css = files("penloop").joinpath("templates", "report.css").read_text()
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>penloop: {escape(title)}</title><style>{css}{_CSS}</style></head>"
        f'<body><header><p class="over">penloop evidence</p><h1>{escape(title)}</h1>'
        f"{stamp.html(made)}</header><main>{body}</main></body></html>"
    )


_CSS = """
tr.failed th, tr.failed td, tr.failed a { color: #c81e2b; } tbody th { width: 45%; }
.notice.bad { border-color: #c81e2b; background: #fdf0f0; color: #a01622; }
.stamp { margin: 10px 0 0; max-width: none; font-size: 13.5px; color: var(--muted); }
.index tbody th { width: 24%; }
.index td + td { min-width: 92px; } .index ul { margin: 0; padding-left: 18px; }
.figure svg { width: 100%; height: auto; }
"""
