"""The library of scenarios: every file holds, and every fault that the firmware knows has one."""

from pathlib import Path

import numpy as np
import pytest

from penloop.scenarios.execution import make_bench, play, run
from penloop.scenarios.scenario_reader import load
from penloop.scenarios.vocabulary import FAULTS, STILL_MHZ
from tests.system.board_line import with_changes
from tests.verification import verified

LIBRARY = Path(__file__).parents[2] / "examples" / "scenarios"
FILES = sorted(LIBRARY.glob("*.pen.toml"))
WITHOUT_A_FILE = {"internal error"}  # a word of memory that is lost needs another firmware


NAMES = [path.name.removesuffix(".pen.toml") for path in FILES]


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, id=n, marks=verified(scenario=n)) for n, p in zip(NAMES, FILES)],
)
def test_every_scenario_holds(path):
    outcome = run(load(path))
    assert outcome.passed, outcome.error or [str(v) for v in outcome.verdicts if not v.holds]


@pytest.mark.verifies("R-803")
@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_flash_is_written_while_the_motor_turns(path):
    """Or might be driven: once both paths have been off for 2 s, a motor that turns is dead."""
    scenario = load(path)
    with make_bench(scenario, "cpython", scenario.seed) as bench:
        play(scenario, bench)
        trace, written_us = bench.trace(), bench.board.files.moments_us
    given_up = np.flatnonzero(trace["pen.duty"] > 0)
    off_us = trace.time_us[given_up[-1]] + 2_000_000 if len(given_up) else 0
    for moment_us in written_us:
        row = min(np.searchsorted(trace.time_us, moment_us), len(trace) - 1)
        still = abs(trace["plant.rate"][row]) < STILL_MHZ and trace["pen.duty"][row] == 0
        assert still or moment_us > off_us, f"at {moment_us / 1e6:.3f} s"


def test_a_window_that_does_not_wait_for_standstill_is_found():
    firmware = with_changes(
        {
            "flash_window": (
                "FAULT and control.state_ms > OFF_MS",
                "RUNNING and control.state_ms > 300",
            ),
            "pen": (
                "control.state in (states.RUNNING, states.PARKING) or control.law != LAW_OFF",
                "False",
            ),
        }
    )
    scenario = load(LIBRARY / "treatment.pen.toml")
    with make_bench(scenario, "cpython", 0, firmware) as bench:
        play(scenario, bench)
        trace, written_us = bench.trace(), bench.board.files.moments_us
    rates = trace["plant.rate"][np.searchsorted(trace.time_us, written_us).clip(0, len(trace) - 1)]
    assert np.any(np.abs(rates) > STILL_MHZ)


def test_there_are_at_least_forty_and_each_tells_what_it_is():
    scenarios = [load(path) for path in FILES]
    assert len(scenarios) >= 40
    abouts = [scenario.about for scenario in scenarios]
    assert len(set(abouts)) == len(abouts)
    assert all(len(scenario.expectations) >= 2 for scenario in scenarios)


def test_the_readme_names_each_with_its_sentence():
    text = (LIBRARY / "README.md").read_text()
    rows = [f"| [{load(p).name}]({p.name}) | {load(p).about} |" for p in FILES]
    assert [row for row in rows if row not in text] == []


def test_every_fault_that_the_firmware_knows_has_a_file_that_expects_it():
    texts = " ".join(e.text for path in FILES for e in load(path).expectations)
    missing = {name for name in FAULTS if f"fault {name}" not in texts}
    assert missing == WITHOUT_A_FILE


@pytest.mark.parametrize(
    ("name", "module", "old", "new"),
    [
        ("usb_no_start", "treatment", "& IN_USB:", "& 0:"),
        ("cartridge_limits_depth", "pen", "self.cartridge.max_depth_um)", "0)"),
        (
            "too_deep_is_refused",
            "transaction",
            "proposed[_DEPTH] > ceiling_um",
            "proposed[_DEPTH] > 9000",
        ),
        ("a_held_button_starts_nothing", "button", "SHORT_MS = (50, 800)", "SHORT_MS = (50, 2900)"),
    ],
)
def test_a_weakened_firmware_fails_its_scenario(name, module, old, new):
    firmware = with_changes({module: (old, new)})
    assert not run(load(LIBRARY / f"{name}.pen.toml"), firmware=firmware).passed
