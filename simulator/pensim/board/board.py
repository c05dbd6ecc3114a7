"""The virtual board: processor, pins and peripherals of one Pico, and its resets."""

from collections.abc import Callable

from pensim.board.adc import AnalogueInputs
from pensim.board.chance import draw
from pensim.board.flash import Flash, FlashController
from pensim.board.garbage import GarbageCollector
from pensim.board.gpio import Gpio
from pensim.board.i2c import I2CBuses
from pensim.board.near import _layout as layout
from pensim.board.near._layout import ARG0, REBOOT
from pensim.board.pin_control import PinControl
from pensim.board.processor import Processor
from pensim.board.profile import PICO, BoardProfile
from pensim.board.serial_lines import CTRL_C, SerialPorts
from pensim.board.timers import RealTimeClock, Timers, Watchdog
from pensim.board.uarts import Uarts
from pensim.board.virtual_time import NEVER, VirtualTime
from pensim.board.world import World
from pensim.engines import BoardLink, new_words, start_engine
from pensim.errors import FirmwareError
from pensim.firmware import Firmware

PWRON_RESET, WDT_RESET = 1, 3
REBOOT_MESSAGE = "MPY: soft reboot\n"


class VirtualBoard:
    """One board with its flash and its firmware, powered by `power_on`.

    Parameters
    ----------
    firmware: files put on the flash at first power-up
    engine: "cpython", "micropython" or "micropython32"
    seed: of everything random on this board
    loops_tick: each turn of a loop is a board call ("cpython" only), so that a loop that waits for
        an interrupt without one sees it
    repl: once main.py has ended the board serves its REPL on the USB serial, as a real one does;
        else it stands still with its exit code
    """

    def __init__(
        self,
        firmware: Firmware,
        engine: str = "cpython",
        profile: BoardProfile = PICO,
        seed: int = 0,
        unique_id: bytes = b"penloop\0",
        loops_tick: bool = False,
        repl: bool = False,
    ) -> None:
        self.profile = profile
        self.firmware = firmware
        self.engine_name = engine
        self.seed = seed
        self.unique_id = unique_id
        self.loops_tick = loops_tick
        self._first_mode = layout.FRIENDLY_REPL if repl else layout.NO_REPL
        self.time = VirtualTime()
        self.words = new_words(engine)
        self.flash = Flash(profile.flash_bytes)
        self.flash.install(dict(firmware.files))
        self.processor = Processor(self.time, self.words, profile)
        self.gpio = Gpio(self.processor, profile)
        self.pins = PinControl(self.gpio, self.processor, profile)
        self.adc = AnalogueInputs(self.gpio, self.processor, profile, seed)
        self.timers = Timers(self.time, self.processor, profile)
        self.watchdog = Watchdog(self.time, self.processor, self._watchdog_bites)
        self.clock = RealTimeClock(self.processor)
        self.uarts = Uarts(self.gpio, self.processor, profile)
        self.serial = SerialPorts(self.processor, self.uarts.lines)
        self.i2c = I2CBuses(self.processor)
        self.files = FlashController(
            self.flash, self.processor, profile, self.clock.seconds, self._lose_power
        )
        self.garbage = GarbageCollector(self.processor, profile, seed)
        self.boots = 0
        self.exit_code: int | None = None
        self.exit_text = ""
        self._exit_error: FirmwareError | None = None
        self._program_error: FirmwareError | None = None
        self.unhandled: list[FirmwareError] = []  # of callbacks; the firmware goes on
        self.probe_names: tuple[str, ...] = ()
        self.on_report: Callable[[str], None] = self._print  # takes tracebacks
        self._draws = 0
        self._cause = PWRON_RESET
        self._serve_requests()

    def _serve_requests(self) -> None:
        serve = self.processor.serve
        serve[layout.RESET] = self._serve_reset
        serve[layout.EXIT] = self._serve_exit
        serve[layout.FAILED] = self._serve_failed
        serve[layout.PROBE] = self._serve_probe
        serve[layout.UNHANDLED] = self._serve_unhandled
        serve[layout.RANDOM] = self._serve_random

    @property
    def now_us(self) -> int:
        """Virtual time since the bench began, microseconds."""
        return self.time._now

    def connect_world(self, world: World) -> None:
        """Wires the board to a world that moves by itself."""
        self.processor.world = world

    def power_on(self) -> None:
        """The board boots from power-up."""
        self._boot(PWRON_RESET)

    def power_off(self) -> None:
        """The power goes at once; the flash keeps what has been programmed."""
        self._chip_stops()
        self.timers.reset()
        self.garbage.reset()
        self.processor.wake_us = NEVER
        self.processor.stop()

    @property
    def powered(self) -> bool:
        """Whether the board has power."""
        return self.processor.engine is not None

    def run(self, until_us: int) -> None:
        """Runs to `until_us`; returns early when the board sends or ends something."""
        self.processor.run(until_us)

    @property
    def waits_forever(self) -> bool:
        """Whether the firmware waits, and nothing is due that could end that."""
        return self.processor.idle_forever and self.exit_code is None

    def close(self) -> None:
        """Ends the engine, with its process if it has one."""
        if self.processor.engine is not None:
            self.processor.engine.close()
            self.processor.engine = None

    def _boot(self, cause: int) -> None:
        """Starts the firmware after a reset of the whole chip."""
        self._chip_stops()
        self._cause = cause
        self._repl_mode = self._first_mode
        self._start()

    def _chip_stops(self) -> None:
        """Everything on the chip loses its state, but for timers and collector."""
        self.close()
        self.watchdog.reset()
        self.processor.restart()
        self.gpio.reset()
        self.clock.reset()
        self.serial.reset()

    def _reboot(self) -> None:
        """Starts the firmware after a soft reset: outputs, watchdog and clock go on."""
        self.close()
        self._print(REBOOT_MESSAGE)
        self.gpio.soft_reset()
        self.processor.restart(outputs_stay=True)
        for line in self.uarts.lines:
            line.reset()
        self.serial.usb.interrupt_character = CTRL_C
        self._start()

    def _start(self) -> None:
        self.timers.reset()
        self.garbage.reset()
        self.boots += 1
        self.exit_code = self._exit_error = self._program_error = None
        self.processor.engine = start_engine(self.engine_name, self._link(self._cause))

    def _link(self, cause: int) -> BoardLink:
        profile = self.profile
        return BoardLink(
            words=self.words,
            costs=profile.costs(),
            profile={
                "COST_SERIAL": profile.serial_us + profile.bytecode_us,
                "CPU_HZ": profile.cpu_hz,
                "HARD_TIMER": profile.hard_timer,
                "HEAP_FREE": profile.heap_free_bytes,
                "HEAP_SIZE": profile.heap_bytes,
                "MACHINE_NAME": profile.machine,
                "PIN_COUNT": profile.pin_count,
                "PIN_NAMES": dict(profile.pin_names),
                "PINS_ADC": profile.pins_adc,
                "PINS_PWM": profile.pins_pwm,
                "RANDOM_SEED": draw(self.seed, "random", self.boots),
                "REPL": self._repl_mode,
                "RESET_CAUSE": cause,
                "STACK_SIZE": profile.stack_bytes,
                "UNIQUE_ID": self.unique_id,
                "WDT_LIMIT_MS": profile.wdt_limit_ms,
            },
            files=self.flash.files,
            serve_immediately=self.processor.serve_immediately,
            moment_us=self.processor.moment_us,
            loop_us=profile.loop_us if self.loops_tick else 0,
        )

    def _watchdog_bites(self) -> None:
        self._boot(WDT_RESET)

    def _later(self, action: Callable[[], None]) -> None:
        """Does it as soon as the firmware has handed over; until then its main loop waits."""
        self.time.call_at(self.time._now, action)
        self.processor.wake_us = NEVER

    def _lose_power(self) -> None:
        self._later(self.power_off)

    def _serve_reset(self, _payload: bytes) -> bytes:
        self._later(lambda: self._boot(WDT_RESET))
        return b""

    def _serve_exit(self, payload: bytes) -> bytes:
        if self.words[REBOOT]:
            self._repl_mode = self.words[ARG0 + 1]
            self._later(self._reboot)
            return b""
        self.exit_code = self.words[ARG0]
        self.exit_text = bytes(payload).decode()
        if self.exit_text:
            self.on_report(self.exit_text)
        if self.exit_code:
            self._exit_error = self._error("the firmware stopped", self.exit_text)
        self.processor.wake_us = NEVER
        self.processor.stop()
        return b""

    def _serve_failed(self, payload: bytes) -> bytes:
        self._program_error = self._error("the firmware stopped", bytes(payload).decode())
        return b""

    def _serve_probe(self, payload: bytes) -> bytes:
        self.probe_names = tuple(bytes(payload).decode().split("\n"))
        return b""

    def _serve_unhandled(self, payload: bytes) -> bytes:
        text = bytes(payload).decode()
        self.unhandled.append(self._error("a callback of the firmware raised", text))
        self.on_report(text)
        return b""

    def _print(self, text: str) -> None:
        """Text of the interpreter itself goes where the script's goes: to the USB port."""
        self.serial.usb.board_sends(text.replace("\n", "\r\n").encode())

    def _serve_random(self, _payload: bytes) -> bytes:
        start, count = self._draws, self.words[ARG0]
        self._draws += count
        return bytes(draw(self.seed, "urandom", start + n) & 255 for n in range(count))

    def _error(self, what: str, traceback: str) -> FirmwareError:
        last = traceback.strip().rsplit("\n", 1)[-1]
        moment_s = self.processor.moment_us() / 1e6
        return FirmwareError(f"{what} at {moment_s:.6f} s: {last}; see its traceback", traceback)

    def check(self) -> None:
        """Raises FirmwareError when the firmware's main program ended with an exception."""
        if self._exit_error is not None:
            raise self._exit_error

    def check_program(self) -> None:
        """Raises FirmwareError when a callback raised, or the program before a REPL that serves.

        A callback's error is raised once, as the firmware goes on.
        """
        if self.unhandled:
            raise self.unhandled.pop(0)
        if self._program_error is not None:
            raise self._program_error
