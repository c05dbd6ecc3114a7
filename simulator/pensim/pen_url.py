"""The options of a `sim://` URL, and the bench that they describe."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pensim.bench import Bench
from pensim.board.near._layout import PORT_USB
from pensim.electronics import BARE, Wiring
from pensim.engines import ENGINES
from pensim.errors import ScenarioError
from pensim.firmware import Firmware
from pensim.operator_script import load_script, run_script
from pensim.pen_file import find_pen
from pensim.plant.presets import CARTRIDGES, SKINS

PORTS = {"uart": 0, "usb": PORT_USB}


@dataclass(frozen=True)
class PenUrl:
    """The options of a `sim://` URL."""

    name: str = ""
    port: str = "uart"
    engine: str = "cpython"
    seed: int = 0
    zone: str = ""
    cartridge: str = "12 needles"
    operator: str = ""
    firmware: str = ""
    pen: str = "reference"  # or a file, see pen_file.py
    wiring: str = ""  # "bare", or two GP numbers that are exchanged, such as 16-21
    pace: float = 0.0
    calibrated: int = 1  # 0: as a pen that has just been built

    @classmethod
    def parse(cls, url: str) -> "PenUrl":
        """Reads a URL. Raises ScenarioError naming the option and what it takes."""
        parts = urlsplit(url)
        if parts.scheme != "sim":
            raise ScenarioError(f"{url!r} is not a sim:// URL")
        known = {name: item for name, item in cls.__dataclass_fields__.items() if name != "name"}
        pen = cls(name=parts.netloc or parts.path.strip("/"))
        for key, text in parse_qsl(parts.query, keep_blank_values=True):
            if key not in known:
                raise ScenarioError(f"sim:// has no option {key!r}: use {', '.join(known)}")
            pen = replace(pen, **{key: _value(key, text, type(known[key].default))})
        return pen

    def make_bench(self) -> Bench:
        """A pen as the URL describes it, its cartridge in and its operator's script running.

        Raises ScenarioError.
        """
        pen = find_pen(self.pen)
        zones = {**SKINS, **pen.skins}
        if self.zone and self.zone not in zones:
            raise ScenarioError(f"sim:// option zone={self.zone!r}: choose {', '.join(zones)}")
        script = load_script(Path(self.operator)) if self.operator else None
        firmware = Firmware.from_directory(self.firmware) if self.firmware else None
        bench = Bench(
            firmware=firmware,
            engine=self.engine,
            seed=self.seed,
            calibrated=self.calibrated > 0,
            parameters=pen.parameters,
            skins=pen.skins,
            repl=True,
            wiring=wiring_of(self.wiring),
        )
        if self.wiring == "bare":
            bench.operator.unplug_sensors()
        if self.port == "usb":  # a cable that powers the board, too
            bench.operator.usb_power()
        if script is not None:
            run_script(bench.operator, script)
        elif self.cartridge != "none":
            bench.operator.insert_cartridge(self.cartridge)
        if self.zone:
            bench.operator.touch(self.zone)
        return bench


_CHOICES: dict[str, Any] = {
    "port": PORTS,
    "engine": ENGINES,
    "cartridge": (*CARTRIDGES, "none"),
}


def wiring_of(text: str) -> Wiring:
    """The wiring that a text asks for: "", "bare", or two pins exchanged. Raises ScenarioError."""
    if text in ("", "bare"):
        return BARE if text else Wiring()
    first, _, second = text.partition("-")
    try:
        return Wiring().swapped(int(first), int(second))
    except ValueError:
        raise ScenarioError(
            f"wiring={text!r}: give bare, or two GP numbers of the pen that are"
            " exchanged, such as 16-21"
        ) from None


def _value(key: str, text: str, kind: type) -> Any:
    if key in _CHOICES and text and text not in _CHOICES[key]:
        raise ScenarioError(f"sim:// option {key}={text!r}: choose {', '.join(_CHOICES[key])}")
    try:
        value = kind(text)
    except ValueError:
        raise ScenarioError(f"sim:// option {key}={text!r} is not a number: write digits") from None
    if kind is not str and value < 0:
        raise ScenarioError(f"sim:// option {key}={text!r} must not be negative: give 0 or more")
    return value
