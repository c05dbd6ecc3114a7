"""What the pen does when something fails, and the scenario that brings both about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pensim.hazards import HAZARDS

Document = dict[str, Any]

RATE_HZ, SERVICE_HZ = 110, 80
DEPTH_UM = 750
TOUGHER = {"like": "scar", "full_force_n": 0.45}  # half as tough again as the toughest zone
ZONES = ("none", "eye", "cheek", "scar", "tougher")  # from no force to more than there is
WATCHED_US = 1_800_000  # after the fault
WATCHDOG_US = 3_200_000  # the watchdog bites after 2 s, then the pen boots
BUTTON_US = 11_500_000  # the button is stuck after 10 s
LEAVES_US = 1_000_000  # then the host falls silent, where the pen boots or SERVICE ends
AGAIN_US = 3_500_000  # after a fault that stays unseen: time to stop, and to start again
LOOKS_US = 20_000  # the slow watches look once in this time
BEAT_US = 100_000  # 11 turns at 110 Hz, 8 at 80 Hz, and 5 looks: then all phases come again
SELF_TEST_US = 415_000  # without a cartridge, until STANDBY


@dataclass(frozen=True)
class Situation:
    """What the pen does when the part fails.

    fault_us: the first moment at which it may fail
    span_us: so long after it is the last one
    state: in which the pen then is
    turns: whether the motor does
    """

    name: str
    title: str
    fault_us: int
    span_us: int = BEAT_US
    state: str = "RUNNING"
    turns: bool = True
    zone: str = ""


def _at_rest(state: str, title: str, fault_us: int, span_us: int = LOOKS_US) -> Situation:
    return Situation(title, title, fault_us, span_us, state, turns=False)


AT_REST = (
    _at_rest("SELF_TEST", "self-test", 20_000, SELF_TEST_US),
    _at_rest("STANDBY", "standby", 900_000),
    _at_rest("STANDBY", "after use", 2_600_000),
    _at_rest("READY", "ready", 900_000),
    _at_rest("FAULT", "fault", 2_900_000),
    _at_rest("SERVICE", "service at rest", 4_600_000),
)
IN_SKIN = tuple(
    Situation(f"skin {zone}", f"in skin: {zone}", 2_300_000, zone=zone) for zone in ZONES
)
SITUATIONS = (
    *AT_REST,
    Situation("air", "running in air", 2_100_000),
    *IN_SKIN,
    Situation("parking", "parking", 2_405_000, 65_000, "PARKING", zone="cheek"),
    Situation("service", "service run", 5_200_000, state="SERVICE"),
)
BY_NAME = {one.name: one for one in SITUATIONS}


@dataclass(frozen=True)
class Act:
    """What somebody does, and no part that fails, is behind a fault."""

    mechanism: str
    steps: Callable[[str], list[Document]]


ACTS = {
    "cartridge_off": Act(
        "the cartridge comes off", lambda at: [{"at": at, "do": "remove_cartridge"}]
    ),
    "charger": Act("USB power is plugged in", lambda at: [{"at": at, "do": "usb_power"}]),
    "button_held": Act("the button stays down", lambda at: [{"at": at, "do": "press"}]),
    "host_silent": Act("the host falls silent", lambda _at: []),
    "cartridge_damaged": Act(
        "a cartridge whose record is damaged is put in",
        lambda at: [{"at": at, "do": "insert_cartridge", "damaged": True}],
    ),
    "cartridge_empty": Act(
        "a cartridge without strokes left is put in",
        lambda at: [{"at": at, "do": "insert_cartridge", "strokes": 0}],
    ),
    "cartridge_again": Act(
        "a cartridge that was used is put in again",
        lambda at: [{"at": at, "do": "insert_it_again"}],
    ),
}
CAUSES = {name: one.mechanism for name, one in (HAZARDS | ACTS).items()}


def watched_us(causes: tuple[str, ...]) -> int:
    """How long the pen is watched after they came."""
    if "timer_stalled" in causes:
        return WATCHDOG_US
    return BUTTON_US if "button_held" in causes else WATCHED_US


def document(
    causes: tuple[str, ...], situation: Situation, fault_us: int, found_by: str = ""
) -> Document:
    """The scenario: the causes come one after another, 50 ms apart; then perhaps what finds them.

    found_by: what the person does next: start, depth, cartridge, power, or nothing
    """
    steps, link = _story(situation)
    end_us = fault_us + (AGAIN_US if found_by else watched_us(causes))
    if found_by:
        more, acts = _next(found_by, situation, fault_us)
        steps, link = steps + more, link + acts
    failing = []
    for number, cause in enumerate(causes):
        at = f"{fault_us + number * 50_000} us"
        if cause in ACTS:
            steps += ACTS[cause].steps(at)
        else:
            failing.append({"part": cause, "at": at})
    if situation.state == "SERVICE":
        until_us = _host_until_us(causes, fault_us, end_us, found_by)
        link.append({"at": "4.05 s", "presence": f"{(until_us - 4_150_000) / 1e6} s"})
    return {
        "about": f"{', '.join(causes) or 'nothing'} in {situation.title}",
        "duration": f"{end_us} us",
        "expect": ["no fault"],
        "pen": {"settings": {"stroke_rate": f"{RATE_HZ} Hz", "depth": f"{DEPTH_UM} um"}},
        "skin": {"tougher": TOUGHER},
        "step": sorted(steps, key=_time_s),
        "fault": failing,
        "link": sorted(link, key=_time_s),
    }


def _time_s(act: Document) -> float:
    number, unit = str(act["at"]).split()
    return float(number) / (1e6 if unit == "us" else 1.0)


def _host_until_us(causes: tuple[str, ...], fault_us: int, end_us: int, found_by: str) -> int:
    if "host_silent" in causes:
        return fault_us + 100_000
    if found_by or watched_us(causes) != WATCHED_US:
        return fault_us + LEAVES_US
    return end_us


def _story(situation: Situation) -> tuple[list[Document], list[Document]]:
    """What the person and the host do until the part fails."""
    if situation.state == "SERVICE":
        hold: Document = {"at": "0.4 s", "do": "hold", "hold": "3.2 s"}
        run = [{"at": "4 s", "command": "run", "argument": f"{SERVICE_HZ} Hz"}]
        return [hold], run if situation.turns else []
    if situation.state == "SELF_TEST" or situation.name == "standby":
        return [], []
    steps: list[Document] = [{"at": "0.2 s", "do": "insert_cartridge"}]
    if situation.name == "after use":
        for at, do in (("0.8 s", "click"), ("1.4 s", "click"), ("2.1 s", "remove_cartridge")):
            steps.append({"at": at, "do": do})
    if situation.turns or situation.state == "FAULT":
        steps.append({"at": "0.8 s", "do": "click"})
    if situation.zone:
        steps.append({"at": "1.6 s", "do": "touch", "zone": situation.zone})
    if situation.state == "PARKING":
        steps.append({"at": "2.4 s", "do": "click"})
    if situation.state == "FAULT":
        steps.append({"at": "1.8 s", "do": "usb_power"})
    return steps, []


def _next(
    found_by: str, situation: Situation, fault_us: int
) -> tuple[list[Document], list[Document]]:
    """What shows a fault that nothing has shown: the next start, depth, cartridge or power-up."""

    def at(after_us: int) -> str:
        return f"{(fault_us + after_us) / 1e6:.6f} s"

    running = situation.state == "RUNNING" or situation.name == "service"
    stop = [{"at": at(400_000), "do": "click"}] if running else []
    if situation.name in ("standby", "self-test"):
        stop = [{"at": at(900_000), "do": "insert_cartridge"}]
    if situation.state == "SERVICE":  # ended by a press with the motor off
        stop += [
            {"at": at(1_100_000), "do": "click"},
            {"at": at(1_300_000), "do": "insert_cartridge"},
        ]
    if found_by == "depth":
        return stop, [{"at": at(1_700_000), "set": {"depth": "0.3 mm"}}]
    if found_by == "cartridge":
        change = [{"at": at(1_600_000), "do": "remove_cartridge"},
                  {"at": at(1_900_000), "do": "insert_it_again"}]  # fmt: skip
        return stop + change, []
    if found_by == "power":
        return [*stop, {"at": at(1_600_000), "do": "power_cycle"}], []
    return [*stop, {"at": at(1_900_000), "do": "click"}], []
