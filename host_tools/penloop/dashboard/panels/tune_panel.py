"""Tuning: measure the pen in SERVICE, see what is proposed, try it, keep it or go back."""

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui import ui

from penhost import PenError
from penloop.dashboard.panels.answers import POLL_S
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.tuning_run import TuningRun
from penloop.errors import BoardError, UserError
from penloop.tuning.application import MEASURED
from penloop.tuning.experiment import FIRST_HZ, LEVELS_HZ, MOTOR_S
from penloop.tuning.judgement import GOALS, SLACK, Figures
from penloop.tuning.proposal import Proposal

EXPLAINED = (
    f"Hold the pen in the air, its needles free, and its button for 3 s: SERVICE. The motor turns"
    f" for about {MOTOR_S:.0f} s, at {FIRST_HZ:g} to {LEVELS_HZ[-1]:g} Hz. It ends with a press of"
    " the button, a stop, or the last page that looks on."
)
NOTHING = "The present settings stay: nothing does better on this pen's twin."


class TunePanel:
    """Buttons that come one after another."""

    def __init__(self, owner: PenOwner) -> None:
        self._owner = owner
        self._run: TuningRun | None = None
        self._busy = False
        ui.label(EXPLAINED).classes("fine")
        with ui.row().classes("items-center gap-2"):
            self._buttons = {
                "measure": ui.button("Measure", on_click=self._measure),
                "try": ui.button("Try it", on_click=self._try_out),
                "keep": ui.button("Keep it", on_click=self._keep),
                "back": ui.button("Go back", on_click=self._go_back),
            }
        for name, button in self._buttons.items():
            button.props(f"no-caps id=tune-{name}")
        self._told = ui.label().props("id=tune-told")
        self._place = ui.element("div").classes("w-full")
        ui.timer(POLL_S, self._follow)
        self._client = ui.context.client
        self._client.on_delete(self._leave)
        self._offer("measure")

    def _follow(self) -> None:
        if self._run and self._run.under_way and self._client.has_socket_connection:
            self._owner.attend()
        service = self._owner.view.state == "SERVICE"
        self._buttons["measure"].set_enabled(service and not self._busy)
        if self._busy and self._run and self._run.told:
            self._told.set_text(self._run.told[-1])

    def _offer(self, *names: str) -> None:
        for name, button in self._buttons.items():
            button.set_visibility(name in names)

    async def _step(self, work: Callable[[], Awaitable[Any]]) -> tuple[bool, Any]:
        """(True, result), or (False, the error), which is told, and ends the tuning."""
        self._busy, went = True, False
        self._offer()
        try:
            result = await work()
            went = True
            return went, result
        except (PenError, BoardError, UserError) as error:
            self._told.set_text(str(error))
            return went, error
        except Exception as error:
            self._told.set_text(f"{type(error).__name__}: {error}. Measure again.")
            return went, error
        finally:
            self._busy = False
            if not went:
                self._finish()

    def _finish(self) -> None:
        if self._run is not None:
            self._run.end()
        self._offer("measure")

    async def _measure(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="penloop-tune-"))
        self._run = run = TuningRun(self._owner, folder)
        went, proposal = await self._step(run.find)
        if not went:
            return
        twin = (proposal.before.figures, proposal.after.figures)
        self._show(*twin, "on its twin", tuple(GOALS), run.proposed_picture)
        if not proposal.changes:
            self._told.set_text(f"{NOTHING} {proposal.margins_before.warning}")
            self._finish()
            return
        self._told.set_text(f"Proposed: {', '.join(self._changes(proposal))}")
        self._offer("try", "back")

    def _changes(self, proposal: Proposal) -> list[str]:
        """Each setting as it is and as proposed, then the least margins with both."""
        tables = self._owner.view.tables
        assert tables is not None
        told = []
        for name, value in proposal.changes.items():
            row = tables.settings[name]
            before = row.quantity(proposal.before.settings[name])
            told.append(f"{name} {before} → {row.quantity(value)}")
        was, now = proposal.margins_before, proposal.margins_after
        told.append(f"least phase margin {was.phase_deg:.0f}° → {now.phase_deg:.0f}°")
        return [*told, f"least gain margin {was.gain:.2f} → {now.gain:.2f}"]

    async def _try_out(self) -> None:
        run = self._run
        assert run is not None
        went, worse = await self._step(run.try_out)
        if not went:
            return
        assert run.after is not None
        assert run.found is not None
        figures = (run.found.measured.figures, run.after.figures)
        self._show(*figures, "on the pen", MEASURED, run.tried_picture)
        if worse:
            await self._end_by(run.go_back, f"Worse on the pen: {', '.join(worse)}. It went back.")
            return
        self._told.set_text("In force on trial. It goes back by itself unless it is kept.")
        self._offer("keep", "back")

    async def _keep(self) -> None:
        assert self._run is not None
        await self._end_by(self._run.keep, "Kept.")

    async def _go_back(self) -> None:
        assert self._run is not None
        await self._end_by(self._run.go_back, "The former settings are in force.")

    async def _end_by(self, work: Callable[[], Awaitable[None]], told: str) -> None:
        went, _ = await self._step(work)
        if went:
            self._told.set_text(told)
            self._finish()

    def _show(
        self, before: Figures, after: Figures, where: str, names: Sequence[str], picture: Path
    ) -> None:
        self._place.clear()
        with self._place:
            for name in names:
                goal, was, now = GOALS[name], getattr(before, name), getattr(after, name)
                text = f"{goal.title} {where}: {was:.3g} → {now:.3g} {goal.unit}"
                worse = ", worse" if now > was * (1.0 + SLACK) else ""
                ui.label(f"{text}, goal {goal.good:g}{worse}").classes("fine")
            with ui.dialog() as large, ui.card().style("max-width: 1100px; width: 95vw"):
                ui.image(picture).classes("w-full").props("no-transition")
            small = ui.image(picture).classes("w-full tune-picture").props("no-transition")
            small.style("cursor: zoom-in").on("click", large.open)
            ui.label(f"Click it for its full size; the file is {picture}").classes("fine")

    def _leave(self) -> None:
        if self._run is not None:
            self._run.end()


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    TunePanel(owner)
