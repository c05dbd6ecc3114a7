"""Pictures for pages: matplotlib figures as SVG that stands within HTML."""

import io
import re
from typing import Any

_SURROUNDINGS = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>", re.DOTALL)


def svg(figure: Any) -> str:
    """The `<svg>` element of a figure; equal figures give equal texts."""
    from matplotlib import rc_context

    picture = io.StringIO()
    with rc_context({"svg.hashsalt": "penloop"}):
        figure.savefig(picture, format="svg", metadata={"Date": None})
    return _SURROUNDINGS.sub("", picture.getvalue())
