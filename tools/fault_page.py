"""Writes docs/faults.md: every fault, how it is noticed, what the pen does, what a person sees.

    python tools/fault_page.py

From the firmware's fault table and lights, docs/safety and the mechanisms of the simulator; a test
holds the page to them.
"""

from collections.abc import Iterator
from pathlib import Path

from penfw import faults, states
from penfw.indicator import ALARM_CUT, ALARM_PARK, LIGHTS, code_shines
from penloop.evidence.traceability.tables import Requirement, load

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
COLOURS = {1: "red", 2: "green", 3: "yellow", 4: "blue", 7: "white"}
LONG_STEPS = 5
HEAD = """# States and faults

Written by `python tools/fault_page.py` from the firmware's tables and `docs/safety`; a test holds
this page to them.

## States

Sixteen steps of 0.1 s, again and again: `#` on, `.` off.

| state | colour | pattern |
|---|---|---|
"""
CODE = """
In FAULT the light blinks the number of the fault that was latched first: a long flash (0.5 s) for
each ten, a short one (0.2 s) for each unit, then a pause of 1.2 s. The buzzer sounds once, {cut} s
at {frequency} Hz for a fault of class CUT, {park} s for one of class PARK. Both can be switched off
(`led_brightness`, `buzzer`); nothing of safety hangs on them.

CUT: drive off and brake on, no motion until it is acknowledged. PARK: brake, then the needles are
brought to top dead centre under a reduced current, then off. *Within* is the longest time from the
condition to the end of that. Each fault has the cause made real in the simulator, by a scenario of
`examples/scenarios`; `penloop evidence faults` has the measured times.

## Faults

| | fault | class | within | light |
|---|---|---|---|---|
"""


def page() -> str:
    """The text of docs/faults.md."""
    sounds = {
        "cut": ALARM_CUT[1] / 1000,
        "park": ALARM_PARK[1] / 1000,
        "frequency": ALARM_CUT[0],
    }
    lines = [*_state_rows(), CODE.format(**sounds).rstrip("\n"), *_fault_rows(), ""]
    return HEAD + "\n".join([*lines, *_details()]) + "\n"


def _state_rows() -> Iterator[str]:
    for name, (colour, pattern) in zip(states.STATES, LIGHTS, strict=True):
        steps = "".join("#" if pattern >> step & 1 else "." for step in range(16))
        shown = "a fault's number" if name == "FAULT" else f"`{steps}`"
        yield f"| {name} | {COLOURS[colour]} | {shown} |"


def _fault_rows() -> Iterator[str]:
    for number, name, kind, reaction_ms, *_rest in faults.FAULTS:
        within = f"{reaction_ms} ms" if reaction_ms else "motor is off"
        yield f"| {number} | {name} | {_class(kind)} | {within} | {flashes(number)} |"


def flashes(number: int) -> str:
    """A fault's code as a person sees it, a sign a flash."""
    steps = "".join("x" if code_shines(number, step) else " " for step in range(number * 8))
    first = steps.partition(" " * 12)[0]
    return " ".join("—" if len(one) == LONG_STEPS else "·" for one in first.split())


def _class(kind: int) -> str:
    return "CUT" if kind == faults.CUT else "PARK"


def _details() -> Iterator[str]:
    required = {one.fault: one for one in load(ROOT).requirements if one.fault}
    for number, name, kind, _reaction_ms, cause, remedy in faults.FAULTS:
        yield from _detail(f"{number} {name}, {_class(kind)}", required[name], cause, remedy)


def _detail(title: str, requirement: Requirement, cause: str, remedy: str) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"{requirement.text} ({requirement.id})\n"
    yield f"- The pen says: {cause}."
    yield f"- Remedy: {remedy}."
    yield f"- Noticed in {', '.join(f'`{one}`' for one in requirement.code)}."
    if requirement.scenarios:
        shown = (f"[{one}](../examples/scenarios/{one}.pen.toml)" for one in requirement.scenarios)
        yield f"- Made real by {', '.join(shown)}."
    else:
        yield "- Made real by tests that change the firmware: no part of the pen fails like this."
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"wrote {PAGE.relative_to(ROOT)}")
