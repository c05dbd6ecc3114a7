"""A table of a page, each row with its name."""

from collections.abc import Sequence
from html import escape


def named_rows(heads: Sequence[str], rows: Sequence[Sequence[str]], style: str = "") -> str:
    """HTML of plain text; the first cell of a row is its name. `style` is a CSS class."""
    mark = f' class="{style}"' if style else ""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table{mark}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
