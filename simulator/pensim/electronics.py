"""What is soldered around the board: which pin drives and reads which part of the pen.

The pin numbers are the hardware's own, not the firmware's map; a test holds the two together.
"""

from array import array
from dataclasses import dataclass, fields
from typing import Any

from pensim.board.board import VirtualBoard
from pensim.board.near._layout import ADC0
from pensim.board.virtual_time import Alarm
from pensim.plant.axis import DepthAxis
from pensim.plant.constants import TACHOMETER, TOP_DEAD_CENTRE

LIGHTS = ("red", "green", "blue")
ONE_SHOT_US = 30_000  # the load switch opens when its pin has not been toggled for so long


@dataclass(frozen=True)
class Wiring:
    """GP numbers of the pen's parts on a Pico."""

    motor_pwm: int = 2
    load_switch: int = 3
    tachometer: int = 4
    top_dead_centre: int = 5
    step: int = 6
    step_direction: int = 7
    step_enable: int = 8
    home_switch: int = 9
    cartridge_present: int = 10
    cartridge_bus: int = 0
    button: int = 14
    usb_power: int = 24
    led: tuple[int, int, int] = (16, 17, 18)
    buzzer: int = 21
    analogue_switch: int = 20

    def swapped(self, first: int, second: int) -> "Wiring":
        """The same with two of its pins exchanged, as by a mistake. Raises ValueError."""
        other = {first: second, second: first}
        pins = {item.name: getattr(self, item.name) for item in fields(self)}
        bus = pins.pop("cartridge_bus")
        there = {number for pin in pins.values() for number in (pin if _several(pin) else (pin,))}
        if not {first, second} <= there:
            raise ValueError(
                f"no part of the pen is on GP{first if first not in there else second}"
            )
        for name, pin in pins.items():
            numbers = tuple(
                other.get(number, number) for number in (pin if _several(pin) else (pin,))
            )
            pins[name] = numbers if _several(pin) else numbers[0]
        return Wiring(cartridge_bus=bus, **pins)


# A bare development board, with its own USB sense: the pen's parts hang on pins that nobody uses.
BARE = Wiring(
    motor_pwm=25, load_switch=29, tachometer=11, top_dead_centre=15, step=29, step_direction=29,
    step_enable=29, home_switch=19, cartridge_present=22, cartridge_bus=1, button=23,
    led=(29, 29, 29), buzzer=29, analogue_switch=29,
)  # fmt: skip


def _several(pin: int | tuple[int, int, int]) -> bool:
    return isinstance(pin, tuple)


class LoadSwitch:
    """Closed only while its pin keeps toggling: a one-shot with a pull-down on its gate."""

    def __init__(self, board: VirtualBoard, kernel: Any) -> None:
        self._time = board.time
        self._kernel = kernel
        self._alarm = Alarm(board.time, self._expire)
        self._last_us = 0
        self.closed = False
        self.stuck: bool | None = None  # a fault: shorted (True) or open (False)

    def toggled(self, _level: int) -> None:
        """An edge of the pin."""
        self._last_us = self._time._now
        if not self.closed:
            self._set(True)
            self._alarm.arm(self._last_us + ONE_SHOT_US)

    def set_stuck(self, stuck: bool | None) -> None:
        """The part fails: always closed, always open, or works again."""
        self.stuck = stuck
        self._set(self.closed)

    def _set(self, closed: bool) -> None:
        self.closed = closed
        self._kernel.set_load_switch(closed if self.stuck is None else self.stuck)

    def _expire(self) -> None:
        due_us = self._last_us + ONE_SHOT_US
        if self._time._now < due_us:
            self._alarm.arm(due_us)
        else:
            self._set(False)


