"""Quantities with units as people write them: "3 cm/s", "150 ms", "0.2 mm"."""

import re

from pensim.errors import ScenarioError

UNITS = {
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0},
    "length": {"mm": 1e-3, "um": 1e-6, "cm": 1e-2, "m": 1.0},
    "speed": {"cm/s": 1e-2, "mm/s": 1e-3, "m/s": 1.0},
}
_FORM = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([A-Za-z/]+)\s*")


def quantity(text: object, kind: str, where: str) -> float:
    """SI value of `text`, a quantity of the `kind` time, length or speed.

    Raises ScenarioError that names `where` it stands and the units that fit.
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    units = UNITS[kind]
    if match is None or match.group(2) not in units:
        raise ScenarioError(
            f"{where}: {text!r} is not a {kind}; write a number and one of {', '.join(units)}, "
            f'such as "3 {next(iter(units))}"'
        )
    return float(match.group(1)) * units[match.group(2)]
