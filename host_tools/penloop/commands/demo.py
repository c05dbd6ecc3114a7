"""`penloop demo`: a treatment and a stall, in tables, pictures and a report."""

import time
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table as RichTable

from penloop import demo as story
from penloop.engine_option import Engine
from penloop.errors import UserError
from penloop.summary import Summary, Table

OUT = Path("out/demo")


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for what it writes.")] = OUT,
    engine: Engine = "cpython",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all that is random.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="A row of each zone only.")] = False,
) -> None:
    """Show a treatment and a stall in the skin; write a report, pictures and traces."""
    files = _report_files()
    out.mkdir(parents=True, exist_ok=True)
    console = Console()
    began_s = time.monotonic()
    summary = run_demo(engine, seed, quick, console)
    for table in summary.tables():
        console.print(_table(table))
    command = f"penloop demo --seed {seed} --engine {engine}" + (" --quick" if quick else "")
    for path in files.write(out, summary, command):
        print(f"  {path}")
    print(f"done in {time.monotonic() - began_s:.1f} s; open {out / 'report.html'}")


def _report_files() -> ModuleType:
    """What draws and writes, once it is sure that it can. Raises UserError."""
    try:
        from penloop import demo_files
    except ImportError as error:
        raise UserError(f"the report needs {error.name}", "pip install 'penloop[report]'") from None
    return demo_files


def run_demo(engine: str, seed: int, quick: bool, console: Console) -> Summary:
    """Both runs, with a progress bar in virtual time."""
    columns = (
        TextColumn("{task.description:<25}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:4.1f} virtual s"),
        TextColumn("{task.fields[doing]:<16}", style="dim"),
    )
    with Progress(*columns, console=console) as progress:
        first_s, second_s = story.treatment_s(quick), story.STALL_S
        treatment = progress.add_task("treatment", total=first_s, doing="")
        stall = progress.add_task("second run, needles stick", total=second_s, doing="")
        first = story.run_treatment(engine, seed, quick, _shown(progress, treatment))
        second = story.run_stall(engine, seed, _shown(progress, stall))
        for task, run in ((treatment, first), (stall, second)):
            end_s = float(run.trace.time_s[-1])
            progress.update(task, completed=end_s, total=end_s, doing="done")
    return Summary(first, second)


def _shown(progress: Progress, task: TaskID) -> story.Beat:
    def beat(now_s: float, doing: str) -> None:
        progress.update(task, completed=now_s, doing=doing)

    return beat


def _table(table: Table) -> RichTable:
    drawn = RichTable(title=table.title, title_justify="left", title_style="bold", box=None)
    for name, style in zip(table.head, ("", "bold cyan", "dim")):
        drawn.add_column(name, style=style, header_style="dim")
    for row in table.rows:
        drawn.add_row(row.label, row.value, row.detail)
    return drawn
