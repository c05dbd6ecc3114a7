"""Opens a serial port by name or URL: a device, `socket://`, `rfc2217://`, or a scheme that an
installed package offers in the entry-point group `penloop.serial_schemes`, such as `sim://`.

DTR and RTS stay as the system sets them at open and are never touched.
"""

from __future__ import annotations

import errno
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

import serial

from penhost.errors import PortBusy, PortError, PortNotFound, PortNotPermitted
from penhost.socket_port import SocketPort

SCHEMES_GROUP = "penloop.serial_schemes"
NETWORK_SCHEMES = ("socket", "rfc2217")
READ_TIMEOUT_S = 0.01  # how long one read waits: time-outs are kept to this
WRITE_TIMEOUT_S = 1.0  # a port that takes no data for so long is not a pen's

_MEANINGS: tuple[tuple[tuple[int, ...], tuple[str, ...], type[PortError], str, str], ...] = (
    (
        (errno.EBUSY, errno.EAGAIN),
        ("exclusively lock",),
        PortBusy,
        "is in use",
        "close the other program that uses it",
    ),
    (
        (errno.EACCES, errno.EPERM),
        ("PermissionError", "Access is denied"),
        PortNotPermitted,
        "may not be opened",
        "add yourself to its group (on Linux: `sudo usermod -aG dialout $USER`, then log in anew),"
        " or close the program that uses it",
    ),
    (
        (errno.ENOTTY, errno.EISDIR),
        ("Inappropriate ioctl",),
        PortError,
        "is no serial port",
        "`penloop ports` lists those that are there",
    ),
    (
        (errno.ECONNREFUSED,),
        ("refused",),
        PortNotFound,
        "is closed",
        "nothing listens there: is `penloop share` or `penloop sim --tcp` running?",
    ),
    (
        (),
        ("Name or service", "name resolution", "No address", "nodename nor", "getaddrinfo"),
        PortNotFound,
        "cannot be reached",
        "no such host: check its name, or give its number",
    ),
    (
        (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT),
        ("No route", "unreachable", "timed out"),
        PortNotFound,
        "cannot be reached",
        "its host does not answer: check the address and the network",
    ),
    (
        (errno.ENOENT, errno.ENXIO, errno.ENODEV),
        ("FileNotFoundError",),
        PortNotFound,
        "does not exist",
        "plug the pen in; `penloop ports` lists what is there",
    ),
)


def open_port(url: str, baudrate: int = 115200) -> Any:
    """An open pyserial port, held exclusively. Raises a PortError."""
    scheme = url.lower().partition("://")[0] if "://" in url else ""
    if scheme in NETWORK_SCHEMES:
        _check_address(url)
    _load_scheme(scheme)
    options: dict[str, Any] = {"baudrate": baudrate, "timeout": READ_TIMEOUT_S, "exclusive": True}
    if scheme != "rfc2217":  # has no write time-out
        options["write_timeout"] = WRITE_TIMEOUT_S
    try:
        opener = SocketPort if scheme == "socket" else serial.serial_for_url
        return opener(url, **options)
    except (OSError, ValueError) as error:
        raise _meaning(url, error) from error


def _check_address(url: str) -> None:
    """Raises PortError; pyserial tells of its own insides instead."""
    try:
        address = urlsplit(url)
        whole = bool(address.hostname and address.port)
    except ValueError:  # a port beyond 65535
        whole = False
    if not whole:
        raise PortError(f"port {url} cannot be opened", "a socket needs HOST:PORT, 1 to 65535")


def _load_scheme(scheme: str) -> None:
    """Imports the packages that offer the scheme; each registers itself with pyserial."""
    for entry_point in entry_points(group=SCHEMES_GROUP, name=scheme):
        try:
            entry_point.load()
        except ImportError as error:
            remedy = f"reinstall the package of {entry_point.value}"
            raise PortError(f"{scheme}:// cannot be loaded ({error})", remedy) from error


def _meaning(url: str, error: Exception) -> PortError:
    text = str(error)
    number = getattr(error, "errno", None)
    for numbers, fragments, kind, what, remedy in _MEANINGS:
        if number in numbers or any(fragment in text for fragment in fragments):
            return kind(f"port {url} {what}", remedy)
    if "://" in url and ": " in text and not number:  # whoever offers the scheme says what to do
        what, _, remedy = text.rpartition(": ")
        return PortError(f"port {url} cannot be opened ({what})", remedy)
    return PortError(
        f"port {url} cannot be opened ({text})",
        "give a device such as /dev/ttyACM0 or COM3, or a URL such as sim:// or socket://HOST:PORT",
    )
