"""The control interrupt's own constants agree with the tables that they stand for."""

import ast
import re
from pathlib import Path

import pytest

from penfw import faults, signals, states

FIRMWARE = Path(signals.__file__).parent
INTERRUPT = (
    "control_setup.py", "control_state.py", "control.py", "rate.py", "parking.py", "proof.py",
    "axis.py", "watch.py",
)  # fmt: skip


def constants(name):
    """Value of every `X = const(...)` of a file."""
    found = {}
    for line in (FIRMWARE / name).read_text().splitlines():
        match = re.match(r"(\w+) = const\((.*?)\)(  #.*)?$", line)
        if match:
            code = compile(ast.parse(match.group(2), mode="eval"), name, "eval")
            found[match.group(1)] = eval(code, {"__builtins__": {}})
    return found


def expected():
    """What a name has to be, by the tables."""
    names = {"_" + row[0].upper(): number for number, row in enumerate(signals.SIGNALS)}
    for row in faults.FAULTS:
        constant = next(k for k, v in vars(faults).items() if k.isupper() and v is row[0] and k)
        names["_F_" + constant] = 1 << row[0]
    for name in ("IN_BUTTON", "IN_CARTRIDGE", "IN_USB", "IN_TOP"):
        names["_" + name] = getattr(signals, name)
    return names


SHARED = ("_STATE", "_FAULTS", "_CONDITIONS")


@pytest.mark.parametrize("name", INTERRUPT)
def test_signal_and_fault_numbers_agree_with_their_tables(name):
    by_name = expected()
    checked = 0
    for constant, value in constants(name).items():
        if constant in by_name and not constant.startswith(("_SELF", "_STOP")):
            assert value == by_name[constant], constant
            checked += 1
    assert checked or name in ("axis.py", "parking.py", "control_state.py", "control_setup.py")


@pytest.mark.parametrize("name", INTERRUPT)
def test_states_and_conditions_agree_with_their_tables(name):
    values = constants(name)
    for state, label in enumerate(states.STATES):
        if label != "FAULT" and "_" + label in values:
            assert values["_" + label] == state
    for label in states.CONDITIONS:
        if "_" + label in values:
            assert values["_" + label] == getattr(states, label)
    if "_POWERED" in values:
        assert values["_POWERED"] == states.POWERED


@pytest.mark.parametrize("name", INTERRUPT)
def test_a_constant_means_the_same_in_every_file_of_the_interrupt(name):
    values = constants(name)
    for other in INTERRUPT:
        for constant, value in constants(other).items():
            if constant in values:
                assert values[constant] == value, f"{constant} in {name} and {other}"


def test_the_signal_array_has_a_word_for_every_signal():
    assert len(signals.values) == len(signals.SIGNALS)
    assert [signals.index(row[0]) for row in signals.SIGNALS] == list(range(len(signals.SIGNALS)))
