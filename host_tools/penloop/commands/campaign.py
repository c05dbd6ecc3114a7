"""`penloop campaign`: many cases of a scenario, their results on disk, and what they say."""

import json
import os
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from penloop import interruption
from penloop.campaigns import driver
from penloop.campaigns.campaign import Campaign, load, schema
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.cluster import dask_workers
from penloop.campaigns.dataset import ABOUT, DataSet, only_writer
from penloop.campaigns.driver import Workers
from penloop.campaigns.pages import write_page
from penloop.campaigns.summary import Summary
from penloop.engine_option import Engine
from penloop.errors import UserError
from penloop.run_progress import run_progress
from penloop.scenarios import execution
from penloop.scenarios.pages import failure_page as run_page
from penloop.scenarios.results import told
from penloop.scenarios.scenario import SUFFIX
from penloop.scenarios.scenario_writer import toml_of
from pensim import Firmware

Jobs = Annotated[
    int | None, typer.Option("-j", "--jobs", min=1, help="Processes; one a core by default.")
]
Scheduler = Annotated[
    str, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster's, instead.")
]
Cases = Annotated[int | None, typer.Option("--cases", min=1, help="In place of the file's.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Results; a killed run goes on.")
]
OneCase = Annotated[
    int | None, typer.Option("--case", min=0, metavar="N", help="Replay one case only.")
]
FAILED = 1
OUT = Path("out/campaigns")


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("campaign")(campaign)


def campaign(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="NAME.campaign.toml.")] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = "",
    engine: Engine = "cpython",
    firmware: Annotated[str, typer.Option("--firmware", help="A directory with another one.")] = "",
    cases: Cases = None,
    out: Out = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set older results aside.")] = False,
    case: OneCase = None,
    show_schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema.")] = False,
) -> None:
    """Run a scenario with values that vary; the exit code is 1 when a case fails."""
    if show_schema:
        print(json.dumps(schema(), indent=2))
        return
    if file is None:
        raise UserError("no campaign given", "name a file NAME.campaign.toml")
    chosen = Firmware.from_directory(firmware) if firmware else None
    found = load(file, engine, chosen, cases)
    folder = out or OUT / found.name
    if case is not None:
        if not _replay(found, case, folder):
            raise typer.Exit(FAILED)
        return
    if fresh:
        _set_aside(folder)
    data = DataSet(folder, found)
    _run(found, data, _workers(jobs, scheduler))
    if _summarise(found, data):
        raise typer.Exit(FAILED)


def _workers(jobs: int | None, scheduler: str) -> AbstractContextManager[Workers]:
    return dask_workers(scheduler) if scheduler else driver.processes(jobs or os.cpu_count() or 1)


def _run(found: Campaign, data: DataSet, pool: AbstractContextManager[Workers]) -> None:
    """Runs what the data set has not. Ctrl-C leaves what is done; the same command goes on."""
    gaps = data.missing(found.plan.count)
    have = found.plan.count - sum(len(gap) for gap in gaps)
    if have:
        print(f"{have} of {found.plan.count} cases are there already, in {data.folder}")
    if not gaps:
        return
    with _Display(found.plan.count, have) as display, pool as workers:
        results = driver.run_cases(found.template, found.plan.cases(gaps), workers)
        try:
            for result in data.write(results):
                display.show(result)
                interruption.check()
        except KeyboardInterrupt:
            print(f"stopped; the same command goes on with what is in {data.folder}")
            raise


class _Display:
    """Progress, with what failed and the smallest margin so far."""

    def __init__(self, count: int, done: int) -> None:
        self._progress = run_progress()
        self._task = self._progress.add_task("cases", total=count, completed=done, told="")
        self._failed = 0
        self._least = float("inf")

    def show(self, result: CaseResult) -> None:
        """One more case."""
        self._failed += not result.passed
        self._least = min(self._least, result.margin)
        told = f"{self._failed} failed, smallest margin {self._least:+.3f}"
        self._progress.update(self._task, advance=1, told=told)

    def __enter__(self) -> "_Display":
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()


def _summarise(found: Campaign, data: DataSet) -> int:
    """Prints and writes what the results say; returns the number of cases that failed."""
    summary = Summary.of(found, data)
    page = write_page(summary, data)
    for table in summary.tables():
        Console().print(table, "")
    print(f"one again: {summary.replay_command(summary.worst[0]['case'])}")
    print(page)
    return summary.failures.failed


def _replay(found: Campaign, number: int, folder: Path) -> bool:
    """Runs one case again, here; whether it passed."""
    if number >= found.plan.count:
        raise UserError(f"--case {number}", f"choose 0 to {found.plan.count - 1}")
    case = found.plan.case(number)
    for variable, value in zip(found.variables, case.values, strict=True):
        print(f"    {variable.place.name} = {variable.place.told(value)}")
    scenario = found.template.scenario(case)
    outcome = execution.run(scenario, found.template.engine, case.seed, found.template.firmware)
    digest = outcome.digest[:12]
    print(f"case {number}  seed {case.seed}, margin {outcome.margin:+.3f}, digest {digest}")
    print("".join(f"    {told(verdict)}\n" for verdict in outcome.verdicts), end="")
    if outcome.error:
        print(f"    {outcome.error}")
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"case-{number}.html"
    page.write_text(run_page(outcome))
    as_file = folder / f"case-{number}{SUFFIX}"
    as_file.write_text(toml_of(found.template.document_of(case)))
    print(f"{page}\n{as_file}")
    return outcome.passed


def _set_aside(folder: Path) -> None:
    """Older results keep their files under another name. Raises UserError: another process
    writes them, or they are none."""
    if folder.exists():
        if not (folder / ABOUT).exists():
            raise UserError(f"{folder} has no results of a campaign", "give another one with --out")
        only_writer(folder).close()
        kept = folder.with_name(f"{folder.name}.{time.strftime('%Y-%m-%d-%H%M%S')}")
        if kept.exists():
            raise UserError(f"{kept} exists", "wait a second")
        folder.rename(kept)
        print(f"older results are in {kept}")
