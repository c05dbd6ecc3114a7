"""The firmware's files on real MicroPython: they compile for the board and they import."""

from pathlib import Path

import pytest

from penfw import pins_pico
from pensim.electronics import Wiring
from pensim.engines import ENGINES
from pensim.firmware import Firmware

FILES = dict(Firmware.installed().files)
MODULES = sorted(
    Path(name).with_suffix("").as_posix().strip("/").replace("/", ".").removesuffix(".__init__")
    for name in FILES
    if name != "/main.py"
)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_module_imports_on_the_virtual_board(make_bench, engine):
    lines = [f"import {name}\nprint('{name}')" for name in MODULES]
    script = "\n".join(lines).encode()
    files = {**FILES, "/main.py": script}
    bench = make_bench(firmware=Firmware(tuple(sorted(files.items()))), engine=engine)
    usb = bench.board.serial.lines[2]
    usb.connected = True
    bench.run(2.0)
    assert usb.take(10_000).decode().split() == MODULES


def test_the_simulated_wiring_is_the_firmware_s_pin_map():
    wiring = Wiring()
    assert wiring.led == (pins_pico.LED_RED, pins_pico.LED_GREEN, pins_pico.LED_BLUE)
    for name in vars(wiring):
        if name not in ("led", "cartridge_bus"):
            assert getattr(wiring, name) == getattr(pins_pico, name.upper()), name
    assert wiring.cartridge_bus == pins_pico.CARTRIDGE_I2C
