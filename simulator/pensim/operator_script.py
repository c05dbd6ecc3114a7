"""Operator scripts: TOML files that say what the person at the pen does, and when.

[[step]]
at = "0.2 s"             # or: after = "50 ms", counted from the step before
do = "insert_cartridge"
kind = "12 needles"
"""

import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from pensim.cartridge import STROKES_ALLOWED
from pensim.errors import ScenarioError
from pensim.operator import Operator
from pensim.quantities import quantity


@dataclass(frozen=True)
class Step:
    """One action at a time of the script, seconds since the bench began."""

    time_s: float
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class _Action:
    """How a `do` is carried out, and which keys it takes: name -> kind of quantity or type."""

    run: Callable[..., Any]
    keys: dict[str, Any]


def _treat(operator: Operator, zone: str, speed: float = 0.03, rows: int = 3) -> None:
    operator.process(operator.treat(zone, speed * 100.0, rows))


def _insert_cartridge(
    operator: Operator,
    kind: str = "12 needles",
    max_depth: float = 2.5e-3,
    test: bool = False,
    damaged: bool = False,
    strokes: int = STROKES_ALLOWED,
) -> None:
    operator.insert_new(kind, round(max_depth * 1e6), test, damaged, strokes)


ACTIONS: dict[str, _Action] = {
    "press": _Action(lambda operator: operator.press(), {}),
    "release": _Action(lambda operator: operator.release(), {}),
    "click": _Action(lambda operator, hold=0.15: operator.click(hold), {"hold": "time"}),
    "hold": _Action(lambda operator, hold=3.5: operator.click(hold), {"hold": "time"}),
    "insert_cartridge": _Action(
        _insert_cartridge,
        {"kind": str, "max_depth": "length", "test": bool, "damaged": bool, "strokes": int},
    ),
    "remove_cartridge": _Action(lambda operator: operator.remove_cartridge(), {}),
    "insert_it_again": _Action(lambda operator: operator.insert_it_again(), {}),
    "power_cycle": _Action(lambda operator: operator.power_cycle(), {}),
    "turn_shaft": _Action(lambda operator, turns=1: operator.turn_shaft(turns), {"turns": int}),
    "usb_power": _Action(lambda operator, on=True: operator.usb_power(on), {"on": bool}),
    "touch": _Action(
        lambda operator, zone, standoff=0.0: operator.touch(zone, standoff * 1e3),
        {"zone": str, "standoff": "length"},
    ),
    "lift": _Action(lambda operator: operator.lift(), {}),
    "glide": _Action(lambda operator, speed: operator.glide(speed * 100.0), {"speed": "speed"}),
    "treat": _Action(_treat, {"zone": str, "speed": "speed", "rows": int}),
    "hazard": _Action(
        lambda operator, name, on=True: operator.hazard(name, on), {"name": str, "on": bool}
    ),
}


def load_script(path: Path) -> list[Step]:
    """Reads a script. Raises ScenarioError naming the file, the step and the remedy."""
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise ScenarioError(
            f"cannot read the operator's script {path} ({error.strerror}): give a file that is "
            "there"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from None
    steps = document.pop("step", None)
    if not isinstance(steps, list) or document:
        raise ScenarioError(f"{path}: expected [[step]] tables and nothing else")
    return steps_of(steps, f"{path} step")


def steps_of(tables: list[dict[str, Any]], where: str) -> list[Step]:
    """The steps of [[step]] tables. Raises ScenarioError."""
    script: list[Step] = []
    for number, table in enumerate(tables, 1):
        script.append(_step(dict(table), f"{where} {number}", script))
    return script


def _step(table: dict[str, Any], where: str, before: list[Step]) -> Step:
    name = table.pop("do", None)
    if name not in ACTIONS:
        raise ScenarioError(f"{where}: do = {name!r}; choose {', '.join(ACTIONS)}")
    if ("at" in table) == ("after" in table):
        raise ScenarioError(f'{where}: give either at = "1 s" or after = "50 ms"')
    if "at" in table:
        time_s = quantity(table.pop("at"), "time", f"{where} at")
    else:
        start_s = before[-1].time_s if before else 0.0
        time_s = start_s + quantity(table.pop("after"), "time", f"{where} after")
    keys = ACTIONS[name].keys
    arguments = {}
    for key, value in table.items():
        if key not in keys:
            raise ScenarioError(
                f"{where}: {name} takes no {key!r}; use {', '.join(keys) or 'none'}"
            )
        arguments[key] = _argument(value, keys[key], f"{where} {key}")
    missing = [key for key in required_keys(name) if key not in arguments]
    if missing:
        raise ScenarioError(f"{where}: {name} needs {', '.join(missing)}; add it")
    return Step(time_s, name, arguments)


@lru_cache
def required_keys(name: str) -> tuple[str, ...]:
    """The keys that an action cannot do without."""
    _operator, *parameters = signature(ACTIONS[name].run).parameters.values()
    return tuple(item.name for item in parameters if item.default is Parameter.empty)


def _argument(value: Any, kind: Any, where: str) -> Any:
    if isinstance(kind, str):
        return quantity(value, kind, where)
    if not isinstance(value, kind):
        raise ScenarioError(f"{where}: {value!r} is not a {kind.__name__}")
    return value


def perform(operator: Operator, line: str) -> None:
    """Does one action now: `touch zone=cheek standoff=0.1mm`, `insert_cartridge kind="1 needle"`.

    Raises ScenarioError.
    """
    words = shlex.shlex(line, posix=True, punctuation_chars=False)
    words.whitespace_split, words.escape, words.commenters = True, "", ""
    try:
        name, *pairs = [*words] or [""]
    except ValueError:
        raise ScenarioError(f"{line!r} lacks a quotation mark: add it") from None
    table: dict[str, Any] = {"do": name, "after": "0 s"}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign:
            raise ScenarioError(
                f"{pair!r} is no argument: write NAME=VALUE, such as zone=cheek, and put blanks in"
                ' quotation marks, such as kind="1 needle"'
            )
        table[key] = _WORDS.get(text, int(text) if text.isdecimal() else text)
    _bound(operator, _step(table, repr(line), []))()


_WORDS: dict[str, Any] = {"true": True, "false": False}


def run_script(operator: Operator, script: list[Step]) -> None:
    """Puts all steps on the clock."""
    for step in script:
        operator.at(step.time_s, _bound(operator, step))


def _bound(operator: Operator, step: Step) -> Callable[[], None]:
    def act() -> None:
        ACTIONS[step.name].run(operator, **step.arguments)

    return act
