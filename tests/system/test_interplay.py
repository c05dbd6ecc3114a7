"""The model of interrupt, main loop, host and button: what it finds, and that it is the code's."""

import random
import subprocess

import pytest

from penfw import states
from penloop.cli import run
from penloop.evidence import interplay
from penloop.evidence.section import Effort
from tests.system.short_evidence import shown
from tests.system.story import control_of
from tests.verification import verified

FEWER = {"FAULTS": 1, "CARTRIDGES": 0}
OWN = (states.CUT_FAULT, states.PARK_FAULT, states.PARKED, states.STOP, states.PROVED)
MAIN = (
    states.TESTED, states.CARTRIDGE, states.START, states.STOP, states.SERVICE_ON,
    states.SERVICE_OFF, states.ACKNOWLEDGED, states.PARK_WANTED,
)  # fmt: skip
FLAGS = ("button_in", "button_down", "button_looks", "main_asks", "main_clear", "main_window")
LAWS = (0, 1, 2, 4)
WORDS = ("state", "law", "own", "main_conditions", "main_law", "pressed_ready", *FLAGS)
TOLD = (
    "state", "law", "own", "main_law", "button_down", "button_looks", "main_asks", "main_clear",
    "pressed_ready",
)  # fmt: skip


@pytest.mark.timeout(600)  # it takes all of one processor, and others may want it
@verified(evidence="interplay")
def test_no_order_of_interrupt_main_loop_host_and_button_is_unsafe(tmp_path):
    section = shown(interplay.PART, tmp_path)
    assert section.data["check"]["states"] > 5_000_000


def test_a_model_that_never_runs_the_motor_shows_nothing(tmp_path):
    text = interplay.source()
    closed = text.replace("pressed_ready = (state == READY)\n", "pressed_ready = 0\n")
    assert closed != text
    found = interplay.check(tmp_path, {**FEWER, "NEVER_RUNS": "RUNNING"}, closed)
    assert found.complete
    assert not found.violated  # so this claim does not hold


@pytest.mark.parametrize("switch", interplay.OLD)
def test_the_check_finds_what_the_firmware_once_did(tmp_path, switch):
    found = interplay.check(tmp_path, {**FEWER, switch: 1})
    assert found.violated
    assert "main_loop" in "".join(found.trail)


def test_what_is_not_explored_whole_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(interplay, "DEEPEST", 2_000)
    section = interplay.make(Effort(short=True, jobs=1, folder=tmp_path))
    assert not section.holds
    assert "not all was explored" in section.claims[0].shown_by


def test_without_spin_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(interplay, "NEEDED", ("no-such-spin",))
    assert run(["evidence", "interplay", "--short", "--out", str(tmp_path)]) == 2
    assert "apt-get install no-such-spin" in capsys.readouterr().err


# The model's interrupt is the firmware's


def drawn(count, seed=1):
    """Words of the interrupt before a look, one dict a case; own faults as the code sets them."""
    draw = random.Random(seed)
    for _ in range(count):
        case = {name: draw.randrange(2) for name in FLAGS}
        case["state"] = draw.randrange(len(states.STATES))
        case["law"] = draw.choice(LAWS)
        case["main_law"] = draw.choice(LAWS)
        case["own"] = sum(bit for bit in OWN if draw.random() < 0.3)
        case["main_conditions"] = sum(bit for bit in MAIN if draw.random() < 0.3)
        case["pressed_ready"] = int(case["state"] == states.READY and draw.randrange(2))
        yield case
    for state, rows in enumerate(states.ROWS):  # each row of the table, with all else drawn
        for required, forbidden, _following in rows * 20:
            case = dict.fromkeys(FLAGS, 0)
            case.update(state=state, law=draw.choice(LAWS), main_law=draw.choice(LAWS))
            case["own"] = required & sum(OWN)
            case["main_conditions"] = (required | draw.randrange(2048)) & sum(MAIN) & ~forbidden
            case["pressed_ready"] = int(state == states.READY and draw.randrange(2))
            yield case


