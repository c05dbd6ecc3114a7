"""The formats of pictures, by the suffix of a file."""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from penloop.errors import UserError
from penloop.recordings.picture import Picture, Table

KINDS = (".png", ".svg", ".html")


def write_picture(
    picture: Picture,
    path: Path,
    about: Sequence[str] = (),
    above: Sequence[Table] = (),
    below: Sequence[Table] = (),
) -> None:
    """Writes a picture; a page also shows the lines of `about`, and tables.

    The file is there whole or not at all. Raises UserError where the drawing library is missing.
    """
    needs = "plotly" if path.suffix.lower() == ".html" else "matplotlib"
    if find_spec(needs) is None:
        raise UserError(f"a {path.suffix} picture needs {needs}", "pip install 'penloop[report]'")
    fresh = path.with_name(path.name + ".part")
    kind = path.suffix.lower().removeprefix(".")
    try:
        if kind == "html":
            from penloop.recordings.page import write_page

            write_page(picture, fresh, about, above, below)
        else:
            from penloop.recordings.drawing import draw

            draw(picture, fresh, kind, about[0] if len(about) == 1 else "")
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
