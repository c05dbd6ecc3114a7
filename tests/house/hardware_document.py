"""docs/hardware.md, its tables and its script, as the tests read them."""

import ast
import re
from itertools import takewhile
from pathlib import Path
from typing import Any

from penfw import settings
from pensim.plant import parameters
from tests.house.sources import PACKAGES, ROOT

DOCUMENT = ROOT / "docs" / "hardware.md"
NOT_PINS = ("TIMER_ID", "HARD_TIMER", "LINK_UART", "CARTRIDGE_I2C")


def section(title: str) -> str:
    """The text under a heading of the second level."""
    return DOCUMENT.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(text: str, first_column: str) -> list[dict[str, str]]:
    """Rows of the table whose first column has that heading, as {heading: cell}."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    rows = takewhile(lambda line: line.startswith("|"), lines[start:])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def wiring(board: str) -> dict[str, dict[str, str]]:
    """Rows of a board's wiring table by signal."""
    title = {"pico": "Wiring: Pico and Pico 2", "esp32": "Wiring: ESP32"}[board]
    rows = table(section(title), "signal")
    by_signal = {row["signal"].strip("`"): row for row in rows}
    assert len(by_signal) == len(rows), "a signal stands twice"
    return by_signal


def pins_of(pin_map: Any) -> dict[str, int]:
    """Pin number of each signal of a pin map."""
    names = [name for name in vars(pin_map) if name.isupper() and name not in NOT_PINS]
    return {name: getattr(pin_map, name) for name in names}


def pulls_of_the_firmware() -> dict[str, str]:
    """ "up" or "down" for each signal for which board.py switches a pull on."""
    source = (PACKAGES["penfw"] / "board.py").read_text()
    found = re.findall(r"Pin\(pins\.(\w+), Pin\.IN, Pin\.PULL_(\w+)\)", source)
    return {name: pull.lower() for name, pull in found}


def value_in_code(place: str) -> float:
    """What "`package/file.py` `NAME`" stands for: a constant, a setting's or a field's default."""
    file, name = re.findall(r"`([^`]+)`", place)
    package, _, inside = file.partition("/")
    if "." in name:
        assert file == "pensim/plant/parameters.py"
        return _field_default(*name.split("."))
    if file == "penfw/settings.py" and name.islower():
        return _setting_default(name)
    return _constant(PACKAGES[package] / inside, name)


def _setting_default(name: str) -> float:
    return settings.DEFAULTS[settings.index(name)]


def _field_default(part: str, field: str) -> float:
    return getattr(getattr(parameters, part)(), field)


def _constant(path: Path, name: str) -> float:
    """`NAME = 5`, `NAME = 30_000` or `NAME = const(5)` at a file's top."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            call = isinstance(node.value, ast.Call)
            return float(ast.literal_eval(node.value.args[0] if call else node.value))
    raise AssertionError(f"{path.name} has no {name}")


def script() -> bytes:
    """The script of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    return code.encode()


def number(text: str) -> float:
    """The first number of a text."""
    return float(re.findall(r"-?\d+(?:\.\d+)?", text)[0])
