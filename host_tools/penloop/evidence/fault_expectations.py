"""What has to come of each cause of a fault, and how soon."""

from dataclasses import dataclass

from penfw import faults
from penloop.evidence.fault_situations import (
    AT_REST,
    CAUSES,
    IN_SKIN,
    LOOKS_US,
    SITUATIONS,
    Situation,
)

PARKS_MS = int(faults.row(faults.PARK_NOT_REACHED)[3])  # of all tries
ONE_SHOT_MS = 30  # the load switch opens so long after the interrupt lets it
UNDRIVEN_MS = 45  # without the control interrupt
LOOK_MS = LOOKS_US // 1000


@dataclass(frozen=True)
class Sign:
    """A fault that may be latched for it.

    arises_ms: how long it takes until there is something to see, and `why`
    """

    number: int
    arises_ms: int = 0
    why: str = ""

    @property
    def name(self) -> str:
        """The fault's."""
        return str(faults.row(self.number)[1])

    @property
    def cut(self) -> bool:
        """Whether its reaction is to cut the drive."""
        return bool(faults.row(self.number)[2] == faults.CUT)

    @property
    def noticed_ms(self) -> int:
        """From the cause: at once what cuts, early enough to park what parks; a look at least."""
        reaction_ms = int(faults.row(self.number)[3])
        return self.arises_ms + max(reaction_ms - (0 if self.cut else PARKS_MS), LOOK_MS)

    @property
    def ended_ms(self) -> int:
        """From the cause to the end of the reaction, by the fault's own figure."""
        return self.arises_ms + max(int(faults.row(self.number)[3]), LOOK_MS)


@dataclass(frozen=True)
class Expected:
    """What has to come of a cause.

    signs: of which one has to be latched first
    parks: whether the needles can still be retracted; else drive has to be off
    off_ms: where the drive has to end without the fault; 0: by the fault's own reaction
    late_ms: how much later the drive may end, as the first stop path is what has failed
    brakes: whether the motor can be braked
    unseen_in: situations in which nothing shows it; `found_by` then has to
    found_by: what the person does next: start, depth, cartridge, power; empty: it does not stay
    not_in: situations without such a part, or where it is no fault
    """

    signs: tuple[Sign, ...]
    parks: bool = True
    off_ms: int = 0
    late_ms: int = 0
    brakes: bool = True
    unseen_in: tuple[str, ...] = ()
    found_by: str = "start"
    not_in: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[int, ...]:
        """Numbers of the faults."""
        return tuple(sign.number for sign in self.signs)

    def sign(self, names: tuple[str, ...]) -> Sign | None:
        """The sign that was the first to be latched, or None: something else was."""
        return next((sign for sign in self.signs if sign.name in names[:1]), None)


NAMES = tuple(one.name for one in SITUATIONS)
REST = tuple(one.name for one in AT_REST)
STILL = (*REST, "parking")
RUNNING = ("air", *(one.name for one in IN_SKIN))


def _all_but(*names: str) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name not in names)


_PATHS = (Sign(faults.BRIDGE_STUCK), Sign(faults.LOAD_SWITCH_STUCK), Sign(faults.TEST_CURRENT))
_NO_PARK = Sign(faults.PARK_NOT_REACHED)  # as SERVICE ends
_TACHOMETER = Expected((Sign(faults.TACHOMETER_LOSS),), unseen_in=STILL)
_TOP = Expected(
    (Sign(faults.TACHOMETER_IMPLAUSIBLE, 40, "three turns of 80 Hz without the top"),
     Sign(faults.PARK_NOT_REACHED)),
    parks=False, unseen_in=STILL,
)  # fmt: skip
_POSITION = Expected((Sign(faults.POSITION_RANGE),))
_HEAT = Expected((Sign(faults.OVER_TEMPERATURE),))
_BATTERY = Expected((Sign(faults.BATTERY_CRITICAL),))

