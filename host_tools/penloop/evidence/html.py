"""Pieces of the evidence's pages."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Of plain text."""
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def section(title: str, text: str, body: str) -> str:
    """A heading, a paragraph, and a picture or table (HTML)."""
    told = f"<p>{escape(text)}</p>" if text else ""
    return f'<section><h2>{escape(title)}</h2>{told}<div class="figure">{body}</div></section>'


def age(ended: str) -> str:
    """When something was done (ISO 8601), and how long ago that is."""
    then = datetime.fromisoformat(ended)
    hours = (datetime.now(UTC) - then).total_seconds() / 3600
    ago = f"{hours:.1f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"
    return f"{then:%Y-%m-%d %H:%M} UTC, {ago}"
