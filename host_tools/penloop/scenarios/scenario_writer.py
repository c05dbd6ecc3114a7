"""Scenario documents as TOML that people read: in the order in which docs/scenarios.md has them."""

from typing import Any

from penloop.errors import UserError
from penloop.scenarios.documents import Document

ORDER = ("about", "duration", "seed", "expect", "measure", "pen", "skin", "step", "fault", "link")
_FIRST = ("at", "after", "do", "part", "when")  # of a table


def toml_of(document: Document) -> str:
    """The document as TOML. Raises UserError where what writes it is not installed."""
    try:
        import tomli_w
    except ImportError:
        raise UserError(
            "writing a scenario needs tomli-w", "pip install 'penloop[campaign]'"
        ) from None
    keys = [key for key in ORDER if key in document]
    keys += [key for key in document if key not in ORDER]
    return tomli_w.dumps({key: _ordered(document[key]) for key in keys})


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = [key for key in _FIRST if key in value] + [key for key in value if key not in _FIRST]
    return {key: _ordered(value[key]) for key in keys}
