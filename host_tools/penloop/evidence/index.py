"""The index of the evidence: of every part that there is what its last result is of.

It is made from the parts' own JSON files, so that what another command has left there stands on it,
too: stale where the sources are others by now or where it is of a shorter form than the rest.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from penloop import atomic_file
from penloop.evidence import stamp
from penloop.evidence.report import mark, page
from penloop.evidence.section import Part
from penloop.evidence.sources import source_sha256
from penloop.evidence.stamp import FORMS, FULL, LONG, Stamp
from penloop.evidence.traceability.outcomes import Outcomes

MOST_MIN = 60  # that the evidence may take, the suite of tests with it
HEAD = ("part", "claims", "form", "ready", "took", "sources")


@dataclass(frozen=True)
class Row:
    """A line of the index.

    made: None where there is no result
    sources: the hash of the present ones
    told: its claims in a few words
    lost: what is not shown, or why it counts no more, a sentence each
    """

    title: str
    link: str
    made: Stamp | None
    sources: str
    told: str = "MISSING"
    lost: tuple[str, ...] = ()


def write_index(parts: Sequence[Part], suite: Outcomes | None, tree: str, folder: Path) -> Path:
    """Writes index.html from what is in the folder; returns its path.

    suite: the last whole run of the tests; tree: the hash of the sources that it hangs on
    """
    rows = [_row(part, folder) for part in parts]
    form = _form(rows)
    rows.append(_suite_row(suite, tree))
    now = hashlib.sha256("".join(row.sources for row in rows).encode()).hexdigest()
    seconds = sum(row.made.seconds for row in rows if row.made)
    body = (
        f"<section>{_time(rows)}<table class='index'><thead><tr>"
        f"{''.join(f'<th>{name}</th>' for name in HEAD)}</tr></thead>"
        f"<tbody>{''.join(_line(row, form) for row in rows)}</tbody></table></section>"
    )
    path = folder / "index.html"
    atomic_file.write(path, page("Evidence of safety", stamp.now(now, form, seconds), body))
    return path


def _row(part: Part, folder: Path) -> Row:
    sources = source_sha256(part)
    link = f"{part.name}.html"
    try:
        content = json.loads((folder / f"{part.name}.json").read_text())
        made, claims = stamp.of(content), content["claims"]
        lost = tuple(_lost(claims, content["long_run"]))
        told = f"{sum(claim['holds'] for claim in claims)} of {len(claims)} claims"
    except FileNotFoundError:
        return Row(part.title, "", None, sources)
    except (OSError, ValueError, KeyError, TypeError):
        return Row(part.title, link, None, sources, "STALE: it does not say what it is of")
    if content["long_run"]:
        told += f"; long run: {content['long_run']['told']}"
    if content.get("reused"):
        told += f"; {content['reused']}"
    return Row(part.title, link, made, sources, told, lost)


def _lost(claims: list[dict[str, Any]], long_run: dict[str, Any] | None) -> Iterator[str]:
    """What was not shown, now or by the long run."""
    for claim in claims:
        if not claim["holds"]:
            yield f"NOT SHOWN: {claim['text']} ({claim['shown_by']})"
    for claim in (long_run or {"claims": ()})["claims"]:
        if not claim["holds"]:
            yield f"NOT SHOWN on these sources: {claim['text']} ({claim['shown_by']})"


def _suite_row(suite: Outcomes | None, sources: str) -> Row:
    title, link = "The whole suite of tests", "traceability.html"
    if suite is None:
        return Row(title, link, None, sources)
    failed = [one.node_id for one in suite.tests if one.outcome == "failed"]
    told = f"{len(suite.tests) - len(failed):,} of {len(suite.tests):,} tests did not fail"
    return Row(title, link, suite.stamp, sources, told, tuple(f"FAILED: {one}" for one in failed))


def _form(rows: Sequence[Row]) -> str:
    """What all are to have: full, as soon as one has, as the long form is of few parts."""
    ranks = [FORMS.index(row.made.form) for row in rows if row.made]
    return FORMS[min(max(ranks, default=0), FORMS.index(FULL))]


def _stale(row: Row, form: str) -> Iterator[str]:
    """Why it counts no more."""
    if row.made is None:
        return
    if row.made.source_sha256 != row.sources:
        yield f"STALE: the sources are others now, {stamp.short(row.sources)}"
    if FORMS.index(row.made.form) < FORMS.index(form):
        yield f"STALE: of the {row.made.form} form, others are of the {form} one"


def _line(row: Row, form: str) -> str:
    wrong = [*_stale(row, form), *row.lost]
    title = escape(row.title)
    name = f'<a href="{row.link}">{title}</a>' if row.link else title
    listed = "".join(f"<li>{escape(one)}</li>" for one in wrong)
    told = escape(row.told) + (f"<ul>{listed}</ul>" if listed else "")
    cells = ("", "", "", "")
    if row.made:
        hashed = stamp.short(row.made.source_sha256)
        took = stamp.duration(row.made.seconds)
        cells = (row.made.form, stamp.when(row.made), took, f"<code>{hashed}</code>")
    columns = "".join(f"<td>{cell}</td>" for cell in cells)
    good = row.made is not None and not wrong
    return f"<tr{mark(good)}><th>{name}</th><td>{told}</td>{columns}</tr>"


def _time(rows: Sequence[Row]) -> str:
    """All that was done, but for long runs, against what it may take."""
    done = [row.made.seconds for row in rows if row.made and row.made.form != LONG]
    minutes = sum(done) / 60
    left_out = f"; without {len(rows) - len(done)} of {len(rows)}" if len(done) < len(rows) else ""
    told = (
        f"In all {minutes:.1f} min of at most {MOST_MIN} min, one after another, the whole suite "
        f"of tests with it{left_out}. Long runs count apart."
    )
    return f'<p class="notice{"" if minutes <= MOST_MIN else " bad"}">{told}</p>'
