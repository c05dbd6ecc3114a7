"""Who has a port open, where the system tells."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")


def holders(device: str) -> list[str]:
    """Programs that have the device open, as `name (process 1234)`; of other users', none."""
    with suppress(OSError):
        wanted = os.path.realpath(device)
        found = {pid for pid, path in _open_files() if path == wanted}
        return [f"{_name(pid)} (process {pid})" for pid in sorted(found - {os.getpid()})]
    return []


def _open_files() -> Iterator[tuple[int, str]]:
    for process in PROCESSES.iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                for descriptor in (process / "fd").iterdir():
                    with suppress(OSError):
                        yield int(process.name), os.readlink(descriptor)


def _name(pid: int) -> str:
    """The program's words, as far as they tell it apart: `python -m penloop monitor`."""
    words = (PROCESSES / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return " ".join([os.path.basename(words[0]), *words[1:4]]).strip()
