"""The report of the evidence: a page for each part, an index, and the same for scripts."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from importlib.resources import files
from pathlib import Path

from penloop.evidence.section import Claim, Part, Section
from penloop.scenarios.pages import NOTICE


def write_part(part: Part, section: Section, folder: Path) -> Path:
    """Writes NAME.html and NAME.json of one part; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "part": part.name,
        "holds": section.holds,
        "claims": [asdict(claim) for claim in section.claims],
        "data": section.data,
    }
    _write(folder / f"{part.name}.json", json.dumps(told, indent=2))
    page = folder / f"{part.name}.html"
    body = f"<section>{_claims(section)}</section>{section.body}"
    _write(page, _page(part.title, body))
    return page


def write_index(sections: Mapping[Part, Section], folder: Path) -> Path:
    """Writes index.html, from which every part is reached; returns its path."""
    rows = "".join(
        f'<tr{_mark(section.holds)}><th><a href="{part.name}.html">{escape(part.title)}</a></th>'
        f"<td>{sum(claim.holds for claim in section.claims)} of {len(section.claims)} claims"
        f"</td></tr>"
        for part, section in sections.items()
    )
    body = f"<section><table><tbody>{rows}</tbody></table></section>"
    page = folder / "index.html"
    _write(page, _page("Evidence of safety", body))
    return page


def _claims(section: Section) -> str:
    head = "<thead><tr><th>claim</th><th>shown by</th><th>requirement</th></tr></thead>"
    rows = "".join(_claim_row(claim) for claim in section.claims)
    return f"<table>{head}<tbody>{rows}</tbody></table>"


def _claim_row(claim: Claim) -> str:
    word = "" if claim.holds else "<b>NOT SHOWN</b> "
    return (
        f"<tr{_mark(claim.holds)}><th>{word}{escape(claim.text)}</th>"
        f"<td>{escape(claim.shown_by)}</td><td>{escape(claim.requirement)}</td></tr>"
    )


def _mark(holds: bool) -> str:
    return "" if holds else ' class="failed"'


def _page(title: str, body: str) -> str:
    css = files("penloop").joinpath("templates", "report.css").read_text()
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>penloop: {escape(title)}</title><style>{css}{_CSS}</style></head>"
        f'<body><header><p class="over">penloop evidence</p><h1>{escape(title)}</h1>'
        f'<p class="notice">{NOTICE}</p></header><main>{body}</main></body></html>'
    )


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(path.name + ".writing")
    scratch.write_text(text)
    os.replace(scratch, path)


_CSS = """
tr.failed th, tr.failed td { color: #c81e2b; } tbody th { width: 45%; }
.figure svg { width: 100%; height: auto; }
"""
