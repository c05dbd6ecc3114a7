"""Which part fails in which situation, what has to come of it, and how soon."""

from dataclasses import dataclass
from typing import Any

from penfw import faults
from pensim.hazards import HAZARDS

Document = dict[str, Any]

RATE_HZ, SERVICE_HZ = 110, 80
DEPTH_UM = 750
TOUGHER = {"like": "scar", "full_force_n": 0.45}  # half as tough again as the toughest zone
ZONES = ("none", "eye", "cheek", "scar", "tougher")  # from no force to more than there is
WATCHED_US = 1_800_000  # after the fault
WATCHDOG_US = 3_200_000  # the watchdog bites after 2 s, then the pen boots
LEAVES_US = 1_000_000  # then the host falls silent, where the pen boots or SERVICE ends
AGAIN_US = 3_500_000  # after a fault that stays unseen: time to stop, and to start again


@dataclass(frozen=True)
class Situation:
    """What the pen does when the part fails.

    fault_us: when it fails, at the first phase of the stroke
    turns: whether the motor does, so that the phase of the stroke matters
    """

    name: str
    title: str
    fault_us: int
    rate_hz: int = 0
    zone: str = ""

    @property
    def turns(self) -> bool:
        """Whether the motor turns then."""
        return self.rate_hz > 0


AT_REST = (
    Situation("standby", "standby", 900_000),
    Situation("ready", "ready", 900_000),
)
IN_SKIN = tuple(
    Situation(f"skin {zone}", f"in skin: {zone}", 2_300_000, RATE_HZ, zone) for zone in ZONES
)
SITUATIONS = (
    *AT_REST,
    Situation("air", "running in air", 2_100_000, RATE_HZ),
    *IN_SKIN,
    Situation("parking", "parking", 2_420_000, RATE_HZ, "cheek"),
    Situation("service", "service run", 5_200_000, SERVICE_HZ),
)


@dataclass(frozen=True)
class Expected:
    """What has to come of a failed part.

    told: numbers of the faults of which one has to be latched
    arises_ms: how long it takes until there is something to see, and why
    parks: whether the needles can still be retracted; else drive has to be off
    unseen_in: situations in which nothing shows it; `found_by` then has to
    found_by: what the person does next: start, depth, cartridge, power
    """

    told: tuple[int, ...]
    arises_ms: int = 0
    why: str = ""
    parks: bool = True
    unseen_in: tuple[str, ...] = ()
    found_by: str = "start"
    not_in: tuple[str, ...] = ()  # situations without such a part

    def limit_ms(self, cut: bool) -> int:
        """From the moment at which the part fails to the end of the reaction."""
        allowed = max(faults.row(number)[3] for number in self.told)
        return self.arises_ms + (allowed if cut or self.parks else max(allowed, PARKING_MS))


PARKING_MS = 700  # allowed for three tries that cannot succeed
REST = ("standby", "ready")
STILL = (*REST, "parking")
RUNNING = ("air", *(one.name for one in IN_SKIN))
ALWAYS = tuple(one.name for one in SITUATIONS)

_STOP_PATHS = (faults.BRIDGE_STUCK, faults.LOAD_SWITCH_STUCK, faults.TEST_CURRENT)
_TACHOMETER = Expected(
    (faults.TACHOMETER_LOSS, faults.STALL), 60, "two turns without an edge", unseen_in=STILL
)
_TOP = Expected(
    (faults.TACHOMETER_IMPLAUSIBLE, faults.PARK_NOT_REACHED, faults.STALL),
    60, "three turns without the top", parks=False, unseen_in=STILL,
)  # fmt: skip
_NO_DRIVE = Expected(
    (faults.STALL, faults.PARK_NOT_REACHED, *_STOP_PATHS),
    600, "25 strokes of coasting", parks=False, unseen_in=STILL,
)  # fmt: skip
_POSITION = Expected((faults.POSITION_RANGE,), 0)
_BATTERY = Expected((faults.BATTERY_CRITICAL,), 250, "ten looks of 20 ms")

