"""`penloop run`: scenarios, one after another or side by side, judged for people and CI servers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from penloop.engine_option import Engine
from penloop.errors import UserError
from penloop.output_file import check_report
from penloop.scenarios import comparison_tables, pages, vocabulary
from penloop.scenarios.baseline import Baseline, check_names
from penloop.scenarios.comparison import Comparison
from penloop.scenarios.execution import Outcome
from penloop.scenarios.jobs import Done, Job, done
from penloop.scenarios.results import (
    distinct_names,
    failure_text,
    full_text,
    junit,
    markdown,
    scenario_files,
)
from penloop.scenarios.scenario_reader import load, schema
from pensim import Firmware

Places = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE|DIR…", help="Scenarios, NAME.pen.toml.")
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="In place of the file's.")]
JUnit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Results for a CI server.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="A report with plots.")]
Markdown = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="For a pull request's page.")
]
OldRuns = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Show what changed since it was saved.")
]
NewRuns = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Save the runs, to compare later ones with.")
]
FAILED = 1


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("run")(run)


def run(
    places: Places = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="Side by side.")] = 1,
    engine: Engine = "cpython",
    seed: Seed = None,
    seeds: Annotated[str, typer.Option("--seeds", metavar="A..B", help="Once for each.")] = "",
    firmware: Annotated[str, typer.Option("--firmware", help="A directory with another one.")] = "",
    junit_file: JUnit = None,
    html: Html = None,
    summary: Markdown = None,
    baseline: OldRuns = None,
    save_baseline: NewRuns = None,
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
    chosen = Firmware.from_directory(firmware) if firmware else None
    job = Job(Path(), engine, 0, "", chosen, html, baseline, save_baseline)
    work = _work(job, places or [], _seeds(seed, seeds))
    _prepare(work[0], [path for path in (junit_file, html, summary) if path is not None])
    runs = _run_all(work, jobs, Console(stderr=True), verbose)
    not_run = Baseline(baseline).not_run(run.outcome for run in runs) if baseline else []
    _write(runs, not_run, junit_file, html, summary)
    if save_baseline is not None:
        print(f"{len(runs)} runs saved in {save_baseline}")
    if any(not run.outcome.passed for run in runs):
        raise typer.Exit(FAILED)


def _work(job: Job, places: list[Path], numbers: list[int | None]) -> list[Job]:
    """A job for each scenario and seed."""
    scenarios = {path: load(path) for path in scenario_files(places)}
    if not scenarios:
        raise UserError("no scenario given", "name a file NAME.pen.toml, or a folder with some")
    if job.baseline is not None or job.keep is not None:
        check_names(scenario.name for scenario in scenarios.values())
    names = distinct_names(list(scenarios))
    return [
        replace(job, path=path, name=names[path], seed=scenario.seed if number is None else number)
        for path, scenario in scenarios.items()
        for number in numbers
    ]


def _prepare(job: Job, results: list[Path]) -> None:
    """Raises UserError for what would only be found out after the runs."""
    if job.baseline is not None:
        Baseline(job.baseline).check()
    if job.keep is not None:
        Baseline(job.keep).prepare()
    if job.report is not None:
        pages.needs_plots()
    for path in results:
        check_report(path)


def _write(
    runs: list[Done],
    not_run: list[str],
    junit_file: Path | None,
    html: Path | None,
    summary: Path | None,
) -> None:
    """The results as files, then for people."""
    outcomes = [run.outcome for run in runs]
    comparisons = [run.comparison for run in runs if run.comparison is not None]
    if junit_file is not None:
        junit((run.outcome, run.seconds) for run in runs).write(str(junit_file), pretty=True)
    if html is not None:
        _write_report(html, outcomes, comparisons, not_run)
    if summary is not None:
        changes = comparison_tables.markdown(comparisons, not_run) if comparisons else ""
        summary.write_text(markdown(outcomes) + changes)
    if comparisons:
        _tell_changes(comparisons, not_run)
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes)} runs, {failed} failed")


def _tell_changes(comparisons: list[Comparison], not_run: list[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for item in comparison_tables.tables(comparisons):
        console.print(item)
    for line in comparison_tables.remarks(comparisons, not_run):
        console.print(line, markup=False)
    console.print(f"against the baseline: {comparison_tables.headline(comparisons)}", markup=False)


def _seeds(seed: int | None, seeds: str) -> list[int | None]:
    if not seeds:
        return [seed]
    first, dots, last = seeds.partition("..")
    if seed is not None or not (dots and first.isdecimal() and last.isdecimal()):
        raise UserError(f"--seeds {seeds}", "write such as --seeds 1..20, without --seed")
    if int(last) < int(first):
        raise UserError(f"--seeds {seeds}", "give the smaller one first")
    return list(range(int(first), int(last) + 1))


def _run_all(work: list[Job], jobs: int, console: Console, verbose: bool) -> list[Done]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(bar_width=30), MofNCompleteColumn())
    runs = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("scenarios", total=len(work))
        for run in done(work, jobs):
            runs.append(run)
            progress.update(task, advance=1, description=run.outcome.scenario.name[:40])
            _tell(run.outcome, run.seconds, verbose)
    return runs


def _write_report(
    report: Path, outcomes: list[Outcome], comparisons: list[Comparison], not_run: list[str]
) -> None:
    places = [pages.page_path(report, outcome) for outcome in outcomes]
    links = [
        place.relative_to(report.parent).as_posix() if not outcome.passed else ""
        for place, outcome in zip(places, outcomes, strict=True)
    ]
    plots = [list(outcome.plots) for outcome in outcomes]
    text = pages.report_page(outcomes, plots, links, comparisons, not_run)
    fresh = report.with_name(report.name + ".part")
    fresh.write_text(text)
    fresh.replace(report)
    print(report)


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
