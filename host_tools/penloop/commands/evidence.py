"""`penloop evidence`: makes the evidence of safety, as pages and as files for scripts."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from penloop.errors import UserError
from penloop.evidence.parts import PARTS
from penloop.evidence.report import write_index, write_part
from penloop.evidence.section import Effort, Part, Section

FAILED = 1


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("evidence")(evidence)


def evidence(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="PART…", help="All parts by default.")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="What CI runs of each part.")] = False,
    long: Annotated[
        bool, typer.Option("--long", help="What takes hours, of the parts that have such a form.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Processes; one a core by default.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR")] = Path("out/evidence"),
) -> None:
    """Make the evidence of safety; the exit code is 1 when a claim is not shown."""
    if short and long:
        raise UserError("--short and --long at once", "choose one")
    sections: dict[Part, Section] = {}
    for part in _chosen(names or [], long):
        sections[part] = _made(part, short, long, jobs or os.cpu_count() or 1, out)
        print(write_part(part, sections[part], out))
        for claim in sections[part].claims:
            print(f"    {'shown    ' if claim.holds else 'NOT SHOWN'}  {claim.text}")
    print(write_index(sections, out))
    if not all(section.holds for section in sections.values()):
        raise typer.Exit(FAILED)


def _chosen(names: list[str], long: bool) -> list[Part]:
    known = {part.name: part for part in PARTS if part.long or not long}
    for name in names:
        if name not in known:
            raise UserError(f"no part {name!r}", f"choose {', '.join(known)}")
    return [known[name] for name in names] or [*known.values()]


def _made(part: Part, short: bool, long: bool, jobs: int, out: Path) -> Section:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(part.name, total=1.0)

        def told(share: float, text: str) -> None:
            progress.update(task, completed=share, description=f"{part.name}: {text}"[:40])

        folder = out / part.name
        folder.mkdir(parents=True, exist_ok=True)
        return part.make(Effort(short, jobs, folder, told, long))
