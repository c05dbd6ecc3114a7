"""The name of the port that a pen was opened on, also where it was found by itself."""

from typing import Any

_ATTRIBUTE = "port_name"  # which a pen's wrappers hand on as any other


def keep(pen: Any, name: str) -> None:
    """Remembers it with the pen."""
    setattr(pen, _ATTRIBUTE, name)


def of(pen: Any) -> str:
    """What was kept; "" where nobody did."""
    return str(getattr(pen, _ATTRIBUTE, ""))
