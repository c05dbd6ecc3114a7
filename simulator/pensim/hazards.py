"""Faults of parts, by name: each acts by its physical mechanism, never on the firmware."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pensim.cartridge import SimulatedCartridge
from pensim.electronics import Electronics
from pensim.plant.constants import TACHOMETER, TOP_DEAD_CENTRE
from pensim.plant.parameters import Battery

SHUNT, POSITION, TEMPERATURE, BATTERY = range(4)  # channels of the kernel's codes
RAIL = 65535
OVER_CODE = 46000  # of the shunt's amplifier: 3.1 A
HELD_US = 4_000
CONTACT_OHM = 20.0  # of a corroded contact: the skin's load pulls the supply below 1.8 V


@dataclass
class Parts:
    """What can fail."""

    electronics: Electronics
    kernel: Any
    cartridge: SimulatedCartridge | None = None
    stuck_sensors: int = 0  # TACHOMETER and TOP_DEAD_CENTRE bits,
    stuck_levels: int = 0  # and the levels at which they are held


@dataclass(frozen=True)
class Hazard:
    """What fails, and how it is brought about."""

    mechanism: str
    apply: Callable[[Parts, bool], None]


def _stuck_sensor(bit: int, level: int) -> Callable[[Parts, bool], None]:
    def apply(parts: Parts, on: bool) -> None:
        parts.stuck_sensors = (parts.stuck_sensors & ~bit) | (bit if on else 0)
        parts.stuck_levels = (parts.stuck_levels & ~bit) | (bit if level else 0)
        parts.kernel.set_stuck_sensors(parts.stuck_sensors, parts.stuck_levels)
        parts.electronics.refresh_sensors()

    return apply


def _forced_code(channel: int, code: int) -> Callable[[Parts, bool], None]:
    def apply(parts: Parts, on: bool) -> None:
        parts.kernel.set_code_fault(channel, code if on else -1, 0)

    return apply


def _bridge_shorted(parts: Parts, on: bool) -> None:
    parts.kernel.set_bridge_faults(on, False)


def _bridge_open(parts: Parts, on: bool) -> None:
    parts.kernel.set_bridge_faults(False, on)


def _motor_jammed(parts: Parts, on: bool) -> None:
    parts.kernel.set_extra_friction(20e-3 if on else 0.0)


def _axis_jammed(parts: Parts, on: bool) -> None:
    parts.electronics.axis.jammed = on


def _load_switch_shorted(parts: Parts, on: bool) -> None:
    parts.electronics.load_switch.set_stuck(True if on else None)


def _load_switch_open(parts: Parts, on: bool) -> None:
    parts.electronics.load_switch.set_stuck(False if on else None)


def _cartridge_contact(parts: Parts, on: bool) -> None:
    if parts.cartridge is not None:
        parts.cartridge.eeprom.answers = not on


def _battery_empty(parts: Parts, on: bool) -> None:
    parts.kernel.set_battery_charge(0.0 if on else 0.8)


def _cell_contact(parts: Parts, on: bool) -> None:
    parts.kernel.set_battery_ohm(CONTACT_OHM if on else Battery().resistance_ohm)


def _shunt_high(parts: Parts, on: bool) -> None:
    parts.kernel.set_code_fault(SHUNT, OVER_CODE if on else -1, 0)


def _timer_stalled(parts: Parts, on: bool) -> None:
    if on:
        parts.electronics.stall_timer()


def _interrupts_held(parts: Parts, on: bool) -> None:
    if on:
        parts.electronics.hold_interrupts(HELD_US)


def _settings_tipped(parts: Parts, on: bool) -> None:
    if on:
        parts.electronics.spoil_file("/settings_a")


_TACHOMETER_HIGH, _TACHOMETER_LOW = _stuck_sensor(TACHOMETER, 1), _stuck_sensor(TACHOMETER, 0)
_NEVER_AT_TOP = _stuck_sensor(TOP_DEAD_CENTRE, 0)
_ALWAYS_AT_TOP = _stuck_sensor(TOP_DEAD_CENTRE, 1)
_POSITION_HIGH, _POSITION_LOW = _forced_code(POSITION, RAIL), _forced_code(POSITION, 0)
_NO_SHUNT = _forced_code(SHUNT, 0)
_NO_BATTERY = _forced_code(BATTERY, 0)
_COLD = _forced_code(TEMPERATURE, RAIL)
_HOT = _forced_code(TEMPERATURE, 0)

# fmt: off
HAZARDS = {
    "tachometer_open": Hazard("the tachometer's wire opens: it reads high", _TACHOMETER_HIGH),
    "tachometer_shorted": Hazard("the tachometer's wire touches ground", _TACHOMETER_LOW),
    "top_dead_centre_open": Hazard("the sensor's wire opens: never at the top", _NEVER_AT_TOP),
    "top_dead_centre_shorted": Hazard("its wire touches ground: always at the top", _ALWAYS_AT_TOP),
    "bridge_shorted": Hazard("the high-side transistor is shorted: full voltage", _bridge_shorted),
    "bridge_open": Hazard("the bridge carries no current: the motor coasts", _bridge_open),
    "motor_jammed": Hazard("the needles are held: 20 mN m of friction", _motor_jammed),
    "load_switch_shorted": Hazard("the load switch stays closed", _load_switch_shorted),
    "load_switch_open": Hazard("the load switch stays open", _load_switch_open),
    "position_open": Hazard("the position sensor's wire opens: upper rail", _POSITION_HIGH),
    "position_shorted": Hazard("the position sensor's wire touches ground", _POSITION_LOW),
    "axis_jammed": Hazard("the depth axis is jammed: steps are lost", _axis_jammed),
    "shunt_open": Hazard("the shunt amplifier's wire opens: reads none", _NO_SHUNT),
    "temperature_open": Hazard("the NTC's wire opens: reads below -40 C", _COLD),
    "temperature_shorted": Hazard("the NTC is shorted: reads hot", _HOT),
    "cartridge_contact": Hazard("the cartridge does not answer: dirty", _cartridge_contact),
    "shunt_high": Hazard("the shunt's joint is bad: its amplifier sees 3.1 A", _shunt_high),
    "timer_stalled": Hazard("the timer's clock stands: no control interrupt", _timer_stalled),
    "interrupts_held": Hazard("interrupts are held back for 4 ms", _interrupts_held),
    "settings_tipped": Hazard("bits have tipped in the saved settings", _settings_tipped),
    "battery_open": Hazard("the battery's sense wire opens: reads none", _NO_BATTERY),
    "battery_empty": Hazard("the cell is empty", _battery_empty),
    "cell_contact": Hazard("the cell's contact is corroded: 20 ohm", _cell_contact),
}
# fmt: on
