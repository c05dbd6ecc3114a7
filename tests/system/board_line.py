"""A simulated board on a line, and firmwares to flash onto it."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from penloop.flashing.line import Line
from penloop.flashing.procedure import Wish, flash
from pensim import Bench, Firmware

SOURCES = Path(__file__).parents[2] / "firmware"
# A firmware of three small files: it says its name on the USB serial, and stays.
TINY_STARTUP = """import time
from penfw.part import NAME
def run(trial_timer=None):
    if trial_timer is not None:
        trial_timer.deinit()
    print("version", NAME)
    while True:
        time.sleep_ms(10)
"""


@contextmanager
def board(options: str = "", port: str = "usb") -> Iterator[Line]:
    """A line to a simulated pen."""
    line = Line(f"sim://?port={port}&{options}")
    try:
        yield line
    finally:
        line.close()


def bench_of(line: Line) -> Bench:
    """The bench behind a line."""
    return line.port.bench


def flashed(line: Line, firmware: Firmware | None = None, rehearsal: bool = False) -> str:
    """Flashes; returns what was said."""
    text = io.StringIO()
    console = Console(file=text, width=200)
    flash(line, Wish(firmware or Firmware.installed(), rehearsal=rehearsal), console)
    return text.getvalue()


def with_changes(changes: dict[str, tuple[str, str]]) -> Firmware:
    """The firmware with one text replaced in each of some modules; it has to be there."""
    files = dict(Firmware.installed().files)
    for name, (old, new) in changes.items():
        path = f"/penfw/{name}.py"
        source = files[path].decode()
        assert old in source, name
        files[path] = source.replace(old, new, 1).encode()
    return Firmware(tuple(sorted(files.items())))


def tiny_firmware(folder: Path, name: str, padding: int = 1500) -> Path:
    """A source directory with the real main.py and next to nothing else."""
    package = folder / name / "penfw"
    package.mkdir(parents=True)
    shutil.copy(SOURCES / "penfw" / "main.py", package / "main.py")
    (package / "__init__.py").write_text("")
    (package / "startup.py").write_text(TINY_STARTUP)
    (package / "part.py").write_text(f"NAME = {name!r}\n" + "#" * padding + "\n")
    return folder / name
