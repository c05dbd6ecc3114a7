"""The person at the pen: hand, button, cartridge, cable. The bench's one control surface.

Every action takes effect at the present virtual time; `at`, `process` and the scripts of
`operator_script` put them on the clock. Nothing here travels on the pen's serial link.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from pensim.board.virtual_time import VirtualTime
from pensim.cartridge import ADDRESS, STROKES_ALLOWED, SimulatedCartridge
from pensim.electronics import Electronics
from pensim.errors import ScenarioError
from pensim.hazards import HAZARDS, Parts
from pensim.plant.constants import PI
from pensim.plant.parameters import Skin
from pensim.plant.presets import CARTRIDGES, NO_CARTRIDGE, SKINS

CONTACT_S = 0.05  # from first touch to all needles in contact
Script = Generator[Any, Any, None]


@dataclass
class Hand:
    """Where the pen is over the face: metres in the zone's own plane, and how fast it moves."""

    zone: str = ""
    x_m: float = 0.0
    y_m: float = 0.0
    speed_x_m_per_s: float = 0.0
    since_us: int = 0
    touching: bool = False

    def x_at(self, time_us: int) -> float:
        """Position along the pass, metres."""
        return self.x_m + self.speed_x_m_per_s * (time_us - self.since_us) * 1e-6