EXPECTED = {
    "tachometer_open": _TACHOMETER,
    "tachometer_shorted": _TACHOMETER,
    "top_dead_centre_open": _TOP,
    "top_dead_centre_shorted": _TOP,
    "bridge_shorted": Expected((faults.OVERSPEED, faults.OVERCURRENT, *_STOP_PATHS), 60,
                               "from 80 Hz to two turns above 165 Hz", unseen_in=REST),
    "bridge_open": _NO_DRIVE,
    "motor_jammed": Expected((faults.STALL, faults.PARK_NOT_REACHED), 0, parks=False,
                             unseen_in=REST),
    "load_switch_shorted": Expected(_STOP_PATHS, unseen_in=ALWAYS),
    "load_switch_open": _NO_DRIVE,
    "position_open": _POSITION,
    "position_shorted": _POSITION,
    "axis_jammed": Expected((faults.POSITION_MISMATCH,), unseen_in=ALWAYS, found_by="depth"),
    "shunt_open": Expected((faults.OVERCURRENT, *_STOP_PATHS), unseen_in=ALWAYS),
    "temperature_open": Expected((faults.OVER_TEMPERATURE,), 0),
    "temperature_shorted": Expected((faults.OVER_TEMPERATURE,), 0),
    "cartridge_contact": Expected((faults.CARTRIDGE_INVALID,), unseen_in=ALWAYS,
                                  found_by="cartridge", not_in=("standby", "service")),
    "shunt_high": Expected((faults.OVERCURRENT,), 0),
    "timer_stalled": Expected((faults.WATCHDOG_RESET,), 2600, "the watchdog's 2 s, and the boot",
                              parks=False),
    "interrupts_held": Expected((faults.DEADLINE_MISSED,), 0),
    "settings_tipped": Expected((faults.SETTINGS_CORRUPT,), unseen_in=ALWAYS, found_by="power"),
    "battery_open": _BATTERY,
    "battery_empty": _BATTERY,
    # In SERVICE the reset ends the host's session, and so the run: test_brown_out.py has it.
    "cell_contact": Expected((faults.BATTERY_CRITICAL, faults.POWER_LOST), 250,
                             "ten looks of 20 ms, or the boot", parks=False, unseen_in=STILL,
                             not_in=("service",)),
}  # fmt: skip
assert set(EXPECTED) == set(HAZARDS)


def document(
    hazards: tuple[str, ...], situation: Situation, fault_us: int, found_by: str = ""
) -> Document:
    """The scenario: the parts fail one after another, 50 ms apart; then perhaps what finds them."""
    watched_us = WATCHDOG_US if "timer_stalled" in hazards else WATCHED_US
    steps, link = _story(situation)
    end_us = fault_us + watched_us
    if found_by:
        end_us = fault_us + AGAIN_US
        more, acts = _next(found_by, situation, fault_us)
        steps, link = steps + more, link + acts
    if situation.name == "service":
        until_us = end_us if watched_us == WATCHED_US and not found_by else fault_us + LEAVES_US
        link.append({"at": "4.05 s", "presence": f"{(until_us - 4_150_000) / 1e6} s"})
    failing = [
        {"part": hazard, "at": f"{fault_us + number * 50_000} us"}
        for number, hazard in enumerate(hazards)
    ]
    return {
        "about": f"{', '.join(hazards) or 'nothing'} in {situation.title}",
        "duration": f"{end_us} us",
        "expect": ["no fault"],
        "pen": {"settings": {"stroke_rate": f"{RATE_HZ} Hz", "depth": f"{DEPTH_UM} um"}},
        "skin": {"tougher": TOUGHER},
        "step": steps,
        "fault": failing,
        "link": sorted(link, key=lambda act: float(act["at"].split()[0])),
    }


def _story(situation: Situation) -> tuple[list[Document], list[Document]]:
    """What the person and the host do until the part fails."""
    if situation.name == "standby":
        return [], []
    if situation.name == "service":
        hold: Document = {"at": "0.4 s", "do": "hold", "hold": "3.2 s"}
        return [hold], [{"at": "4 s", "command": "run", "argument": f"{SERVICE_HZ} Hz"}]
    steps: list[Document] = [{"at": "0.2 s", "do": "insert_cartridge"}]
    if situation.turns:
        steps.append({"at": "0.8 s", "do": "click"})
    if situation.zone:
        steps.append({"at": "1.6 s", "do": "touch", "zone": situation.zone})
    if situation.name == "parking":
        steps.append({"at": "2.4 s", "do": "click"})
    return steps, []


def _next(
    found_by: str, situation: Situation, fault_us: int
) -> tuple[list[Document], list[Document]]:
    """What shows a fault that nothing has shown: the next start, depth, cartridge or power-up."""

    def at(after_us: int) -> str:
        return f"{(fault_us + after_us) / 1e6:.6f} s"

    running = situation.name in RUNNING
    stop = [{"at": at(400_000), "do": "click"}] if running or situation.name == "service" else []
    if situation.name == "standby":
        stop = [{"at": at(200_000), "do": "insert_cartridge"}]
    if situation.name == "service":  # ended by a second press, with the motor off
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