EXPECTED = {
    "tachometer_open": _TACHOMETER,
    "tachometer_shorted": _TACHOMETER,
    "top_dead_centre_open": _TOP,
    "top_dead_centre_shorted": _TOP,
    "bridge_shorted": Expected(
        (Sign(faults.OVERSPEED, 30, "from rest to two turns above 165 Hz"), *_PATHS),
        late_ms=ONE_SHOT_MS, unseen_in=REST,
    ),
    "bridge_open": Expected(
        (Sign(faults.STALL, 600, "the motor coasts for up to 25 turns"), _NO_PARK, *_PATHS),
        parks=False, brakes=False, unseen_in=STILL,
    ),
    "motor_jammed": Expected(
        (Sign(faults.STALL), Sign(faults.PARK_NOT_REACHED)), parks=False, unseen_in=STILL
    ),
    "load_switch_shorted": Expected(_PATHS, unseen_in=NAMES),
    "load_switch_open": Expected(
        (Sign(faults.STALL, 150, "the PWM brakes the motor until it stands"), _NO_PARK, *_PATHS),
        parks=False, unseen_in=STILL,
    ),
    "position_open": _POSITION,
    "position_shorted": _POSITION,
    "axis_jammed": Expected(
        (Sign(faults.POSITION_MISMATCH), Sign(faults.HOME_NOT_FOUND)),
        unseen_in=NAMES, found_by="depth",
    ),
    "shunt_open": Expected((Sign(faults.OVERCURRENT), *_PATHS), unseen_in=NAMES),
    "temperature_open": _HEAT,
    "temperature_shorted": _HEAT,
    "cartridge_contact": Expected(
        (Sign(faults.CARTRIDGE_INVALID, 200, "it is read again in STANDBY"),),
        unseen_in=NAMES, found_by="cartridge",
        not_in=("self-test", "standby", "service", "service at rest"),
    ),
    "shunt_high": Expected((Sign(faults.OVERCURRENT), *_PATHS)),
    "timer_stalled": Expected(
        (Sign(faults.WATCHDOG_RESET, 2600, "the watchdog's 2 s, and the boot"),),
        off_ms=UNDRIVEN_MS, found_by="",  # before the interrupt begins, which sets the timer up
    ),
    "interrupts_held": Expected((Sign(faults.DEADLINE_MISSED),), found_by=""),
    "settings_tipped": Expected(
        (Sign(faults.SETTINGS_CORRUPT),), unseen_in=NAMES, found_by="power"
    ),
    "battery_open": _BATTERY,
    "battery_empty": _BATTERY,
    # In SERVICE the reset ends the host's session, and so the run: test_brown_out.py has it.
    "cell_contact": Expected(
        (Sign(faults.BATTERY_CRITICAL), Sign(faults.POWER_LOST, 400, "the boot")),
        parks=False, unseen_in=STILL, not_in=("service",),
    ),
    "cartridge_off": Expected((Sign(faults.CARTRIDGE_REMOVED),), not_in=_all_but(*RUNNING)),
    "charger": Expected((Sign(faults.USB_POWER),), not_in=_all_but(*RUNNING)),
    "button_held": Expected(
        (Sign(faults.BUTTON_STUCK),), not_in=("self-test", "fault", "after use", "parking")
    ),
    "host_silent": Expected((Sign(faults.LINK_LOST),), not_in=_all_but("service")),
    "cartridge_damaged": Expected(
        (Sign(faults.CARTRIDGE_INVALID),), not_in=_all_but("standby")
    ),
    "cartridge_empty": Expected((Sign(faults.CARTRIDGE_EXPIRED),), not_in=_all_but("standby")),
    "cartridge_again": Expected((Sign(faults.CARTRIDGE_USED),), not_in=_all_but("after use")),
}  # fmt: skip
assert set(EXPECTED) == set(CAUSES)

# Faults that no part and no act makes here, and where else they are shown.
ELSEWHERE = {
    faults.MOTOR_MOVES: "two parts have to fail: see the pairs of parts, load switch and bridge",
    faults.INTERNAL_ERROR: "an exception of the firmware: tests plant it (R-309, R-408)",
}


def situations_of(cause: str) -> list[Situation]:
    """In which it can come. That after a use is for the used cartridge alone."""
    left_out = set(EXPECTED[cause].not_in)
    if cause != "cartridge_again":
        left_out.add("after use")
    return [one for one in SITUATIONS if one.name not in left_out]
