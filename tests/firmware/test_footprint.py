"""What the firmware takes of flash and heap, measured on the 32-bit engine."""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from penloop.mpy import compiled
from penloop.mpy_code import function_sizes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool():
    """tools/footprint.py as a module."""
    spec = importlib.util.spec_from_file_location("footprint", ROOT / "tools" / "footprint.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def heap(tool):
    """The heap in a treatment."""
    return tool.measure()


HEAP_KB = re.compile(r"\d+\.\d")  # sizes of files are whole numbers of bytes
NOISE_KB = 0.5  # a change of the simulator's side moves where tables and names fall


def test_the_document_says_what_is_measured(tool, heap):
    text = tool.document(heap, tool.measure(as_source=True), tool.Files.compiled())
    stored = tool.TABLE.read_text()
    assert HEAP_KB.sub("", stored) == HEAP_KB.sub("", text), "run: python tools/footprint.py"
    told, measured = ([float(kb) for kb in HEAP_KB.findall(part)] for part in (stored, text))
    assert told == pytest.approx(measured, abs=NOISE_KB), "run: python tools/footprint.py"


@pytest.mark.verifies("R-808")
def test_the_firmware_keeps_at_most_its_share_of_the_heap(tool, heap):
    assert heap.made <= tool.KEPT_LIMIT_KIB * tool.KIB


@pytest.mark.verifies("R-808")
def test_at_the_worst_moment_of_a_treatment_enough_is_free(tool, heap):
    assert tool.lowest_free(heap) >= tool.FREE_LIMIT_KIB * tool.KIB


def test_the_collections_lose_nothing_that_the_firmware_needs(tool, heap):
    pen, bench = tool.connect("cpython")
    with pen:
        tool.treatment(pen, bench)
        assert bench.trace().digest() == heap.digest


def test_what_a_module_keeps_is_counted(tool, heap, tmp_path):
    firmware = tmp_path / "firmware"
    shutil.copytree(ROOT / "firmware", firmware)
    with (firmware / "penfw" / "limits.py").open("a") as file:
        file.write("\nWEIGHT = bytearray(4000)\n")
    heavier = tool.measure(options=f"&firmware={firmware}")
    assert heavier.made - heap.made == pytest.approx(4000, abs=1500)


def test_what_a_pass_allocates_is_counted(tool, heap, tmp_path):
    firmware = tmp_path / "firmware"
    shutil.copytree(ROOT / "firmware", firmware)
    pen = firmware / "penfw" / "pen.py"
    pen.write_text(pen.read_text().replace("def step(self):", "def step(self, _x=None):", 1))
    text = pen.read_text().replace("now_ms = self.pass_time()", "now_ms = self.pass_time()\n"
                                   "        bytearray(8000)", 1)  # fmt: skip
    pen.write_text(text)
    heavier = tool.measure(options=f"&firmware={firmware}")
    assert heavier.used - heap.used == pytest.approx(8000, abs=1500)


SOURCE = b"""
def f(a):
    def g():
        return a
    return g

def h():
    return 1.5, "x y"
"""


def test_every_function_of_an_mpy_file_is_found_and_native_ones_are_larger(monkeypatch):
    monkeypatch.setattr("penloop.mpy._NATIVE_PATHS", frozenset(("/native.py",)))
    bytecode = function_sizes(compiled("/plain.py", SOURCE))
    assert len(bytecode) == 3
    for architecture in ("armv6m", "armv7emsp", "xtensawin", "x64"):
        assert function_sizes(compiled("/plain.py", SOURCE, architecture)) == bytecode
        native = function_sizes(compiled("/native.py", SOURCE, architecture))
        assert len(native) == 3
        assert sum(native) > 2 * sum(bytecode)