def by_the_model(cases, folder, text=""):
    """What one look makes of each case, by Spin's simulation of the model's own look."""
    text = text or interplay.source()
    head = text[: text.index("active proctype interrupt")]
    lines = [f"short cases[{len(cases) * len(WORDS)}];", "short n;", "init {", "  d_step {"]
    values = [case[name] for case in cases for name in WORDS]
    lines += [f"    cases[{at}] = {value};" for at, value in enumerate(values) if value]
    lines += ["    n = 0;", "    do", f"    :: n < {len(cases)} ->"]
    lines += [f"      {name} = cases[n * {len(WORDS)} + {k}];" for k, name in enumerate(WORDS)]
    lines += ["      idle = 0; look();"]
    shown = ", ".join(TOLD)
    lines += [f'      printf("case{" %d" * len(TOLD)}\\n", {shown});', "      n++"]
    lines += ["    :: else -> break", "    od", "  }", "}"]
    (folder / "look.pml").write_text(_without_asserts(head) + "\n".join(lines))
    done = subprocess.run(
        ["spin", "look.pml"], cwd=folder, capture_output=True, text=True, check=True
    )
    rows = [line.split()[1:] for line in done.stdout.splitlines() if line.strip()[:4] == "case"]
    return [dict(zip(TOLD, map(int, row), strict=True)) for row in rows]


def _without_asserts(text):
    """Most drawn cases can not be reached; there the properties need not hold."""
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("assert("))


def by_the_firmware(cases, bench):
    """The same by Control._look, with nothing due of slots and depth axis."""
    bench.run(1.0)
    control = control_of(bench)
    control.slots = (lambda: None,) * 10
    for case in cases:
        level = case["button_in"]
        control.read_button = lambda level=level: not level
        for name in ("state", "law", "main_conditions", "main_law", "pressed_ready"):
            setattr(control, name, case[name])
        for name in FLAGS[1:]:
            setattr(control, name, case[name])
        control.own_conditions = case["own"]
        control.conditions = -1
        control.main_faults = control.main_home = control.overshoot = 0
        control.goal = control.steps
        control._look()
        found = {name: int(getattr(control, name)) for name in TOLD if name != "own"}
        if control.state != states.READY:
            found["pressed_ready"] = 0  # of no meaning elsewhere
        yield {**found, "own": control.own_conditions}


@pytest.mark.verifies("R-107")
def test_the_models_look_is_the_firmwares(tmp_path, make_bench):
    cases = list(drawn(4000))
    model = by_the_model(cases, tmp_path)
    firmware = list(by_the_firmware(cases, make_bench()))
    wrong = [n for n, pair in enumerate(zip(model, firmware, strict=True)) if pair[0] != pair[1]]
    assert not wrong, (len(wrong), cases[wrong[0]], model[wrong[0]], firmware[wrong[0]])
    assert len({tuple(one.values()) for one in firmware}) > 300
    entered = {one["state"] for case, one in zip(cases, firmware, strict=True)
               if one["state"] != case["state"]}  # fmt: skip
    assert entered == set(range(len(states.STATES)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("own = own & ~STOP", "skip"),
        ("law == LAW_RUN -> begin(LAW_PARK)", "law == LAW_RUN -> begin(LAW_OFF)"),
        ("!(own & CUT_FAULT) ->", "true ->"),
        ("main_clear = 0;", "skip;"),
        ("pressed_ready = (state == READY)\n", "pressed_ready = 0\n"),
        ("own = own & (CUT_FAULT | PARK_FAULT);", "skip;"),
    ],
)
def test_a_difference_between_model_and_firmware_is_noticed(tmp_path, make_bench, old, new):
    cases = list(drawn(4000))
    text = interplay.source()
    assert text.count(old) == 1
    model = by_the_model(cases, tmp_path, text.replace(old, new))
    assert model != list(by_the_firmware(cases, make_bench()))
