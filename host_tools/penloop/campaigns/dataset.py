"""The results of a campaign on disk: a Parquet data set, whole at any moment.

A folder of parts, each named by the numbers of its first and last case, so that a campaign that
was killed knows what it has without opening one. A part is written by an atomic rename; parts of
the same block become one part when the block is full. Equal campaigns give equal tables, whoever
ran the cases.
"""

import fcntl
import json
import os
import time
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from penhost.units import usual
from penloop import atomic_file
from penloop.campaigns.campaign import Campaign
from penloop.campaigns.cases import CaseResult, simulator_sha256
from penloop.errors import UserError
from penloop.scenarios.measure import Measure

BLOCK = 1000  # cases of a full part
WRITE_S = 1.0  # of wall time: what a kill loses, at most
SEED = "seed"
CASES = "cases"  # the folder of parts
ABOUT = "campaign.json"

Span = tuple[int, int]  # numbers of the first and the last case


@dataclass(frozen=True)
class Columns:
    """The columns of a data set: those of every one, then values, margins and measures."""

    variables: tuple[str, ...]
    words: frozenset[str]  # variables whose values are words
    expectations: int
    measures: tuple[str, ...]
    factors: tuple[float, ...]  # from a measure to what its column has

    @classmethod
    def of(cls, campaign: Campaign) -> "Columns":
        """Those of a campaign."""
        words = [v.place.column for v in campaign.variables if isinstance(v.at(0.5), str)]
        return cls(
            tuple(variable.place.column for variable in campaign.variables),
            frozenset(words),
            len(campaign.scenario.expectations),
            tuple(f"measure.{column_of(one)}" for one in campaign.scenario.measures),
            tuple(float(usual(one.unit)[1]) for one in campaign.scenario.measures),
        )

    @property
    def margins(self) -> tuple[str, ...]:
        """Of the expectations, from 1, in their order."""
        return tuple(f"margin.{number + 1}" for number in range(self.expectations))

    def schema(self) -> Any:
        """Of the data set; a seed that varies stands in the column that every one has."""
        values = [
            (name, pa.string() if name in self.words else pa.float64())
            for name in self.variables
            if name != SEED
        ]
        numbers = [(name, pa.float64()) for name in (*self.margins, *self.measures)]
        head = [("case", pa.int64()), (SEED, pa.int64())]
        verdict = [("passed", pa.bool_()), ("margin", pa.float64()), ("error", pa.string())]
        return pa.schema([*head, *values, *verdict, *numbers])

    def table(self, results: Sequence[CaseResult]) -> Any:
        """The rows of these results."""
        rows = [self._row(result) for result in results]
        schema = self.schema()
        columns = [
            pa.array([row[place] for row in rows], field.type) for place, field in enumerate(schema)
        ]
        return pa.table(columns, schema=schema)

    def _row(self, result: CaseResult) -> list[Any]:
        case = result.case
        margins: list[Any] = list(result.margins) or [None] * self.expectations
        scaled = [value * f for value, f in zip(result.measures, self.factors, strict=False)]
        measures: list[Any] = scaled or [None] * len(self.measures)
        verdict = [result.passed, result.margin, result.error]
        named = zip(self.variables, case.values, strict=True)
        values = [value for name, value in named if name != SEED]
        return [case.number, case.seed, *values, *verdict, *margins, *measures]


