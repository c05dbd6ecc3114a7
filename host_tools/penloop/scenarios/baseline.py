"""A baseline: stored runs that later ones are compared with.

A folder with two files a run: NAME-SEED.json with margins, measures, digest, firmware and set-up,
for people and for a version control that shows changes, and the trace as Parquet. The trace's name
has the digest in it, and the JSON is renamed into place after it: whenever the storing is cut off,
each run has its old entry or its new one, whole.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from math import isfinite, nan
from pathlib import Path
from typing import Any

from penloop.errors import UserError
from penloop.scenarios.comparison import (
    MARGIN,
    MEASURE,
    NEW,
    UNREADABLE,
    USUAL,
    Comparison,
    Facts,
    Figure,
    compare,
    same_signals,
)
from penloop.scenarios.execution import Outcome
from penloop.scenarios.results import file_stem
from penloop.scenarios.usual_measures import usual_measures
from pensim import Trace
from pensim.trace import read_parquet

FORMAT = 1
NOT_SETUP = ("operator",)  # of a trace's header: what came of the run


class Baseline:
    """A folder of stored runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None:
        """Raises UserError where there is none."""
        if not self.folder.is_dir():
            what = "is no folder" if self.folder.exists() else "does not exist"
            raise UserError(f"the baseline {self.folder} {what}", self._store())
        if not any(self.folder.glob("*.json")):
            raise UserError(f"no run is stored in {self.folder}", self._store())

    def prepare(self) -> None:
        """Makes the folder. Raises UserError where that cannot be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.folder}: {error.strerror}", "name another folder") from None

    def compared(self, outcome: Outcome) -> tuple[Comparison, Trace | None]:
        """A run beside the stored one, and that one's trace where something changed."""
        now = facts_of(outcome)
        try:
            before = self._facts(now)
            if before is None:
                return Comparison(now, NEW), None
            if before.digest == now.digest:
                return same_signals(before, now), None
            old = self._trace(before)
        except UserError as error:
            return Comparison(now, UNREADABLE, why=str(error)), None
        if outcome.trace is None or len(outcome.trace) < 2:
            return Comparison(now, UNREADABLE, before, why="nothing was recorded"), None
        return compare(before, old, now, outcome.trace), old

    def not_run(self, runs: Iterable[Outcome]) -> list[str]:
        """The stored ones that are not among these: those of scenarios that are gone, or that
        were not asked for."""
        known = {file_stem(run.scenario.name, run.seed) for run in runs}
        return sorted(path.stem for path in self.folder.glob("*.json") if path.stem not in known)

    def keep(self, outcome: Outcome) -> None:
        """Stores a run in place of the one that was there. Raises UserError."""
        trace, now = outcome.trace, facts_of(outcome)
        if trace is None or len(trace) < 2:
            return
        entry, path = self._entry(now), self._trace_path(now)
        former = _trace_of(entry)
        try:
            if not path.exists():
                fresh = path.with_name(path.name + ".part")
                trace.write_parquet(fresh)
                os.replace(fresh, path)
            fresh = entry.with_name(entry.name + ".part")
            fresh.write_text(_written(now, path.name))
            os.replace(fresh, entry)
        except OSError as error:
            raise UserError(f"{entry}: {error.strerror}", "make room, or name another") from None
        if former not in ("", path.name):
            (self.folder / former).unlink(missing_ok=True)

    def _facts(self, now: Facts) -> Facts | None:
        entry = self._entry(now)
        if not entry.exists():
            return None
        try:
            before = _read(json.loads(entry.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(f"{entry} cannot be read", self._store()) from None
        if before.duration_us != now.duration_us:
            lasted = f"{before.duration_us / 1e6:g} s, now {now.duration_us / 1e6:g} s"
            raise UserError(f"the stored run lasts {lasted}", self._store())
        return before

    def _trace(self, before: Facts) -> Trace:
        from pyarrow import ArrowException

        path = self._trace_path(before)
        try:
            trace = read_parquet(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ArrowException):
            raise UserError(f"{path} cannot be read", self._store()) from None
        if trace.digest() != before.digest:
            raise UserError(f"{path} is another run's trace", self._store())
        return trace

    def _entry(self, facts: Facts) -> Path:
        return self.folder / f"{file_stem(facts.name, facts.seed)}.json"

    def _trace_path(self, facts: Facts) -> Path:
        return self.folder / f"{file_stem(facts.name, facts.seed)}.{facts.digest[:12]}.parquet"

    def _store(self) -> str:
        return f"store it anew with --save-baseline {self.folder}"


def check_names(names: Iterable[str]) -> None:
    """Raises UserError where two scenarios would have one entry."""
    seen: set[str] = set()
    for name in names:
        stem = file_stem(name, 0)
        if stem in seen:
            raise UserError(f"two scenarios are called {name}", "rename one for a baseline")
        seen.add(stem)


def facts_of(outcome: Outcome) -> Facts:
    """A run in short."""
    return Facts(
        name=outcome.scenario.name,
        seed=outcome.seed,
        engine=outcome.engine,
        duration_us=outcome.scenario.duration_us,
        passed=outcome.passed,
        error=outcome.error,
        digest=outcome.digest,
        setup=_setup(outcome.trace),
        figures=tuple(_figures(outcome)),
    )


def _setup(trace: Trace | None) -> dict[str, str]:
    """The firmware's hash and, by name, a hash of whatever else the run was made from."""
    reproduce = dict(trace.header.reproduce) if trace is not None else {}
    firmware = {"firmware": str(reproduce.pop("firmware", ""))}
    parts = {name: part for name, part in reproduce.items() if name not in NOT_SETUP}
    texts = {name: json.dumps(part, sort_keys=True) for name, part in parts.items()}
    return firmware | {
        name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()
    }


def _figures(outcome: Outcome) -> Iterable[Figure]:
    for verdict in outcome.verdicts:
        yield Figure(MARGIN, verdict.text, "", verdict.margin)
    for measure, value in zip(outcome.scenario.measures, outcome.measures, strict=False):
        yield Figure(MEASURE, measure.name, measure.unit, value)
    if outcome.trace is not None and len(outcome.trace) > 1:
        for measure in usual_measures():
            value = measure.of(outcome.trace, outcome.log)
            if isfinite(value):
                yield Figure(USUAL, measure.name, measure.unit, value)


def _written(facts: Facts, trace: str) -> str:
    figures = [
        {**asdict(one), "value": one.value if isfinite(one.value) else None}
        for one in facts.figures
    ]
    return json.dumps(
        {"format": FORMAT, **asdict(facts), "figures": figures, "trace": trace}, indent=1
    )


def _read(entry: dict[str, Any]) -> Facts:
    """Raises ValueError, KeyError, TypeError."""
    if entry["format"] != FORMAT:
        raise ValueError("another format")
    figures = tuple(
        Figure(**{**one, "value": nan if one["value"] is None else float(one["value"])})
        for one in entry["figures"]
    )
    fields = Facts.__dataclass_fields__
    return Facts(**{name: entry[name] for name in fields if name != "figures"}, figures=figures)


def _trace_of(entry: Path) -> str:
    """The name of the trace that belongs to an entry, if there is one."""
    try:
        return Path(json.loads(entry.read_text())["trace"]).name
    except (OSError, ValueError, KeyError, TypeError):
        return ""
