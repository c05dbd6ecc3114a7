"""The virtual board: processor, pins and peripherals of one Pico, and its resets."""

from array import array

from pensim.board.flash import Flash, FlashController
from pensim.board.gpio import Gpio
from pensim.board.i2c import I2CBuses
from pensim.board.near import _layout as layout
from pensim.board.near._layout import ARG0
from pensim.board.processor import Processor, World
from pensim.board.profile import PICO, BoardProfile
from pensim.board.serial_lines import SerialLines
from pensim.board.timers import Timers, Watchdog
from pensim.board.virtual_time import NEVER, VirtualTime
from pensim.engines import BoardLink, start_engine
from pensim.errors import FirmwareError
from pensim.firmware import Firmware

PWRON_RESET, WDT_RESET = 1, 3


class VirtualBoard:
    """One board with its flash and its firmware, powered by `power_on`.

    Parameters
    ----------
    firmware: files put on the flash at first power-up
    engine: "cpython", "micropython" or "micropython32"
    seed: of everything random on this board
    """

    def __init__(
        self,
        firmware: Firmware,
        engine: str = "cpython",
        profile: BoardProfile = PICO,
        seed: int = 0,
        unique_id: bytes = b"penloop\0",
    ) -> None:
        self.profile = profile
        self.firmware = firmware
        self.engine_name = engine
        self.seed = seed
        self.unique_id = unique_id
        self.time = VirtualTime()
        self.words = array("i", [0] * layout.WORDS)
        self.flash = Flash(profile.flash_bytes)
        self.flash.install(dict(firmware.files))
        self.processor = Processor(self.time, self.words, profile.interrupt_exit_us)
        self.gpio = Gpio(self.processor, profile)
        self.timers = Timers(self.time, self.processor, profile)
        self.watchdog = Watchdog(self.time, self.processor, self._watchdog_bites)
        self.serial = SerialLines(self.processor)
        self.i2c = I2CBuses(self.processor)
        self.files = FlashController(self.flash, self.processor, profile)
        self.boots = 0
        self.exit_code: int | None = None
        self.exit_text = ""
        self.unhandled: list[str] = []
        self.probe_names: tuple[str, ...] = ()
        serve = self.processor.serve
        serve[layout.RESET] = self._serve_reset
        serve[layout.EXIT] = self._serve_exit
        serve[layout.PROBE] = self._serve_probe
        serve[layout.UNHANDLED] = self._serve_unhandled

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

    def run(self, until_us: int) -> None:
        """Runs to `until_us`; returns early when the board sends or ends something."""
        self.processor.run(until_us)

    def close(self) -> None:
        """Ends the engine, with its process if it has one."""
        if self.processor.engine is not None:
            self.processor.engine.close()
            self.processor.engine = None

    def _boot(self, cause: int) -> None:
        self.close()
        self.timers.reset()
        self.watchdog.reset()
        self.processor.restart()
        self.gpio.reset()
        self.boots += 1
        self.exit_code = None
        self.processor.engine = start_engine(self.engine_name, self._link(cause))

    def _link(self, cause: int) -> BoardLink:
        profile = self.profile
        return BoardLink(
            words=self.words,
            costs=profile.costs(),
            profile={
                "COST_SERIAL": profile.serial_us + profile.bytecode_us,
                "CPU_HZ": profile.cpu_hz,
                "GC_US": profile.gc_us,
                "HEAP_FREE": profile.heap_free_bytes,
                "PIN_NAMES": dict(profile.pin_names),
                "PINS_ADC": profile.pins_adc,
                "PINS_PWM": profile.pins_pwm,
                "RESET_CAUSE": cause,
                "UNIQUE_ID": self.unique_id,
            },
            files=dict(self.flash.files),
            serve_immediately=self.processor.serve_immediately,
        )

    def _watchdog_bites(self) -> None:
        self._boot(WDT_RESET)

    def _serve_reset(self, _payload: bytes) -> bytes:
        self.time.call_at(self.time._now, lambda: self._boot(WDT_RESET))
        self.processor.wake_us = NEVER
        return b""

    def _serve_exit(self, payload: bytes) -> bytes:
        self.exit_code = self.words[ARG0]
        self.exit_text = bytes(payload).decode()
        self.processor.wake_us = NEVER
        self.processor.stop()
        return b""

    def _serve_probe(self, payload: bytes) -> bytes:
        self.probe_names = tuple(bytes(payload).decode().split("\n"))
        return b""

    def _serve_unhandled(self, payload: bytes) -> bytes:
        self.unhandled.append(bytes(payload).decode())
        return b""

    def check(self) -> None:
        """Raises FirmwareError when the firmware's main program ended with an exception."""
        if self.exit_code:
            seconds = self.now_us / 1e6
            last = self.exit_text.strip().rsplit("\n", 1)[-1]
            raise FirmwareError(
                f"the firmware stopped at {seconds:.6f} s: {last}; see its traceback",
                self.exit_text,
            )