class DataSet:
    """The folder of a campaign's results; one process writes it at a time."""

    def __init__(self, folder: Path, campaign: Campaign) -> None:
        """Begins or goes on. Raises UserError where another campaign's results are, another
        process writes, or no folder can be."""
        self.folder = folder
        self._parts = folder / CASES
        self.columns = Columns.of(campaign)
        self._begin(campaign)
        self._spans = self._found()

    def _begin(self, campaign: Campaign) -> None:
        about = self.folder / ABOUT
        if about.exists():
            _check_same(about, campaign)
        try:
            self._parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.folder}: {error.strerror}", "name another folder") from None
        self._lock = only_writer(self.folder)
        atomic_file.write(about, json.dumps(_told(campaign), indent=2))

    def _found(self) -> list[Span]:
        """The parts, in order; what a killed writer left behind is removed."""
        for scratch in self._parts.glob(f"*{atomic_file.WRITING}"):
            scratch.unlink()
        found: list[Span] = []
        for path in self._parts.glob("*.parquet"):
            first, dash, last = path.stem.partition("-")
            if dash and first.isdecimal() and last.isdecimal() and path.stat().st_size:
                found.append((int(first), int(last)))
        kept: list[Span] = []
        for span in sorted(found, key=lambda span: (span[0], -span[1])):
            if kept and span[1] <= kept[-1][1]:  # a larger part has taken it in
                self._path(span).unlink()
            else:
                kept.append(span)
        return kept

    def missing(self, count: int) -> list[range]:
        """The numbers below `count` that it has not."""
        gaps, start = [], 0
        for first, last in self._spans:
            gaps.append(range(start, min(first, count)))
            start = last + 1
        gaps.append(range(start, count))
        return [gap for gap in gaps if len(gap)]

    def write(self, results: Iterable[CaseResult]) -> Iterator[CaseResult]:
        """Passes results on, and writes them once a second at least, when it ends, and when it
        is closed in the middle."""
        waiting: list[CaseResult] = []
        written_s = time.monotonic()
        try:
            for result in results:
                if waiting and not _belong_together(waiting[-1], result):
                    self.add(waiting)
                    waiting = []
                waiting.append(result)
                yield result
                if time.monotonic() - written_s > WRITE_S:
                    self.add(waiting)
                    waiting, written_s = [], time.monotonic()
        finally:
            self.add(waiting)

    def add(self, results: Sequence[CaseResult]) -> None:
        """Writes results of one block whose numbers follow each other; again is no harm."""
        if not results:
            return
        span = (results[0].case.number, results[-1].case.number)
        self._write(span, self.columns.table(results))
        first = span[0] // BLOCK * BLOCK
        pieces = [one for one in self._spans if first <= one[0] < first + BLOCK]
        if len(pieces) > 1 and sum(last - first + 1 for first, last in pieces) == BLOCK:
            self._write((first, first + BLOCK - 1), self._read(pieces))
            for piece in pieces:
                self._path(piece).unlink()
                self._spans.remove(piece)

    def _write(self, span: Span, table: Any) -> None:
        goal = self._path(span)
        scratch = goal.with_name(goal.name + atomic_file.WRITING)
        pq.write_table(table, scratch, compression="zstd")
        os.replace(scratch, goal)
        if span not in self._spans:
            insort(self._spans, span)

    def _read(self, spans: Sequence[Span]) -> Any:
        tables = [pq.read_table(self._path(span)) for span in sorted(spans)]
        return pa.concat_tables(tables)

    def _path(self, span: Span) -> Path:
        return self._parts / f"{span[0]:09d}-{span[1]:09d}.parquet"

    def column(self, name: str, count: int) -> Any:
        """A column of the cases below `count`, in their order, as a numpy array."""
        return self.read([name], count)[name].to_numpy()

    def read(self, columns: Sequence[str], count: int) -> Any:
        """Columns of the cases below `count`, as an Arrow table in the order of the cases."""
        return self._dataset().to_table(list(columns), filter=ds.field("case") < count)

    def rows(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The whole rows of some cases, in the order in which they are named."""
        found = self._dataset().to_table(filter=ds.field("case").isin(list(numbers))).to_pylist()
        return sorted(found, key=lambda row: numbers.index(row["case"]))

    def _dataset(self) -> Any:
        files = [str(self._path(span)) for span in self._spans]
        return ds.dataset(files, schema=self.columns.schema(), format="parquet")


def column_of(measure: Measure) -> str:
    """The name of a measure's column, with the unit in which people read it."""
    unit, _factor = usual(measure.unit)
    return f"{measure.name}_{unit}" if unit else measure.name


def _belong_together(one: CaseResult, following: CaseResult) -> bool:
    """Whether both may stand in one part."""
    number = one.case.number
    return following.case.number == number + 1 and (number + 1) % BLOCK != 0


def _told(campaign: Campaign) -> dict[str, Any]:
    plan = campaign.plan
    return {
        "campaign": campaign.name,
        "about": campaign.about,
        "fingerprint": campaign.fingerprint,
        "method": plan.method,
        "cases": plan.count,
        "seed": plan.seed,
        "engine": campaign.template.engine,
        "firmware": campaign.template.firmware_sha256,
        "simulator": simulator_sha256(),
        "vary": {v.place.column: v.distribution.told for v in plan.variables},
        "measures": {column_of(one): one.text for one in campaign.scenario.measures},
        "expectations": [one.text for one in campaign.scenario.expectations],
        "scenario": campaign.template.document,
    }


def only_writer(folder: Path) -> IO[str]:
    """A file whose lock the system takes back however this process ends."""
    lock = (folder / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise UserError(f"another process writes {folder}", "wait, or give --out") from None
    return lock


def _check_same(about: Path, campaign: Campaign) -> None:
    try:
        before = json.loads(about.read_text())["fingerprint"]
    except (ValueError, KeyError, OSError, UnicodeDecodeError):
        raise UserError(f"{about} cannot be read", "give another folder with --out") from None
    if before != campaign.fingerprint:
        raise UserError(
            f"{about.parent} has the results of another campaign, scenario, engine, firmware or "
            "simulator",
            "give another folder with --out, or --fresh to set them aside and begin anew",
        )
