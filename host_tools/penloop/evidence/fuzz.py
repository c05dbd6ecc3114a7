"""Evidence that nothing from outside stops the pen or its host: coverage-guided fuzzing.

The targets are in tests/fuzz. The long form is done in portions, each a process of its own, whose
inputs stay in the folder, and whose count is kept in docs/safety/long-runs: it goes on where it
ended, and begins anew when a source has changed.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from penloop.evidence import long_runs, stamp
from penloop.evidence.fuzz_pages import body
from penloop.evidence.fuzz_process import Portion, search, source_hash
from penloop.evidence.section import Claim, Effort, LongRun, Part, Section

SHORT_INPUTS = 20_000
SHORT_LONGEST = 48  # bytes: the kept inputs, which are longer, are played whole by a test
LONG_INPUTS = 10_000_000
PORTION_INPUTS = 50_000


@dataclass(frozen=True)
class Target:
    """A module of tests/fuzz: claim, requirement, share of the inputs, longest one in bytes."""

    name: str
    claim: str
    share: float
    longest: int
    requirement: str


TARGETS = (
    Target("link", "Whatever arrives on the link: no exception; without a good frame nothing "
           "changes; settings keep their limits, the needles the ceiling; the motor is asked for "
           "in SERVICE only; no buffer grows", 0.12, 160, "R-706"),
    Target("host", "Whatever a pen says: the host tells of it in a line and keeps little of it",
           0.06, 256, "R-710"),
    Target("records", "Whatever the flash holds: the logs are appended to and read, and stay "
           "bounded", 0.12, 256, "R-820"),
    Target("frames", "Bytes in any pieces: the parser finds the frames that the definition finds",
           0.25, 256, "R-707"),
    Target("settings", "Whatever the slots hold: settings and boot numbers stay in their bounds, "
           "and what is saved is loaded", 0.20, 512, "R-802"),
    Target("cartridge", "Whatever its EEPROM holds: only a cartridge that is whole is run",
           0.25, 256, "R-601"),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """The long form of one target as far as it has come, on sources of that hash."""

    target: str
    source_hash: str
    inputs: int = 0
    seconds: float = 0.0
    ended: str = ""
    findings: tuple[str, ...] = ()

    def plus(self, portion: Portion) -> "Result":
        """With one portion more."""
        return Result(
            self.target,
            self.source_hash,
            self.inputs + portion.inputs,
            round(self.seconds + portion.seconds, 1),
            datetime.now(UTC).isoformat(timespec="seconds"),
            (*self.findings, *portion.findings),
        )


def make(effort: Effort) -> Section:
    """The short form of each target or, with `long`, its share of ten million inputs."""
    with _side_by_side(effort) as each:
        hashes = dict(each(lambda target, _ended: (target.name, source_hash(target.name))))
    claims = _long(effort, hashes) if effort.long else _short(effort)
    results = [one for target in TARGETS if (one := kept(target.name))]
    data = {"sources": hashes, "long": [asdict(one) for one in results]}
    of_long = () if effort.long else tuple(_long_claims(results, hashes))
    long_run = LongRun(_told(results, hashes), of_long)
    return Section(tuple(claims), body(results, hashes, _goals()), data, long_run)


def _long_claims(results: list[Result], hashes: dict[str, str]) -> Iterator[Claim]:
    """What the kept results show of the present sources."""
    by_name = {one.target: one for one in results}
    inputs = {}
    for target in TARGETS:
        done = by_name.get(target.name)
        if done is None:
            yield replace(_claim(target, Portion(0, 0, ())), shown_by="no long run yet")
        elif done.source_hash != hashes[target.name]:
            now = stamp.short(hashes[target.name])
            shown = (
                f"{done.inputs:,} inputs, but on sources {stamp.short(done.source_hash)}, now {now}"
            )
            yield Claim(target.claim, False, shown, target.requirement)
        else:
            inputs[target.name] = done.inputs
            yield _claim(target, done)
    yield _enough(inputs)


def _told(results: list[Result], hashes: dict[str, str]) -> str:
    """Inputs that were played, and how many of them on the present sources."""
    fresh = sum(one.inputs for one in results if one.source_hash == hashes[one.target])
    return (
        f"{sum(one.inputs for one in results):,} of {LONG_INPUTS:,} inputs played, {fresh:,} of "
        "them on the present sources"
    )


def kept(name: str) -> Result | None:
    """What the long form has left of a target."""
    try:
        told = json.loads(_file(name).read_text())
        return Result(**{**told, "findings": tuple(told["findings"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(name: str) -> Path:
    return long_runs.folder_of(PART.name) / f"{name}.json"


def _goals() -> dict[str, int]:
    return {target.name: round(target.share * LONG_INPUTS) for target in TARGETS}


Work = Callable[[Target, Callable[[], bool]], Any]


@contextmanager
def _side_by_side(effort: Effort) -> Iterator[Callable[[Work], list[Any]]]:
    """Does a work for each target; when it is broken off, its processes end."""
    ended = Event()
    with ThreadPoolExecutor(effort.jobs) as pool:
        try:
            yield lambda work: list(pool.map(lambda one: work(one, ended.is_set), TARGETS))
        finally:
            ended.set()
            pool.shutdown(cancel_futures=True)


def _short(effort: Effort) -> list[Claim]:
    done = []

    def play(target: Target, ended: Callable[[], bool]) -> Claim:
        folder = effort.folder / "short" / target.name
        shutil.rmtree(folder, ignore_errors=True)
        portion = search(target.name, SHORT_INPUTS, 1, SHORT_LONGEST, folder, ended)
        done.append(target)
        effort.progress(len(done) / len(TARGETS), target.name)
        return _claim(target, portion or Portion(0, 0, ()))

    with _side_by_side(effort) as each:
        return each(play)


def _long(effort: Effort, hashes: dict[str, str]) -> list[Claim]:
    so_far = {}

    def play(target: Target, ended: Callable[[], bool]) -> Claim:
        result = kept(target.name)
        if result is None or result.source_hash != hashes[target.name]:
            result = Result(target.name, hashes[target.name])
        while result.inputs < _goals()[target.name] and not result.findings:
            so_far[target.name] = result.inputs
            total = sum(so_far.values())
            effort.progress(total / LONG_INPUTS, f"{total / 1e6:.2f} million inputs")
            grown = _portion(effort.folder, target, result, ended)
            if grown is None:
                break
            result = grown
        so_far[target.name] = result.inputs
        return _claim(target, result)

    with _side_by_side(effort) as each:
        claims = each(play)
    return [*claims, _enough(so_far)]


def _portion(
    folder: Path, target: Target, result: Result, ended: Callable[[], bool]
) -> Result | None:
    """One portion more, with a seed of its own; what it gives is kept at once."""
    inputs = min(PORTION_INPUTS, _goals()[target.name] - result.inputs)
    seed = 1 + result.inputs
    portion = search(target.name, inputs, seed, target.longest, folder / target.name, ended)
    if portion is None:
        return None
    grown = result.plus(portion)
    long_runs.write(_file(target.name), json.dumps(asdict(grown), indent=2) + "\n")
    return grown


def _claim(target: Target, done: Portion | Result) -> Claim:
    rate = done.inputs / done.seconds if done.seconds else 0.0
    shown = f"{done.inputs:,} inputs, {rate:,.0f} a second"
    if done.findings:
        shown = f"{'; '.join(done.findings)}; {shown}"
    return Claim(target.claim, done.inputs > 0 and not done.findings, shown, target.requirement)


def _enough(inputs: dict[str, int]) -> Claim:
    total = sum(inputs.values())
    return Claim(
        f"{LONG_INPUTS:,} inputs were played on these very sources",
        total >= LONG_INPUTS,
        f"{total:,}",
    )


PART = Part("fuzz", "Whatever comes from outside", make, long=True, reads=("tests/fuzz",))
