"""`penloop falsify`: looks for a case that fails, and makes the simplest scenario of it."""

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from penloop import interruption
from penloop.campaigns import driver, scenario_file
from penloop.campaigns.campaign import Campaign, load
from penloop.campaigns.cases import Case
from penloop.campaigns.examples import Change, Example
from penloop.campaigns.falsification import GUIDED, METHODS, Finding, Search
from penloop.campaigns.shrinking import Shrinking
from penloop.engine_option import Engine
from penloop.errors import UserError
from penloop.run_progress import run_progress
from penloop.scenarios.results import told
from penloop.scenarios.scenario import SUFFIX
from pensim import Firmware

Jobs = Annotated[
    int | None, typer.Option("-j", "--jobs", min=1, help="Processes; one a core by default.")
]
Worst = Annotated[
    bool, typer.Option("--worst", help="Through the whole budget, for the deepest failure.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The scenario that fails.")]
FAILED = 1
OUT = Path("out/falsify")
BUDGET = 500  # runs


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("falsify")(falsify)


def _method(name: str) -> str:
    if name not in METHODS:
        raise UserError(f"no method {name!r}", f"choose {', '.join(METHODS)}")
    return name


def falsify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="NAME.campaign.toml.")],
    jobs: Jobs = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the search.")] = 0,
    budget: Annotated[int, typer.Option("--budget", metavar="RUNS", help="At most.")] = BUDGET,
    method: Annotated[
        str, typer.Option("--method", callback=_method, help="guided; random to compare with.")
    ] = GUIDED,
    worst: Worst = False,
    engine: Engine = "cpython",
    firmware: Annotated[str, typer.Option("--firmware", help="A directory with another one.")] = "",
    out: Out = None,
    force: Annotated[bool, typer.Option("--force", help="Over a file that is there.")] = False,
) -> None:
    """Search what varies in a campaign for a case that fails; the exit code is 1 if there is."""
    chosen = Firmware.from_directory(firmware) if firmware else None
    campaign = load(file, engine, chosen)
    campaign = replace(campaign, template=replace(campaign.template, with_moments=True))
    place = out or OUT / f"{campaign.name}{SUFFIX}"
    scenario_file.check_free(place, force)
    with driver.processes(jobs or os.cpu_count() or 1) as workers:
        search = Search(
            campaign,
            lambda cases: driver.run_cases(campaign.template, cases, workers),
            seed, method, worst,
        )  # fmt: skip
        try:
            _watch(search, budget)
        except KeyboardInterrupt:
            _keep(search, campaign, place, force)
            raise
    found = _tell(search, campaign)
    if not found.failed:
        return
    _shrunk(campaign, found.result.case, place, force)
    options = [f"--firmware {shlex.quote(firmware)}"] if firmware else []
    options += [f"--engine {engine}"] if engine != "cpython" else []
    print(" ".join(["again: penloop run", shlex.quote(str(place)), *options]))
    raise typer.Exit(FAILED)


def _watch(search: Search, budget: int) -> None:
    """Runs a search with a display of the smallest margin so far."""
    with run_progress() as progress:
        task = progress.add_task("runs", total=budget, told="")
        for _result in search.results(budget):
            least = search.least.result.margin if search.least else float("nan")
            progress.update(task, advance=1, told=f"smallest margin {least:+.3f}")
            interruption.check()


def _tell(search: Search, campaign: Campaign) -> Finding:
    """Prints the case with the smallest margin."""
    least = search.least
    if least is None:
        raise UserError(f"none of {search.runs} runs has a result", "give a larger --budget")
    word = f"run {least.runs} fails" if least.failed else "no case fails"
    why = f" ({least.result.error})" if least.result.error else ""
    print(f"{word}: {search.runs} runs, smallest margin {least.result.margin:+.3f}{why}, with")
    for variable, value in zip(campaign.variables, least.result.case.values, strict=True):
        print(f"    {variable.place.name} = {variable.place.told(value)}")
    return least


def _keep(search: Search, campaign: Campaign, place: Path, force: bool) -> None:
    """What a search has found by the time it is stopped."""
    print("stopped")
    if search.least is None:
        return
    found = _tell(search, campaign)
    if found.failed:
        scenario_file.write(campaign.template.document_of(found.result.case), place, force)
        print(f"as it is, not shrunk: {place}")


def _shrunk(campaign: Campaign, case: Case, place: Path, force: bool) -> None:
    """Writes the simplest scenario that fails as the case does; what there is when interrupted."""
    changes = (
        Change(variable.place, value, variable.nominal)
        for variable, value in zip(campaign.variables, case.values, strict=True)
    )
    with Console(stderr=True).status("shrinking") as status:

        def show(runs: int) -> None:
            status.update(f"shrinking, {runs} runs")
            interruption.check()

        example = Example(campaign.template.document, tuple(changes))
        shrinking = Shrinking(campaign.template, example, show)
        try:
            shrinking.shrink()
        except KeyboardInterrupt:
            print(f"stopped; as simple as it was by then: {place}")
            raise
        finally:
            scenario_file.write(shrinking.document, place, force)
    verdict = shrinking.verdict
    print(f"the simplest that fails, after {shrinking.runs} more runs: {place}")
    for change in shrinking.example.changes:
        print(f"    {change.told}")
    print(f"    {told(verdict) if verdict else shrinking.reason.kind}")
