"""The rehearsal: a bundle runs a short battery on the simulator before it is flashed.

The bundle's own sources run as bytecode on real MicroPython, laid out as on the board, with the
settings that the board has saved; only the calibration is that of the simulated pen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from penfw import faults, settings, states, store
from penhost import Pen, PenError
from penloop import interruption
from penloop.errors import UserError
from penloop.flashing.bundle import KEPT, UNTRIED, VERSION_FILE, VERSIONS, Bundle
from penloop.mpy import BYTECODE
from pensim import Bench, Firmware
from pensim.engines import real_engine
from pensim.errors import FirmwareError, SimulatorError
from pensim.serial_port import SimulatedPort

RATE_TOLERANCE = 0.02
OTHER = "0" * 16  # the hash of the version before
FAILED_TWICE = "2"
TRIAL_S = 8.0
IN_PROCESS = "cpython"
STOP_S = 1.0  # from the press to needles parked, at most


@dataclass(frozen=True)
class Case:
    """One part of the battery: what it shows, and the function that tries it."""

    name: str
    run: Callable[[Bench], None]
    trial: str = KEPT  # how far the bundle has come; if not so far, a copy of it is the one before


class CaseFailed(Exception):
    """`str()` says what was expected and what came."""


def own_settings(slots: dict[str, bytes]) -> dict[str, int]:
    """The newest readable slot's values by name, without calibration; empty when none is."""
    read = [found for text in slots.values() if (found := store.decode(text))]
    if not read:
        return {}
    values = max(read)[1]
    rows = zip(settings.SETTINGS, values, strict=True)
    return {row[0]: value for row, value in rows if row[6] in (settings.OPEN, settings.SERVICE)}


def rehearse(
    firmware: Firmware, slots: dict[str, bytes], engine: str = ""
) -> Iterator[tuple[str, str]]:
    """Runs the battery; yields (case, what failed or "") for each. Raises UserError.

    `engine` is "" for the faster real MicroPython that is installed.
    """
    chosen = engine or real_engine()
    if chosen is None:
        raise UserError(
            "the rehearsal needs a real MicroPython",
            "pip install 'penloop[engines]', or give --no-rehearsal",
        )
    if chosen == IN_PROCESS:
        raise UserError(f"{chosen} runs no compiled firmware", "choose a real MicroPython")
    bundle = Bundle.of(firmware, BYTECODE)
    for case in BATTERY:
        outcome = _outcome(case, bundle, chosen, own_settings(slots))
        interruption.check()
        yield case.name, outcome


def _outcome(case: Case, bundle: Bundle, engine: str, own: dict[str, int]) -> str:
    kept = case.trial == KEPT
    files = bundle.on_board() if kept else _beside_another(bundle, case.trial)
    firmware = Firmware(tuple(sorted(files.items())), "rehearsal")
    try:
        with Bench(firmware=firmware, engine=engine, settings=own, repl=not kept) as bench:
            case.run(bench)
    except FirmwareError as error:
        return f"{error}\n{error.traceback}"
    except (CaseFailed, SimulatorError, PenError) as error:
        return str(error)
    return ""


def _beside_another(bundle: Bundle, trial: str) -> dict[str, bytes]:
    """The bundle on trial; the version before it is a copy of it."""
    files = bundle.on_board()
    before = f"{VERSIONS}/{OTHER}"
    files |= {path.replace(bundle.directory, before): text for path, text in files.items()}
    return files | {VERSION_FILE: f"{bundle.hash} {OTHER} {trial}".encode()}


def _expect(holds: bool, expected: str, bench: Bench) -> None:
    if not holds:
        word = bench.signal("faults")
        names = [row[1] for row in faults.FAULTS if word >> row[0] & 1]
        came = " ".join([states.STATES[bench.signal("state")], *(f"[{name}]" for name in names)])
        raise CaseFailed(f"expected {expected}; the pen was in {came} at {bench.now_s:.2f} s")


def _started(bench: Bench) -> None:
    bench.operator.insert_cartridge()
    bench.run(1.5)
    _expect(bench.signal("state") == states.READY, "READY within 1.5 s", bench)


def _running(bench: Bench) -> None:
    _started(bench)
    bench.operator.click()
    bench.run(0.5)
    bench.operator.touch("cheek")
    bench.run(1.0)
    _expect(bench.signal("state") == states.RUNNING, "a treatment", bench)


def _starts(bench: Bench) -> None:
    _started(bench)


def _words(bench: Bench) -> list[str]:
    return bench.board.flash.files[VERSION_FILE].decode().split()


def _passes_its_trial(bench: Bench) -> None:
    own, before, _trial = _words(bench)
    bench.operator.usb_power()
    with Pen(SimulatedPort.on_bench(bench, "usb")) as pen:
        pen.status()  # goes on after its HELLO: it has heard an answer
        pen.wait(TRIAL_S)
        _expect(pen.info.firmware_hash == own, "its own hash on the link", bench)
    _expect(_words(bench) == [own, before, KEPT], "the version kept after its trial", bench)


def _gives_way(bench: Bench) -> None:
    _own, before, _trial = _words(bench)
    bench.run(2.0)
    _expect(_words(bench)[0] == before, "the version before, after two failed starts", bench)
    _expect(bench.signal("state") == states.STANDBY, "that version in STANDBY", bench)


def _treats(bench: Bench) -> None:
    _running(bench)
    trace = bench.trace()
    held = trace["plant.rate"][trace.time_s > bench.now_s - 0.2].mean()
    wanted = bench.signal("rate_target")
    limited = bench.signal("limited")
    within = abs(held - wanted) <= RATE_TOLERANCE * wanted
    text = f"{wanted / 1000:.1f} Hz within 2 % (it held {held / 1000:.1f} Hz)"
    _expect(bool(limited) or within, text, bench)
    bench.operator.click()
    bench.run(STOP_S)
    parked = bench.signal("state") not in (states.RUNNING, states.PARKING, states.FAULT)
    _expect(parked and _still(bench), "needles parked 1 s after a press", bench)


def _stalls(bench: Bench) -> None:
    _running(bench)
    bench.operator.hazard("motor_jammed")
    bench.run(1.5)
    _expect(bench.signal("state") == states.FAULT, "a fault when the needles are held", bench)
    _expect(not bench.signal("duty"), "no drive when the needles are held", bench)


def _loses_tachometer(bench: Bench) -> None:
    _running(bench)
    bench.operator.hazard("tachometer_open")
    bench.run(1.5)
    fault = bench.signal("faults") >> faults.TACHOMETER_LOSS & 1
    _expect(bool(fault) and _still(bench), "a stop when the tachometer fails", bench)


def _unplugged(bench: Bench) -> None:
    _running(bench)
    bench.operator.remove_cartridge()
    bench.run(1.5)
    _expect(bench.signal("state") == states.FAULT, "a fault when the cartridge is taken", bench)
    _expect(_still(bench), "no motion without a cartridge", bench)


def _still(bench: Bench) -> bool:
    trace = bench.trace()
    return not trace["plant.rate"][trace.time_s > bench.now_s - 0.1].any()


BATTERY = (
    Case("starts and tests itself", _starts),
    Case("passes its trial", _passes_its_trial, UNTRIED),
    Case("gives way to the version before", _gives_way, FAILED_TWICE),
    Case("treats at its rate and parks", _treats),
    Case("stops when the needles are held", _stalls),
    Case("stops when the tachometer fails", _loses_tachometer),
    Case("stops when the cartridge is taken off", _unplugged),
)
