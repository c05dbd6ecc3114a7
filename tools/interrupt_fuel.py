"""What the control interrupt costs in wasm fuel: instructions of the 32-bit MicroPython.

The count is the same in every run, so a tick that has become dearer shows, be it by an operation
that the weights of interrupt_cost.py take for cheap. Each case of a fixed set is run on the plain
source, its span counted with the tick and without it; the dearest of each kind is kept.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.firmware import interrupt_cases as cases
from tests.firmware.interpreters import loading

CASES = 1500
SEED = 2
FULL = 1 << 62
TOLERANCE = 0.01  # a name more anywhere in the firmware moves others in the hash tables

_HOST = """
import json, sys
from pensim.engines.wasm_host import execute

readings, stores = [], []

def mark(*_arguments):
    readings.append(stores[0].get_fuel())
    return 0

def run(root, fuel):
    code = "import gc; gc.disable(); exec(open('/pen/script.py').read())"
    execute(code, root, mark, lambda store, _memory: stores.append(store), fuel=fuel)

run(sys.argv[1], int(sys.argv[2]))
print(json.dumps([before - after for before, after in zip(readings[::2], readings[1::2])]))
"""
_SPANS = '''
import host

def nothing(_argument):
    pass

def span(handler):
    """Two calls of the host with a handler between them, the heap locked as on a board."""
    host.call("mark", "")
    micropython.heap_lock()
    handler(None)
    micropython.heap_unlock()
    host.call("mark", "")

HANDLERS = (nothing, subject.tick, subject.tachometer_edge, subject.top_dead_centre_edge)

def run_spans(packed):
    width = 4 * len(NAMES)
    for number in range(len(packed) // width):
        case[:] = array("i", packed[number * width : number * width + width])
        for handler in HANDLERS:
            prepare()
            span(handler)

run_spans(a2b_base64({packed!r}))
'''


def measure(texts: dict[str, str] | None = None, count: int = CASES) -> dict[str, int]:
    """{kind of interrupt: fuel of its dearest case}; `texts` are other sources of modules."""
    chosen = list(cases.random_cases(count, SEED))
    with tempfile.TemporaryDirectory(prefix="penloop-") as folder:
        spans = _spans(chosen, texts or {}, Path(folder))
    found: dict[str, int] = {}
    for case, start in zip(chosen, range(0, len(spans), 4)):
        nothing, tick, tachometer, top = spans[start : start + 4]
        kinds = {_kind(dict(zip(cases.NAMES, case))): tick, "tachometer_edge": tachometer,
                 "top_dead_centre_edge": top}  # fmt: skip
        for kind, span in kinds.items():
            found[kind] = max(found.get(kind, 0), span - nothing)
    return dict(sorted(found.items()))


def _spans(chosen: list[list[int]], texts: dict[str, str], folder: Path) -> list[int]:
    """Fuel between the two marks of each span, host calls included."""
    plain = {name: (cases.FIRMWARE / f"{name}.py").read_text() for name in cases.MODULES}
    spans = _SPANS.replace("{packed!r}", repr(cases.packed(chosen)))
    sources = {**cases.before(), **plain, **texts}
    (folder / "script.py").write_text(loading(sources) + cases.harness() + spans)
    command = [sys.executable, "-c", _HOST, str(folder), str(FULL)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    found: list[int] = json.loads(done.stdout)
    return found


def _kind(case: dict[str, int]) -> str:
    if case["fails"]:
        return "tick, after an exception"
    if case["odd"]:  # the tick before this one
        return "tick, even"
    return f"tick, odd, {'measuring' if case['slot'] & 1 else 'steering'}"


HEAD = f"""
## Fuel

WebAssembly instructions of the 32-bit MicroPython that the dearest of {CASES} fixed cases takes, as
bytecode. The board's parts are stubs here, so what C does on the chip is not in it. The count is
the same in every run of the same firmware. A test fails when it differs from this table by more
than {TOLERANCE:.0%}, which is what names elsewhere in the firmware can do, in the same hash tables.

| interrupt | fuel |
|---|---|
"""


def documented(text: str) -> dict[str, int]:
    """The figures of the document."""
    rows = text.rpartition("|---|---|\n")[2].strip().split("\n")
    cells = [row.strip("| ").split(" | ") for row in rows]
    return {kind: int(fuel.replace(",", "")) for kind, fuel in cells}


def table(found: dict[str, int]) -> str:
    """The section of the document."""
    return HEAD + "".join(f"| {kind} | {fuel:,} |\n" for kind, fuel in found.items())
