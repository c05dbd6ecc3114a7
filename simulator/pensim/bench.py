"""The bench: one simulated pen with its firmware, its operator and its recorder.

bench = Bench(seed=7)
bench.operator.insert_cartridge()
bench.run(1.0)
"""

import platform
import sys
from array import array
from collections.abc import Mapping
from typing import Any

from pensim.board.board import VirtualBoard
from pensim.board.profile import PICO, BoardProfile
from pensim.electronics import Electronics, Wiring
from pensim.firmware import Firmware
from pensim.operator import Operator
from pensim.plant import Kernel, kernel_name
from pensim.plant.axis import DepthAxis
from pensim.plant.constants import RAD_PER_DEG, flatten
from pensim.plant.kernel import PLANT_SIGNALS
from pensim.plant.parameters import PenParameters, Skin
from pensim.plant.presets import NO_CARTRIDGE, SKINS
from pensim.recorder import Recorder
from pensim.trace import Column, Trace, TraceHeader

LINK_PORT = 0  # the link's UART


class Bench:
    """A pen in virtual time.

    Parameters
    ----------
    firmware: what the board carries; the installed one by default
    engine: "cpython", "micropython" or "micropython32"
    seed: of everything random
    parameters: the pen, its battery, the room
    settings: firmware settings that differ from the defaults, by name
    calibrated: whether the pen comes with calibration values
    start_depth_um, crank_deg: where the nose and the crank stand at first; 0 is needles retracted
    wiring: which pin drives and reads which part, where it is not as the firmware expects
    repl: the board serves its REPL once main.py has ended, see VirtualBoard
    skins: zones beside those of `presets.SKINS`, or in the place of one
    """

    def __init__(
        self,
        firmware: Firmware | None = None,
        engine: str = "cpython",
        seed: int = 0,
        parameters: PenParameters | None = None,
        profile: BoardProfile = PICO,
        settings: dict[str, int] | None = None,
        calibrated: bool = True,
        start_depth_um: float = 300.0,
        crank_deg: float = 0.0,
        wiring: Wiring | None = None,
        repl: bool = False,
        skins: Mapping[str, Skin] | None = None,
    ) -> None:
        self.firmware = firmware or Firmware.installed()
        self.engine = engine
        self.seed = seed
        self.parameters = parameters or PenParameters()
        self.settings = {"calibrated": int(calibrated), **(settings or {})}
        self._repl = repl
        self.board = VirtualBoard(self.firmware, engine, profile, seed, repl=repl)
        self.board.flash.install(_settings_slot(self.settings))
        codes = array("i", [0] * 4)
        row = array("i", [0] * len(PLANT_SIGNALS))
        self.kernel: Any = Kernel(flatten(self.parameters, seed), codes, row)
        self.kernel.place(crank_deg * RAD_PER_DEG, 0.0)
        self.axis = DepthAxis(start_depth_um)
        self.kernel.set_protrusion(self.axis.protrusion_m)
        self.electronics = Electronics(self.board, self.kernel, codes, self.axis, wiring)
        self.kernel.set_cartridge(NO_CARTRIDGE)
        self.skins = dict(skins or {})
        self.operator = Operator(
            self.time, self.electronics, self.kernel, self.board.i2c, {**SKINS, **self.skins}
        )
        columns = [Column("plant." + name, unit) for name, unit in PLANT_SIGNALS]
        self.recorder = Recorder(self.board, self.kernel, columns)
        self.board.power_on()

    @property
    def time(self) -> Any:
        """The SimPy environment."""
        return self.board.time

    @property
    def now_s(self) -> float:
        """Virtual seconds since the bench began."""
        return self.board.now_us / 1e6

    def run(self, seconds: float) -> None:
        """Runs for a span of virtual time.

        Raises FirmwareError when the firmware ends with an exception; also when a callback
        raised: that ended the callback, and the firmware goes on in the next run.
        """
        self.run_until_us(self.board.now_us + round(seconds * 1e6))

    def run_until_us(self, until_us: int) -> None:
        """Runs to a point of virtual time."""
        board = self.board
        while board.now_us < until_us:
            board.run(until_us)
            if board.unhandled and not self._repl:
                raise board.unhandled.pop(0)
            board.check()

    @property
    def punctures(self) -> list[tuple[int, int]]:
        """(end of the insertion us, deepest um) of every stroke into skin, up to 10 ms ago."""
        return self.recorder.punctures

    def signal(self, name: str) -> int:
        """A signal of the firmware as it is now, by its name without `pen.`."""
        names = [pair.partition("\t")[0] for pair in self.board.probe_names]
        return self.board.processor.engine.probe()[names.index(name)]

    def header(self) -> TraceHeader:
        """What reproduces this run, and what it was made with."""
        reproduce = {
            "firmware": self.firmware.sha256,
            "seed": self.seed,
            "settings": self.settings,
            "parameters": repr(self.parameters),
            "skins": {zone: repr(skin) for zone, skin in self.skins.items()},
            "board": repr(self.board.profile),
            "operator": self.operator.log,
        }
        environment = {
            "engine": self.engine,
            "kernel": kernel_name(),
            "python": sys.version.split()[0],
            "platform": platform.platform(),
        }
        return TraceHeader(reproduce, environment)

    def trace(self) -> Trace:
        """What has been recorded."""
        return self.recorder.trace(self.header())

    def close(self) -> None:
        """Ends the engine; its subprocess does not outlive the bench."""
        self.board.close()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _settings_slot(changes: dict[str, int]) -> dict[str, bytes]:
    """A settings slot as the pen writes it, with some values changed."""
    from penfw import settings as table
    from penfw import store

    values = list(table.DEFAULTS)
    for name, value in changes.items():
        values[table.index(name)] = value
    return {"/settings_a": store.encode(values, 1)}
