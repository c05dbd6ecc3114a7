"""The firmware uses nothing that differs between interpreters, and each lint notices a breach."""

import pytest

from penloop.mpy import NATIVE_MODULES, SMALL_INT_BITS, compile_firmware
from pensim import Firmware
from tests.house.portability import formatted_strings, interrupt_modules, unportable
from tests.house.sources import PACKAGES, modules, report

FIRMWARE = modules("penfw")


def test_firmware_is_portable():
    found = []
    for path in FIRMWARE:
        found += report(path, unportable(path.read_text()))
    assert found == []


def test_interrupt_formats_no_strings():
    found = []
    for name in sorted(interrupt_modules()):
        path = PACKAGES["penfw"] / f"{name}.py"
        found += report(path, formatted_strings(path.read_text()))
    assert found == []


def test_modules_of_the_interrupt_are_found_through_its_imports():
    assert {"control", "states", "faults"} <= interrupt_modules()
    assert "settings" not in interrupt_modules()


# Number of an architecture in a .mpy file's third byte, above two bits of version.
ARCHITECTURES = {"armv6m": 4, "armv7emsp": 7, "xtensawin": 10, "x64": 2, "bytecode": 0}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_file_compiles_for_every_board_the_interrupt_s_as_native_code(architecture):
    sources = dict(Firmware.installed().files)
    compiled = compile_firmware(sources, architecture)
    assert len(compiled) == len(sources)
    for path, mpy in compiled.items():
        assert path.endswith(".mpy")
        native = path.removeprefix("/penfw/").removesuffix(".mpy") in NATIVE_MODULES
        assert (mpy[:1], mpy[3]) == (b"M", SMALL_INT_BITS)
        assert mpy[2] >> 2 & 15 == (ARCHITECTURES[architecture] if native else 0), path


@pytest.mark.parametrize(
    "line",
    [
        "x = 0.5",
        "x = 1e3",
        "x = y / 2",
        "x /= 2",
        "x = float(y)",
        "x = hash(y)",
        "x = id(y)",
        "x = sys.implementation",
        "from sys import implementation",
        "x = gc.mem_free()",
        "from gc import mem_alloc",
        "@micropython.native\ndef f(): pass",
        "@viper\ndef f(): pass",
        "@rp2.asm_pio(a=1)\ndef f(): pass",
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "for x in table.items(): pass",
        "x = [k for k in {1: 2}]",
        "table = {}\nfor x in table: pass",
        "self.table = dict(a=1)\nx = list(self.table)",
        "table: dict = {1: 2}\nx = [*table]",
        "x = list(d.keys())",
        "try: pass\nexcept OSError as e: x = str(e)",
        "try: pass\nexcept OSError as e: x = e.args[0]",
        "try: pass\nexcept (Refusal, OSError) as e: print(e)",
    ],
)
def test_unportable_line_is_noticed(line):
    assert len(unportable(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "x = y // 2",
        "x = table.get(1)",
        "table = {}\ntable[1] = 2\nfor x in (1, 2): pass",
        "x = 3 in {1, 2}",
        "pin.id = 3",
        "try: pass\nexcept OSError as e: x = e.errno",
        "try: pass\nexcept Refusal as e: x = e.args",
        "@property\ndef f(self): pass",
    ],
)
def test_portable_line_passes(line):
    assert unportable(line) == []


def test_formatted_string_is_noticed():
    assert len(formatted_strings("x = f'{y}'")) == 1
    assert formatted_strings("x = 'y'") == []
