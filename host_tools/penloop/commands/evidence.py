"""`penloop evidence`: makes the evidence of safety, as pages and as files for scripts."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from penloop import interruption
from penloop.errors import UserError
from penloop.evidence import sources, stamp
from penloop.evidence.index import write_index
from penloop.evidence.long_runs import ROOT
from penloop.evidence.parts import PARTS
from penloop.evidence.report import write_part
from penloop.evidence.section import Effort, Part, Section
from penloop.evidence.traceability import PART as TRACEABILITY
from penloop.evidence.traceability import outcomes, whole_run

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
    form = stamp.SHORT if short else stamp.LONG if long else stamp.FULL
    chosen = _chosen(names or [], long)
    at_once = jobs or os.cpu_count() or 1
    if form == stamp.FULL and TRACEABILITY in chosen:
        whole_run.make_sure(ROOT, at_once)
    shown = [_shown(part, form, at_once, out) for part in chosen]
    suite = outcomes.read(ROOT / outcomes.VERIFICATION)
    print(write_index(PARTS, suite, outcomes.source_sha256(ROOT), out))
    if not all(shown):
        raise typer.Exit(FAILED)


def _shown(part: Part, form: str, jobs: int, out: Path) -> bool:
    """Makes one part, writes it, and says what it shows; whether that is all of it."""
    of = sources.source_sha256(part)  # before: a change meanwhile makes it stale
    began_s = time.monotonic()
    section = _made(part, form, jobs, out)
    made = stamp.now(of, form, time.monotonic() - began_s)
    print(write_part(part, section, made, out))
    for claim in section.claims:
        print(f"    {'shown    ' if claim.holds else 'NOT SHOWN'}  {claim.text}")
    if section.long_run is not None and not section.long_run.holds:
        print(f"    STALE OR INCOMPLETE  long run: {section.long_run.told}")
    return section.holds


def _chosen(names: list[str], long: bool) -> list[Part]:
    known = {part.name: part for part in PARTS if part.long or not long}
    for name in names:
        if name not in known:
            raise UserError(f"no part {name!r}", f"choose {', '.join(known)}")
    return [known[name] for name in names] or [*known.values()]


def _made(part: Part, form: str, jobs: int, out: Path) -> Section:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(part.name, total=1.0)

        def told(share: float, text: str) -> None:
            interruption.check()
            progress.update(task, completed=share, description=f"{part.name}: {text}"[:40])

        folder = out / part.name
        folder.mkdir(parents=True, exist_ok=True)
        effort = Effort(form == stamp.SHORT, jobs, folder, told, form == stamp.LONG)
        return part.make(effort)
