"""`penloop tune`: gains for a pen's rate law, measured, tried on its twin, applied on yes."""

import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from penhost import Pen
from penhost.tables import Setting
from penloop import service_state
from penloop.connection import AsJson, Port, connected, seconds
from penloop.errors import UserError
from penloop.output_file import PICTURES, Force, check_new, free_name
from penloop.question import agreed
from penloop.tuning import application, picture, session, twin_file
from penloop.tuning.application import Measured
from penloop.tuning.experiment import FIRST_HZ, LEVELS_HZ, MOTOR_S, Experiments
from penloop.tuning.judgement import GOALS, SLACK, Figures
from penloop.tuning.loop import RATES_HZ
from penloop.tuning.proposal import MOST, Proposal, measured_constants
from penloop.tuning.session import Findings

PICTURE = Path("tuning.png")


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("tune")(tune)


def tune(
    port: Port = "",
    goal: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="PICTURE",
            help="A .png or .svg file; tuning.png by default, or tuning-2.png and so on.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply, keep; do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Measure and propose; change nothing.")
    ] = False,
    wait: Annotated[
        str, typer.Option("--wait", help="Wait so long for SERVICE to be entered at the pen.")
    ] = "60s",
    twin: Annotated[
        Path | None, typer.Option("--twin", metavar="FILE", help="Write the twin, a pen's TOML.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure a pen in SERVICE, propose gains of its rate law, try, apply.

    The twin of the pen plays the proposal first; nothing is changed on the pen before a yes.
    """
    if yes and dry_run:
        raise UserError("--yes and --dry-run contradict each other", "give one of them")
    goal = goal or free_name(PICTURE)
    check_new(goal, force, PICTURES)
    if twin is not None:
        check_new(twin, force, (".toml",))
    wait_s = seconds(wait)
    if not (yes or dry_run or (sys.stdin.isatty() and not as_json)):
        raise UserError("nobody is asked for a yes", "give --yes, or --dry-run to change nothing")
    told = sys.stderr if as_json else sys.stdout
    with redirect_stdout(told), connected(port) as pen:
        service_state.demand(pen, wait_s)
        document = _tuned(pen, goal, twin, yes, dry_run)
    if as_json:
        print(json.dumps(document))


def _tuned(pen: Pen, goal: Path, twin: Path | None, yes: bool, dry_run: bool) -> dict[str, Any]:
    """All of it; returns what --json prints."""
    experiments = Experiments(pen, print)
    before = session.find(experiments, lambda: _announce(pen))
    _show_response(before)
    proposal = _propose(pen, before)
    picture.draw(proposal, before.measured, None, goal)
    _show_proposal(proposal, before.measured, pen.settings)
    print(f"before and after, side by side: {goal}")
    if twin is not None:
        twin_file.write(twin, proposal.parameters, pen.info.pen_id)
        print(f"the twin, for sim://?pen={twin}")
    after = None
    kept = False
    if not proposal.changes:
        print("the present settings stay: nothing does better on this pen's twin")
        _show_constants(proposal, before, pen.settings)
        if proposal.margins_before.warning:
            print(proposal.margins_before.warning)
    elif not dry_run and (yes or agreed("Apply this on trial?", pen.heartbeat)):
        after, kept = _apply(experiments, proposal, before.measured, goal, yes)
    else:
        print("nothing was changed")
    return session.document(before, proposal, after, kept)


def _announce(pen: Pen) -> None:
    print(f"Tuning {pen.info.product} {pen.info.pen_id}: hold it in the air, its needles free.")
    print(
        f"The motor turns for about {MOTOR_S:.0f} s, at {FIRST_HZ:g} to {LEVELS_HZ[-1]:g} Hz, with "
        "its present settings and limits. The pen's button ends it at once, so does Ctrl-C."
    )


def _show_response(found: Findings) -> None:
    response = found.response
    emf, ohm, _inertia = response.shares()
    rows = {
        "motor constant": f"{response.emf_v_per_hz * 1e6:.0f} uV/Hz ± {2 * emf:.1%}",
        "winding at 25 C": f"{response.winding_25c_ohm:.3f} Ohm ± {2 * ohm:.1%}",
        "time constant": f"{response.time_constant_s * 1e3:.1f} ms",
        "friction": f"{(response.friction_a + 100 * response.friction_as) * 1e3:.0f} mA at 100 Hz",
        "dead time": f"{response.delay_s * 1e3:.1f} ms behind the turn that is measured",
    }
    for name, value in rows.items():
        print(f"  {name:<16}{value}")
    point = found.point
    print(
        f"  relay at {point.frequency_hz:.1f} Hz  {point.gain:.0f} Hz/V, {point.phase_deg:.0f}°; "
        f"the model {point.model_gain:.0f} Hz/V, {point.model_phase_deg:.0f}°"
    )


def _propose(pen: Pen, found: Findings) -> Proposal:
    with Progress(
        TextColumn("the twin tries gains"),
        BarColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("", total=MOST)

        def tried(count: int) -> None:
            progress.update(task, completed=count)
            pen.heartbeat()  # SERVICE ends when nobody is heard

        return session.propose(found, tried)


def _show_constants(proposal: Proposal, found: Findings, rows: Mapping[str, Setting]) -> None:
    """That the motor has others than the settings that stay, if so."""
    measured = measured_constants(proposal.response, found.settings, found.bounds)
    off = [
        f"{name} {rows[name].quantity(value)}, set to {rows[name].quantity(found.settings[name])}"
        for name, value in measured.items()
        if value != found.settings[name]
    ]
    if off:
        print(f"this motor has {'; '.join(off)}: its heat and its current limit are reckoned by it")


def _show_proposal(proposal: Proposal, measured: Measured, rows: Mapping[str, Setting]) -> None:
    for name, value in proposal.changes.items():
        before = rows[name].quantity(proposal.before.settings[name])
        print(f"  {name:<18}{before} -> {rows[name].quantity(value)}")
    table = Table(box=None, pad_edge=False)
    for head in ("", "pen now", "twin now", "twin proposed", "goal", " "):
        table.add_column(head, justify="right" if head.strip() else "left")
    now, then = proposal.before.figures, proposal.after.figures
    for name, goal in GOALS.items():
        on_pen = _figure(measured.figures, name) if name in application.MEASURED else "–"
        on_twin = _figure(now, name), _figure(then, name)
        worse = getattr(then, name) > getattr(now, name) * (1.0 + SLACK)
        told = "worse" if worse else ""
        table.add_row(f"{goal.title}, {goal.unit}", on_pen, *on_twin, f"{goal.good:g}", told)
    table.add_row("score", "–", f"{now.score():.2f}", f"{then.score():.2f}", "1")
    Console().print(table)
    _show_margins(proposal)


def _figure(figures: Figures, name: str) -> str:
    return f"{getattr(figures, name):.3g}"


def _show_margins(proposal: Proposal) -> None:
    """Margins at each rate, the least of a full and an empty battery, a cold and a hot winding."""
    table = Table(box=None, pad_edge=False)
    for head in ("least margins, 3.0-4.2 V", "phase now", "gain now", "phase", "gain", "crossover"):
        table.add_column(head, justify="left" if head.startswith("least") else "right")
    pairs = zip(RATES_HZ, proposal.margins_before.margins, proposal.margins_after.margins)
    for rate_hz, now, then in pairs:
        cells = (f"{now.phase_deg:.0f}°", f"{now.gain:.2f}", f"{then.phase_deg:.0f}°")
        crossover = f"{then.crossover_hz:.1f} Hz"
        table.add_row(f"  at {rate_hz:g} Hz", *cells, f"{then.gain:.2f}", crossover)
    Console().print(table)


def _apply(
    experiments: Experiments, proposal: Proposal, before: Measured, goal: Path, yes: bool
) -> tuple[Measured, bool]:
    """On trial, measured again, kept on yes; what measures worse goes back by itself."""
    pen = experiments.pen
    with application.OnTrial(experiments, proposal.changes, before) as tried:
        picture.draw(proposal, before, tried.after, goal)
        _show_measured(before.figures, tried.after.figures)
        if tried.worse:
            print(f"worse on the pen itself: {', '.join(tried.worse)}")
        elif yes or agreed("Keep it?", pen.heartbeat):
            tried.trial.keep()
    if tried.trial.kept:
        values = ((name, pen.settings[name].quantity(v)) for name, v in proposal.changes.items())
        print("kept: " + ", ".join(f"{name} {value}" for name, value in values))
    else:
        print("the former settings are in force again")
    return tried.after, tried.trial.kept


def _show_measured(before: Figures, after: Figures) -> None:
    for name in application.MEASURED:
        goal = GOALS[name]
        print(
            f"  {goal.title + ' on the pen':<28}{_figure(before, name)} -> "
            f"{_figure(after, name)} {goal.unit}"
        )
