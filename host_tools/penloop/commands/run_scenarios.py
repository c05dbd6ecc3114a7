"""`penloop run`: scenarios, one after another or side by side, judged for people and CI servers."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from penloop.engine_option import Engine
from penloop.errors import UserError
from penloop.scenarios import pages, vocabulary
from penloop.scenarios.execution import Outcome
from penloop.scenarios.execution import run as run_scenario
from penloop.scenarios.results import failure_text, full_text, junit, scenario_files
from penloop.scenarios.scenario_reader import load, schema
from pensim import Firmware

FAILED = 1

Job = tuple[Path, str, int, Firmware | None, Path | None]  # what another process can take


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("run")(run)


def run(
    places: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE|DIR…", help="Scenarios, NAME.pen.toml.")
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="Side by side.")] = 1,
    engine: Engine = "cpython",
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="In place of the file's.")
    ] = None,
    seeds: Annotated[str, typer.Option("--seeds", metavar="A..B", help="Once for each.")] = "",
    firmware: Annotated[str, typer.Option("--firmware", help="A directory with another one.")] = "",
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Results for a CI server.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="A report with plots.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("-v", help="Show every expectation and measure.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="List the words of expectations.")] = False,
    show_schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema.")] = False,
) -> None:
    """Run scenarios and judge what must hold; the exit code is 1 when something does not."""
    if words or show_schema:
        print(json.dumps(schema(), indent=2) if show_schema else _words())
        return
    scenarios = {path: load(path) for path in scenario_files(places or [])}
    if not scenarios:
        raise UserError("no scenario given", "name a file NAME.pen.toml, or a folder with some")
    chosen = Firmware.from_directory(firmware) if firmware else None
    numbers = _seeds(seed, seeds)
    work: list[Job] = [
        (path, engine, scenario.seed if number is None else number, chosen, html)
        for path, scenario in scenarios.items()
        for number in numbers
    ]
    if html is not None:
        pages.needs_plots()
        html.parent.mkdir(parents=True, exist_ok=True)
    outcomes = _run_all(work, jobs, Console(stderr=True), verbose)
    if junit_file is not None:
        junit(outcomes).write(str(junit_file), pretty=True)
    if html is not None:
        _write_report(html, [outcome for outcome, _seconds in outcomes])
    failed = sum(not outcome.passed for outcome, _seconds in outcomes)
    print(f"{len(outcomes)} runs, {failed} failed")
    if failed:
        raise typer.Exit(FAILED)


def _seeds(seed: int | None, seeds: str) -> list[int | None]:
    if not seeds:
        return [seed]
    first, dots, last = seeds.partition("..")
    if seed is not None or not (dots and first.isdecimal() and last.isdecimal()):
        raise UserError(f"--seeds {seeds}", "write such as --seeds 1..20, without --seed")
    if int(last) < int(first):
        raise UserError(f"--seeds {seeds}", "give the smaller one first")
    return list(range(int(first), int(last) + 1))


def _run_all(
    work: list[Job], jobs: int, console: Console, verbose: bool
) -> list[tuple[Outcome, float]]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(bar_width=30), MofNCompleteColumn())
    done = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("scenarios", total=len(work))
        for outcome, seconds in _results(work, jobs):
            done.append((outcome, seconds))
            progress.update(task, advance=1, description=outcome.scenario.name[:40])
            _tell(outcome, seconds, verbose)
    return done


def _results(work: list[Job], jobs: int) -> Iterator[tuple[Outcome, float]]:
    """In the order of the work, whatever finishes first."""
    if jobs == 1 or len(work) == 1:
        yield from map(_timed, work)
        return
    with ProcessPoolExecutor(min(jobs, len(work)), get_context("spawn")) as pool:
        yield from pool.map(_timed_bare, work)


def _timed(job: Job) -> tuple[Outcome, float]:
    began_s = time.monotonic()
    path, engine, seed, firmware, report = job
    outcome = run_scenario(load(path), engine, seed, firmware)
    seconds = time.monotonic() - began_s
    if report is not None and not outcome.passed:
        outcome = _with_pictures(outcome, report)
    return outcome, seconds


def _with_pictures(outcome: Outcome, report: Path) -> Outcome:
    """Writes the page of a failed run, and draws what the report shows of it."""
    page = pages.page_path(report, outcome)
    page.parent.mkdir(exist_ok=True)
    page.write_text(pages.failure_page(outcome))
    return replace(outcome, plots=tuple(pages.failure_plots(outcome)))


def _write_report(report: Path, outcomes: list[Outcome]) -> None:
    places = [pages.page_path(report, outcome) for outcome in outcomes]
    links = [
        place.relative_to(report.parent).as_posix() if not outcome.passed else ""
        for place, outcome in zip(places, outcomes, strict=True)
    ]
    text = pages.report_page(outcomes, [list(outcome.plots) for outcome in outcomes], links)
    fresh = report.with_name(report.name + ".part")
    fresh.write_text(text)
    fresh.replace(report)
    print(report)


def _timed_bare(job: Job) -> tuple[Outcome, float]:
    """Without what another process cannot take, or does not need."""
    outcome, seconds = _timed(job)
    bare = replace(outcome.scenario, expectations=(), faults=())
    return replace(outcome, scenario=bare, trace=None), seconds


def _tell(outcome: Outcome, seconds: float, verbose: bool) -> None:
    word = "passed" if outcome.passed else "FAILED"
    digest = outcome.digest[:12]
    print(f"{word}  {outcome.scenario.name}  seed {outcome.seed}, margin {outcome.margin:+.3f},"
          f" digest {digest}, {seconds:.2f} s")  # fmt: skip
    if verbose or not outcome.passed:
        text = full_text(outcome) if verbose else failure_text(outcome)
        print("".join(f"    {line}\n" for line in text.splitlines()), end="")


def _words() -> str:
    rows = [("quantities", {name: item.meaning for name, item in vocabulary.QUANTITIES.items()})]
    rows += [("conditions", {name: text for name, (_f, text) in vocabulary.CONDITIONS.items()})]
    lines = []
    for head, table in rows:
        lines += [head, *(f"  {name:<22}{meaning}" for name, meaning in table.items())]
    events = [*vocabulary.ACTS, *vocabulary.MOMENTS, *vocabulary.EXCESSES, *vocabulary.PARTS]
    lines += ["events", f"  {', '.join(events)}", "  fault NAME, state NAME"]
    lines += ["faults", f"  {', '.join(vocabulary.FAULTS)}"]
    lines += ["states", f"  {', '.join(vocabulary.STATES)}"]
    return "\n".join(lines)
