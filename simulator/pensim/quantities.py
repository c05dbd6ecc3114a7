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


# Units of a parameter by the end of its name, the longest that fits: each in SI.
NAMED_UNITS = {
    "_ohm": {"ohm": 1.0, "mohm": 1e-3},
    "_h": {"H": 1.0, "uH": 1e-6},
    "_nm_per_a": {"Nm/A": 1.0, "mNm/A": 1e-3},
    "_kg_m2": {"kgm2": 1.0, "gcm2": 1e-7},
    "_nm": {"Nm": 1.0, "mNm": 1e-3, "uNm": 1e-6},
    "_nm_s": {"Nms": 1.0, "nNms": 1e-9},
    "_k_per_w": {"K/W": 1.0},
    "_per_k": {"1/K": 1.0},
    "_s": UNITS["time"],
    "_m": UNITS["length"],
    "_kg": {"kg": 1.0, "g": 1e-3},
    "_n": {"N": 1.0, "mN": 1e-3},
    "_n_per_m": {"N/m": 1.0, "N/mm": 1e3},
    "_ns_per_m": {"Ns/m": 1.0, "Ns/mm": 1e3},
    "_s_per_m": {"s/m": 1.0},
    "_c": {"degC": 1.0},
    "capacity_c": {"C": 1.0, "mAh": 3.6},
    "_a": {"A": 1.0, "mA": 1e-3},
    "_v": {"V": 1.0, "mV": 1e-3},
    "_v_per_a": {"V/A": 1.0},
    "_v_per_m": {"V/m": 1.0},
    "_hz": {"Hz": 1.0, "kHz": 1e3},
    "_deg": {"deg": 1.0},
}
_WITH_UNIT = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(\S+)\s*")


def in_unit_of(name: str, text: str, where: str) -> float:
    """Value of a text with its unit, such as "1230 mohm", in the unit that ends the parameter's
    name, `resistance_ohm`.

    Raises ScenarioError that names `where` it stands and the units that fit.
    """
    ends = [end for end in NAMED_UNITS if name.endswith(end)]
    if not ends:
        raise ScenarioError(f"{where}: {text!r} is not a number, and it has no unit: write digits")
    units = NAMED_UNITS[max(ends, key=len)]
    match = _WITH_UNIT.fullmatch(text)
    if match is None or match[2] not in units:
        raise ScenarioError(
            f"{where}: {text!r} has no unit that fits: write a number and {' or '.join(units)}"
        )
    return float(match[1]) * units[match[2]]
