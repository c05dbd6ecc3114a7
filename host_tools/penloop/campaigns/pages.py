"""The summary of a campaign as one HTML page that needs nothing else."""

from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from penloop import atomic_file
from penloop.campaigns import pictures
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.places import shown
from penloop.campaigns.statistics import Influence
from penloop.campaigns.summary import Summary, direction
from penloop.scenarios.pages import NOTICE, needs_plots


def write_page(summary: Summary, data: DataSet) -> Path:
    """Writes summary.html and summary.json beside the data; returns the page's path."""
    needs_plots()
    page = data.folder / "summary.html"
    atomic_file.write(data.folder / "summary.json", summary.json())
    atomic_file.write(page, page_of(summary, data))
    return page


def page_of(summary: Summary, data: DataSet) -> str:
    """The page's text."""
    campaign = summary.campaign
    css = files("penloop").joinpath("templates", "report.css").read_text()
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>penloop campaign: {escape(campaign.name)}</title><style>{css}{_CSS}</style></head>"
        f'<body><header><p class="over">penloop campaign, {escape(campaign.name)}</p>'
        f"<h1>{escape(campaign.about)}</h1>"
        f'<p class="lead">{escape(summary.headline())}.</p>{_tiles(summary)}'
        f'<p class="notice">{NOTICE}</p></header><main>{_sections(summary, data)}'
        f"</main></body></html>"
    )


def _tiles(summary: Summary) -> str:
    campaign, found, margin = summary.campaign, summary.failures, summary.spreads.get("margin")
    tiles = [
        ("cases", f"{found.cases:,}", campaign.plan.method),
        ("failed", f"{found.failed:,}", f"{found.errors:,} of them could not be run to their end"),
    ]
    if margin is not None:
        told = f"median {margin.median:+.3f}; 1 is a tolerance, 0 the edge"
        of = " of those that ran" if found.errors else ""
        tiles.append((f"smallest margin{of}", f"{margin.least:+.3f}", told))
    firmware = campaign.template.firmware_sha256[:12]
    tiles.append(("engine", campaign.template.engine, f"firmware {firmware}"))
    return '<div class="tiles">' + "".join(_tile(*one) for one in tiles) + "</div>"


def _tile(name: str, value: str, detail: str) -> str:
    return (
        f'<div class="tile"><span class="name">{escape(name)}</span><b>{escape(value)}</b>'
        f"<span>{escape(detail)}</span></div>"
    )


def _sections(summary: Summary, data: DataSet) -> str:
    return "".join(
        (
            _section("Worst cases", _worst(summary), _WORST),
            _section("The smallest margin over the sweep", pictures.sweep(summary, data), ""),
            _section("How the results are spread", pictures.histograms(summary, data), _SPREAD),
            _section("What the results hang on", pictures.sensitivity(summary), _SENSITIVITY),
            _section("What the smallest margin hangs on most", _margin(summary, data), _CLOUDS),
            _section("What varied", _varied(summary), ""),
        )
    )


_WORST = (
    "The command below runs one again, and writes its trace as a page and itself as a scenario."
)
_SPREAD = "Of margins, red is what does not hold."
_SENSITIVITY = (
    "Spearman's rank correlation: +1 where more of the variable always gives more of the result, -1"
    " where it gives less. Without a sign, for words and where the result rises and falls over"
    " the variable: the root of the share of its ranks that goes with it (Kruskal and Wallis)."
)
_CLOUDS = "A dot is a case, red where it fails."


def _section(title: str, body: str, text: str) -> str:
    if not body:
        return ""
    told = f"<p>{escape(text)}</p>" if text else ""
    return f'<section><h2>{escape(title)}</h2>{told}<div class="figure">{body}</div></section>'


def _margin(summary: Summary, data: DataSet) -> str:
    drawn = pictures.clouds(summary, data)
    rows = [_influence_row(one) for one in summary.influences.get("margin", [])]
    head = ("variable", "share of the margin's ranks", "more of it")
    return drawn + _table(head, rows) if rows else drawn


def _influence_row(one: Influence) -> list[str]:
    return [one.variable, f"{one.share:.1%}", direction(one)]


def _worst(summary: Summary) -> str:
    """A row a case, a column a variable; the strongest first, as there may be many."""
    known = [one.variable for one in summary.influences.get("margin", [])]
    columns = [variable.place.column for variable in summary.campaign.variables]
    columns.sort(key=lambda name: known.index(name) if name in known else len(known))
    rows = [
        [str(row["case"]), _margin_of(row), *(shown(row[name]) for name in columns)]
        for row in summary.worst
    ]
    command = summary.replay_command(summary.worst[0]["case"])
    return f"{_table(('case', 'margin', *columns), rows)}<p><code>{escape(command)}</code></p>"


def _margin_of(row: dict[str, Any]) -> str:
    return row["error"] or f"{row['margin']:+.3f}"


def _varied(summary: Summary) -> str:
    rows = [
        [v.place.column, v.distribution.told, shown(v.nominal) if v.nominal is not None else "-"]
        for v in summary.campaign.variables
    ]
    return _table(("variable", "spread", "in the scenario"), rows)


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    titles = "".join(f"<th>{_breakable(name)}</th>" for name in head)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: list[str]) -> str:
    first, *others = map(escape, row)
    return f"<th>{first}</th>" + "".join(f"<td>{text}</td>" for text in others)


def _breakable(name: str) -> str:
    """A long name may go on in the next line, after a dot or an underscore."""
    return escape(name).replace(".", ".<wbr>").replace("_", "_<wbr>")


_CSS = """
.figure svg { width: 100%; height: auto; }
tbody th { width: auto; white-space: nowrap; }
thead th { max-width: 11em; vertical-align: bottom; } td { font-variant-numeric: tabular-nums; }
.figure { overflow-x: auto; }
"""
