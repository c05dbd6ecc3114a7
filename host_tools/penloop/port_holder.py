"""Who has a port open, where the system tells."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from penhost.errors import PenError, PortBusy
from penhost.ports import NETWORK_SCHEMES

PROCESSES = Path("/proc")
NETWORK = tuple(f"{scheme}://" for scheme in NETWORK_SCHEMES)
SHARED = "end it, or let it share the pen: `penloop share`"


def holders(device: str) -> list[str]:
    """Programs that have the device open, as `name (process 1234)`; of other users', none.

    `penloop sim` is no such program: it is the pen itself.
    """
    with suppress(OSError):
        wanted = os.path.realpath(device)
        found = {pid for pid, path in _open_files() if path == wanted} - {os.getpid()}
        names = {pid: _name(pid) for pid in sorted(found)}
        return [f"{name} (process {pid})" for pid, name in names.items() if not _is_a_pen(name)]
    return []


def busy(port: str, error: PenError) -> PenError:
    """The error of a port that another program holds: which one, and how both can have the pen."""
    who = f" by {', '.join(names)}" if (names := holders(port)) else ""
    return PortBusy(f"{error.message}{who}", SHARED)


def hung_up(port: str, error: PenError) -> PenError:
    """The error of a port that went while its pen was greeted: a network's serves one client."""
    if not port.lower().startswith(NETWORK):
        return error
    remedy = f"another client may have the pen: {SHARED}"
    return PortBusy(f"port {port} hangs up at once", remedy)


def _is_a_pen(name: str) -> bool:
    return "penloop sim" in name


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
