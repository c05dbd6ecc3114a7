"""What is wrong with a connection to a pen: checks, one after another, each with its remedy.

They ask and measure, and change nothing at the pen.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from penfw import protocol, settings
from penhost import Pen, PenError
from penhost.description import fingerprint
from penhost.errors import NotAPen, PenSilent, PortNotPermitted, ReplAnswers
from penhost.ports import open_port
from penhost.replies import Status
from penloop.connection import greeted, open_pen_port
from penloop.port_discovery import only_pen

OK, WARN, FAIL = "ok", "warn", "fail"
REQUESTS = 40
SIGNALS = 8
PERIOD_MS = 20
LISTEN_S = 2.0
SLOW_MS = 100  # a round trip on a good line takes 13 ms at 115,200 baud
# Of other pens and adapters; asked where nothing sensible answers at the pen's own rate.
BAUDS = (9600, 19200, 38400, 57600, 230400, 460800, 921600)
LOOK_US = 600_000  # at each of them: two requests
SLOW_REMEDY = (
    "end what keeps the computer busy, use a wired connection; on Linux set the adapter's"
    " latency_timer to 1 ms"
)
NOISE_REMEDY = "check cable and ground, use a shorter cable or an isolated adapter"


@dataclass(frozen=True)
class Check:
    """What was looked at, OK, WARN or FAIL, what was found and what to do, if anything."""

    name: str
    verdict: str
    found: str
    remedy: str = ""


def diagnose(port: str) -> Iterator[Check]:
    """The checks' results as they come; the first that keeps the pen from answering is the last.

    Without a port it is that of the only pen. Raises UserError.
    """
    port = port or only_pen()
    try:
        opened = open_pen_port(port)
    except PenError as error:
        yield _port_trouble(port, error)
        return
    yield Check("port", OK, f"{port} is open")
    try:
        pen = greeted(opened, port)
    except PenError as error:
        yield _answer_trouble(port, error)
        return
    with pen:
        yield Check("answer", OK, _who(pen))
        for check in CHECKS:
            try:
                yield check(pen)
            except PenError as error:
                yield Check(_name(check), FAIL, error.message, error.remedy)
                return


def _port_trouble(port: str, error: PenError) -> Check:
    found, remedy = error.message, error.remedy
    group = _group(port) if isinstance(error, PortNotPermitted) else ""
    if group:
        found += f"; it belongs to the group {group}"
        remedy = f"`sudo usermod -aG {group} $USER`, then log in anew"
    return Check("port", FAIL, found, remedy)


def _group(port: str) -> str:
    """Whose members may open the device; "" where the system has no groups."""
    with suppress(OSError, KeyError, NotImplementedError, ValueError):
        return Path(port).group()
    return ""


def _answer_trouble(port: str, error: PenError) -> Check:
    deaf = isinstance(error, (PenSilent, NotAPen)) and not isinstance(error, ReplAnswers)
    baud = _other_baud(port) if deaf and "://" not in port else 0
    if baud:
        found = f"a pen answers at {baud:,} baud, none at 115,200"
        return Check("answer", FAIL, found, "set adapter and pen to 115,200 baud")
    return Check("answer", FAIL, error.message, error.remedy)


def _other_baud(port: str) -> int:
    """The rate at which a pen answers, or 0."""
    for baud in BAUDS:
        try:
            Pen(open_port(port, baud), greeting_us=LOOK_US).close()
            return baud
        except PenError:
            continue
    return 0


def _who(pen: Pen) -> str:
    info = pen.info
    return f"pen {info.pen_id} on {info.board}, firmware {info.firmware_version}"


def _protocol(pen: Pen) -> Check:
    found = f"the pen speaks version {pen.info.protocol}, this tool {protocol.VERSION}"
    if pen.info.protocol == protocol.VERSION:
        return Check("protocol", OK, found)
    return Check("protocol", WARN, found, "update the older of the two for all that is new")


def _settings(pen: Pen) -> Check:
    own = fingerprint(row[:3] for row in settings.SETTINGS)
    if pen.schema == own:
        return Check("settings", OK, f"schema {pen.schema}, as this tool's firmware has it")
    found = f"schema {pen.schema}, this tool's firmware has {own}"
    return Check(
        "settings", WARN, found, "settings are known by name: those of both can be changed"
    )


def _round_trip(pen: Pen) -> Check:
    times_ms = []
    for _ in range(REQUESTS):
        start_us = pen.clock.now_us()
        pen.status()
        times_ms.append((pen.clock.now_us() - start_us) / 1e3)
    found = f"{median(times_ms):.1f} ms, at most {max(times_ms):.1f} ms, in {REQUESTS} requests"
    if median(times_ms) < SLOW_MS:
        return Check("round trip", OK, found)
    return Check("round trip", WARN, found, SLOW_REMEDY)


def _noise(pen: Pen) -> Check:
    before = pen.status()
    for _ in range(REQUESTS):
        after = pen.status()
    repeats = after.repeats - before.repeats
    here = after.host_bad_frames - before.host_bad_frames
    there = after.pen_bad_frames - before.pen_bad_frames
    found = (
        f"{repeats} of {REQUESTS} requests were repeated,"
        f" frames damaged: {here} here, {there} at the pen"
    )
    if not repeats + here + there:
        return Check("noise", OK, found)
    if not here + there:
        return Check("noise", WARN, found + "; replies came late", SLOW_REMEDY)
    return Check("noise", FAIL if repeats > REQUESTS // 4 else WARN, found, NOISE_REMEDY)


def _telemetry(pen: Pen) -> Check:
    names = list(pen.signals)[:SIGNALS]
    pen.subscribe(names, PERIOD_MS)
    start_us, before = pen.clock.now_us(), pen.status()
    recording = pen.record(LISTEN_S)
    spent_s = (pen.clock.now_us() - start_us) / 1e6
    rate = len(recording.samples) / spent_s
    bytes_rate = (pen.status().host_bytes - before.host_bytes) / spent_s
    pen.unsubscribe()
    lost, dropped = recording.lost, recording.dropped
    found = (
        f"{len(recording.samples)} samples of {len(names)} signals, {rate:.1f} a second,"
        f" {bytes_rate:,.0f} bytes a second;"
        f" {lost - dropped} lost on the way, {dropped} dropped by the pen"
    )
    if lost or dropped:
        return Check("telemetry", WARN, found, NOISE_REMEDY)
    return Check("telemetry", OK, found)


def _faults(pen: Pen) -> Check:
    latched = [fault for fault in pen.faults() if fault.latched]
    if not latched:
        return Check("faults", OK, f"none latched, the pen is in {pen.status().state}")
    found = "latched: " + ", ".join(fault.name for fault in latched)
    return Check("faults", WARN, found, "; ".join(fault.remedy for fault in latched))


def _restarts(pen: Pen) -> Check:
    status: Status = pen.status()
    found = f"boot {status.boot_session}, up for {status.time_us / 1e6:.0f} s"
    if status.boot_session == pen.info.boot_session:
        return Check("restarts", OK, found)
    return Check("restarts", FAIL, found + "; the pen restarted meanwhile", "check its supply")


CHECKS: tuple[Callable[[Pen], Check], ...] = (
    _protocol, _settings, _round_trip, _noise, _telemetry, _faults, _restarts,
)  # fmt: skip


def _name(check: Callable[[Pen], Check]) -> str:
    return check.__name__.strip("_").replace("_", " ")