class Electronics:
    """Connects a board to a plant kernel, whose ADC writes `codes`, and to a depth axis."""

    def __init__(
        self,
        board: VirtualBoard,
        kernel: Any,
        codes: "array[int]",
        axis: DepthAxis,
        wiring: Wiring | None = None,
    ) -> None:
        self.wiring = wiring = wiring or Wiring()
        self._board = board
        self._kernel = kernel
        self._codes = codes
        self.axis = axis
        self.load_switch = LoadSwitch(board, kernel)
        self._brown_out_v = board.profile.brown_out_v
        self._sags = False
        self.brown_outs = 0  # resets by a supply that was too low
        gpio = board.gpio
        gpio.listen_duty(wiring.motor_pwm, kernel.set_duty_u16)
        gpio.listen(wiring.load_switch, self.load_switch.toggled)
        gpio.listen(wiring.step, self._stepped)
        gpio.listen(wiring.analogue_switch, kernel.set_analogue_switch)
        for pin in (wiring.home_switch, wiring.cartridge_present, wiring.button):
            gpio.drive(pin, None)
        gpio.drive(wiring.usb_power, 0)
        self.refresh_sensors()
        self._home_changed()
        board.processor.world = kernel
        board.processor.sense = self._sense
        board.processor.on_edges = self._set_levels

    def press_button(self, pressed: bool) -> None:
        """The button closes to ground."""
        self._board.gpio.drive(self.wiring.button, 0 if pressed else None)

    def insert_cartridge(self, present: bool) -> None:
        """The presence switch closes to ground."""
        self._board.gpio.drive(self.wiring.cartridge_present, 0 if present else None)

    def connect_usb(self, powered: bool) -> None:
        """USB power is there."""
        self._board.gpio.drive(self.wiring.usb_power, 1 if powered else 0)

    def power_cycle(self) -> None:
        """The supply goes and comes back: the board boots as at power-up."""
        self._sags = False
        self._board.power_on()

    def stall_timer(self) -> None:
        """The timer's clock stands: no control interrupt comes any more."""
        self._board.timers.reset()

    def hold_interrupts(self, duration_us: int) -> None:
        """Something keeps the processor from taking interrupts."""
        self._board.processor.hold(duration_us)

    def spoil_file(self, path: str) -> None:
        """Bits of a file on the flash have tipped."""
        content = self._board.flash.files.get(path, b"")
        self._board.flash.files[path] = bytes(byte ^ 0x10 for byte in content)

    def refresh_sensors(self) -> None:
        """Tachometer and top dead centre as they are, after one of them has failed or healed."""
        self._set_levels(TACHOMETER | TOP_DEAD_CENTRE)

    def light(self) -> tuple[int, int, int]:
        """Levels of the LED's red, green and blue."""
        red, green, blue = (self._board.gpio.level(pin) for pin in self.wiring.led)
        return red, green, blue

    def to_be_noticed(self) -> list[str]:
        """What a person sees and hears: "red", "green", "blue", "buzzer"."""
        seen = [name for name, level in zip(LIGHTS, self.light(), strict=True) if level]
        return seen + ["buzzer"] * (self._board.gpio.duty(self.wiring.buzzer) > 0)

    def _sense(self, now_us: int) -> None:
        """The kernel's conversions, on the board's ADC."""
        self._kernel.sense(now_us)
        self._board.words[ADC0 : ADC0 + 4] = self._codes
        if self._kernel.supply_v() < self._brown_out_v and not self._sags:
            self._sags = True
            self._board.time.call_at(now_us, self.brown_out)

    def brown_out(self) -> None:
        """The regulator gives up: processor and outputs are off, so the supply recovers at once."""
        self.brown_outs += 1
        self.power_cycle()

    def _set_levels(self, changed: int) -> None:
        """Tachometer and top dead centre as the kernel has them now."""
        levels = self._kernel.levels
        gpio = self._board.gpio
        if changed & TACHOMETER:
            gpio.drive(self.wiring.tachometer, 1 if levels & TACHOMETER else 0)
        if changed & TOP_DEAD_CENTRE:  # the sensor pulls its wire low at the top
            gpio.drive(self.wiring.top_dead_centre, 0 if levels & TOP_DEAD_CENTRE else 1)

    def _stepped(self, level: int) -> None:
        gpio = self._board.gpio
        if level and gpio.level(self.wiring.step_enable):
            self.axis.step(1 if gpio.level(self.wiring.step_direction) else -1)
            self._kernel.set_protrusion(self.axis.protrusion_m)
            self._home_changed()

    def _home_changed(self) -> None:
        gpio = self._board.gpio
        gpio.drive(self.wiring.home_switch, 0 if self.axis.at_home else None)