class Operator:
    """Acts on one simulated pen."""

    def __init__(
        self,
        time: VirtualTime,
        electronics: Electronics,
        kernel: Any,
        i2c: Any,
        skins: Mapping[str, Skin] = SKINS,
    ) -> None:
        self._time = time
        self._skins = skins
        self._electronics = electronics
        self._kernel = kernel
        self._bus = i2c.devices[electronics.wiring.cartridge_bus]
        self.hand = Hand()
        self.moves: list[Hand] = []
        self._parts = Parts(electronics, kernel)
        self.log: list[tuple[int, str]] = []
        self._serial = 1000
        self._taken: SimulatedCartridge | None = None

    # Button, cartridge, cable

    def press(self) -> None:
        """Puts the finger on the button."""
        self._note("press")
        self._electronics.press_button(True)

    def release(self) -> None:
        """Takes the finger off the button."""
        self._note("release")
        self._electronics.press_button(False)

    def click(self, hold_s: float = 0.15) -> None:
        """Presses the button now and lets go after `hold_s`."""
        self.press()
        self._time.call_at(self._time._now + round(hold_s * 1e6), self.release)

    @property
    def cartridge(self) -> SimulatedCartridge | None:
        """What is in the holder."""
        return self._parts.cartridge

    def insert_cartridge(self, cartridge: SimulatedCartridge | str = "12 needles") -> None:
        """Puts a cartridge in: an object, or a new one of a preset kind."""
        if isinstance(cartridge, str):
            self.insert_new(cartridge)
            return
        self._note(f"insert {cartridge.kind}")
        self._parts.cartridge = cartridge
        self._bus[ADDRESS] = cartridge.eeprom
        self._kernel.set_cartridge(cartridge.parameters)
        self._electronics.insert_cartridge(True)

    def insert_new(
        self,
        kind: str,
        max_depth_um: int = 2500,
        test: bool = False,
        damaged: bool = False,
        strokes: int = STROKES_ALLOWED,
    ) -> None:
        """Puts in a cartridge fresh from its package; `damaged`: a bit of its record has tipped.

        `strokes` are those that its record allows. Raises ScenarioError for an unknown kind.
        """
        if kind not in CARTRIDGES:
            raise ScenarioError(f"no cartridge {kind!r}: choose {', '.join(CARTRIDGES)}")
        self._serial += 1
        fresh = SimulatedCartridge(kind, self._serial, max_depth_um, test, strokes)
        if damaged:
            fresh.damage()
        self.insert_cartridge(fresh)

    def insert_it_again(self) -> None:
        """Puts the cartridge back that was taken off last. Raises ScenarioError without one."""
        if self._taken is None:
            raise ScenarioError("no cartridge was taken off: remove_cartridge first")
        self.insert_cartridge(self._taken)

    def power_cycle(self) -> None:
        """Takes the cell out, and puts it in again."""
        self._note("power cycle")
        self._electronics.power_cycle()

    def remove_cartridge(self) -> SimulatedCartridge | None:
        """Takes the cartridge off; returns it."""
        self._note("remove cartridge")
        taken, self._parts.cartridge = self._parts.cartridge, None
        self._taken = taken or self._taken
        self._bus.pop(ADDRESS, None)
        self._kernel.set_cartridge(NO_CARTRIDGE)
        self._electronics.insert_cartridge(False)
        return taken

    def usb_power(self, connected: bool = True) -> None:
        """Plugs the USB power in, or takes it off."""
        self._note(f"usb power {'on' if connected else 'off'}")
        self._electronics.connect_usb(connected)

    def turn_shaft(self, turns: float = 1.2, turns_per_s: float = 2.0) -> None:
        """Turns the motor's shaft by hand, needles off the skin."""
        self._note(f"turn shaft {turns:g}")
        self.process(self._turning(round(turns / turns_per_s * 1e3), turns_per_s * 2.0 * PI))

    def _turning(self, steps: int, speed_rad_per_s: float) -> Script:
        """The hand holds the shaft, against brake and membrane: it moves a step a millisecond."""
        for step in range(steps):
            angle_rad = step * speed_rad_per_s * 1e-3 % (2.0 * PI)
            self._kernel.place(angle_rad if angle_rad <= PI else angle_rad - 2.0 * PI, 0.0)
            self._electronics.refresh_sensors()
            yield self._time.timeout(1000)
        self._kernel.place(0.0, 0.0)
        self._electronics.refresh_sensors()

    # The hand

    def touch(
        self, zone: str = "cheek", standoff_mm: float = 0.0, ramp_s: float = CONTACT_S
    ) -> None:
        """Sets the pen on the skin of a zone. Raises ScenarioError for an unknown one."""
        if zone not in self._skins:
            raise ScenarioError(f"no skin zone {zone!r}: choose {', '.join(self._skins)}")
        self._note(f"touch {zone}")
        self._kernel.set_skin(self._skins[zone])
        self._kernel.set_standoff(standoff_mm * 1e-3)
        self._kernel.set_contact(1.0, 1.0 / ramp_s)
        self._move(zone=zone, touching=True)

    def stand_off(self, distance_mm: float) -> None:
        """Holds the nose that far off the skin from here on, as a hand that presses less."""
        self._note(f"stand off {distance_mm:.3f} mm")
        self._kernel.set_standoff(distance_mm * 1e-3)

    def lift(self) -> None:
        """Takes the pen off the skin."""
        self._note("lift")
        self._kernel.set_contact(0.0, 1.0 / CONTACT_S)
        self._move(touching=False, speed_x_m_per_s=0.0)

    def glide(
        self, speed_cm_per_s: float, x_mm: float | None = None, y_mm: float | None = None
    ) -> None:
        """Moves the pen along its zone from here on, or from a given point."""
        place = "" if x_mm is None else f" from x {x_mm:g} mm"
        place += "" if y_mm is None else f" y {y_mm:g} mm"
        self._note(f"glide {speed_cm_per_s:g} cm/s{place}")
        change: dict[str, Any] = {"speed_x_m_per_s": speed_cm_per_s * 1e-2}
        if x_mm is not None:
            change["x_m"] = x_mm * 1e-3
        if y_mm is not None:
            change["y_m"] = y_mm * 1e-3
        self._move(**change)

    def _move(self, **change: Any) -> None:
        now = self._time._now
        old = self.hand
        values = {
            "zone": old.zone,
            "x_m": old.x_at(now),
            "y_m": old.y_m,
            "speed_x_m_per_s": old.speed_x_m_per_s,
            "since_us": now,
            "touching": old.touching,
        }
        self.hand = Hand(**{**values, **change})
        self.moves.append(self.hand)

    def treat(self, zone: str, speed_cm_per_s: float = 3.0, rows: int = 3, row_mm: float = 30.0,
              pitch_mm: float = 5.0) -> Script:  # fmt: skip
        """A script: rows over a zone, back and forth, then off. Use with `process`."""
        self.glide(0.0, x_mm=0.0, y_mm=0.0)
        self.touch(zone)
        seconds = row_mm / 10.0 / speed_cm_per_s
        for row in range(rows):
            forward = row % 2 == 0
            start_mm = 0.0 if forward else row_mm
            self.glide(speed_cm_per_s if forward else -speed_cm_per_s, start_mm, row * pitch_mm)
            yield self._time.timeout(round(seconds * 1e6))
        self.lift()

    def depth_in_skin_mm(self) -> float:
        """How deep the needles are in the skin at this moment; 0 when they are out."""
        return float(self._kernel.penetration() * 1e3)

    # Faults of parts, and the clock

    def hazard(self, name: str, on: bool = True) -> None:
        """A part fails by its physical mechanism, or works again. Names: `HAZARDS`."""
        if name not in HAZARDS:
            raise ScenarioError(f"no fault {name!r}: choose {', '.join(HAZARDS)}")
        self._note(f"{name} {'on' if on else 'off'}")
        HAZARDS[name].apply(self._parts, on)

    def unplug_sensors(self) -> None:
        """Nothing is on the analogue inputs any more."""
        for name in ("position_open", "temperature_open", "battery_open", "shunt_open"):
            self.hazard(name)

    @property
    def now_s(self) -> float:
        """Virtual seconds since the bench began."""
        return float(self._time._now / 1e6)

    def at(self, time_s: float, action: Callable[[], Any]) -> None:
        """Calls `action` at a virtual time, seconds since the bench began."""
        self._time.call_at(max(round(time_s * 1e6), self._time._now), action)

    def wait(self, seconds: float) -> Any:
        """For scripts: `yield operator.wait(0.5)`."""
        return self._time.timeout(round(seconds * 1e6))

    def process(self, script: Script) -> Any:
        """Runs a generator beside the pen; it yields `wait(...)` or other scripts' processes."""
        return self._time.process(script)

    def _note(self, text: str) -> None:
        self.log.append((self._time._now, text))
