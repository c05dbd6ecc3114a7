"""`penloop reproduce`: from a fault in a pen's black box to a scenario and a failing test."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from penloop import interruption
from penloop.campaigns import scenario_file
from penloop.campaigns.workers import Workers, processes
from penloop.errors import UserError
from penloop.reproduction import fault_record
from penloop.reproduction.fault_record import FaultRecord
from penloop.reproduction.likeness import Likeness, likeness_of, run_of
from penloop.reproduction.search import GOOD, Attempt, Search, Task
from penloop.run_progress import run_progress
from penloop.scenarios.scenario import SUFFIX

FAILED = 1
OUT = Path("out/reproduce")
BUDGET = 320  # runs


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("reproduce")(reproduce)


def reproduce(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `penloop blackbox -o` wrote.")],
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Processes; one a core by default.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the search.")] = 0,
    budget: Annotated[int, typer.Option("--budget", metavar="RUNS", help="At most.")] = BUDGET,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="For what is written.")] = OUT,
    force: Annotated[bool, typer.Option("--force", help="Over files that are there.")] = False,
) -> None:
    """Search for a cause, skin, hand and battery with which the simulated pen has the same fault,
    and write scenario, failing test and picture; the exit code is 1 when none matches."""
    record = fault_record.read(file)
    name = _name(file)
    files = _Files(out / f"{name}{SUFFIX}", out / f"test_{name}.py", out / f"{name}.png")
    for path in files:
        scenario_file.check_free(path, force)
    print(_told(record))
    with processes(jobs or os.cpu_count() or 1) as workers:
        search = Search(record, name, lambda tasks: _evaluate(workers, tasks, record), seed)
        try:
            _watch(search, budget)
        except KeyboardInterrupt:
            if search.ranking[0].best is not None:
                print("stopped; what was nearest by then:")
                _leave(search, files, force)
            raise
    _leave(search, files, force)
    print(f"again: penloop run {shlex.quote(str(files.scenario))}")
    if not search.nearest.matches:
        raise typer.Exit(FAILED)


class _Files(NamedTuple):
    """What is left of a search."""

    scenario: Path
    test: Path
    picture: Path


def _name(file: Path) -> str:
    """The file's name as a test may bear it."""
    stem = file.name.split(".")[0]
    return "".join(sign if sign.isalnum() else "_" for sign in stem).strip("_") or "fault"


def _evaluate(workers: Workers, tasks: Sequence[Task], record: FaultRecord) -> Sequence[Likeness]:
    if workers.executor is None:
        return [likeness_of(template, case, record) for template, case in tasks]
    submit = workers.executor.submit
    futures = [submit(likeness_of, template, case, record) for template, case in tasks]
    return [future.result() for future in futures]


def _watch(search: Search, budget: int) -> None:
    with run_progress() as progress:
        task = progress.add_task("runs", total=budget, told="")
        for runs in search.go(budget):
            near = search.nearest
            told = f"{near.cause.name}, {near.likeness.distance:.2f} tolerances"
            progress.update(task, completed=runs, told=told)
            interruption.check()


def _told(record: FaultRecord) -> str:
    rows = len(record.rows_us)
    signals = f"{rows} rows of signals" if rows else "no signals"
    return f"{record.name} in {record.state}, {signals}"


def _leave(search: Search, files: _Files, force: bool) -> None:
    """Tells what is nearest, and writes it."""
    _tell(search, search.nearest)
    _write(search.record, search.nearest, files, force)


def _tell(search: Search, nearest: Attempt) -> None:
    likeness = nearest.likeness
    if nearest.matches:
        print(f"reproduced after {search.runs} runs: {nearest.cause.name}")
    elif likeness.same_fault:
        print(f"the same fault, but other signals, after {search.runs} runs: {nearest.cause.name}")
    else:
        print(f"not reproduced in {search.runs} runs; the nearest: {nearest.cause.name}")
    count = len(search.matching)
    if count > 1:
        print(f"in brackets: what {count} matching runs have; the record leaves at least that open")
    for name, text, span in search.told:
        print(f"    {name} = {text}" + (f"  ({span})" if count > 1 else ""))
    if likeness.by_signal:
        print("differences, in tolerances:")
        print("    " + ", ".join(f"{name} {off:.2f}" for name, off in likeness.by_signal.items()))
    others = [
        one.cause.name
        for one in search.ranking
        if one.best and one.best.matches and one.cause is not nearest.cause
    ]
    if others and nearest.matches:
        print(f"the record does not tell it from: {', '.join(others)}")
    elif not nearest.matches:
        print(
            f"matching is a distance of {GOOD:g} or less; try a larger --budget or another --seed"
        )


def _write(record: FaultRecord, nearest: Attempt, files: _Files, force: bool) -> None:
    """The scenario, the test beside it, and the picture. Raises UserError."""
    from penloop.reproduction import pages

    document = nearest.template.document_of(nearest.case)
    document["about"] = f"{document['about']} The nearest cause: {nearest.cause.name}."
    scenario_file.write(document, files.scenario, force)
    files.test.write_text(pages.test_text(record, nearest.cause.name, files.scenario.name))
    outcome = run_of(nearest.template, nearest.case)
    if outcome.trace is None:
        raise UserError(f"the run leaves nothing to draw: {outcome.error}", "report it")
    title = f"{record.name} in {record.state}: {nearest.cause.name}"
    pages.draw(record, outcome.trace, nearest.likeness.fault_us, title, files.picture)
    print(f"scenario {files.scenario}, failing test {files.test}, picture {files.picture}")
