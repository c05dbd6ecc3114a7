"""The record button, with the file's name and size."""

from pathlib import Path

from nicegui import ui

from penloop.dashboard.panels.answers import POLL_S, told
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.recorder import usual_goal
from penloop.dashboard.view import RecordingState


class RecordPanel:
    """Begins and ends a recording of what is watched."""

    def __init__(self, owner: PenOwner) -> None:
        self._owner = owner
        self._file = ui.input("file", value=str(usual_goal(Path()))).props("dense outlined")
        self._file.classes("w-full recorder")
        self._button = ui.button("Record", on_click=self._switch).props(
            "no-caps icon=circle id=record"
        )
        self._told = ui.label().props("id=recorded")
        ui.label(
            "Records what is watched, .parquet or .mcap. It goes on over a lost link, with the gap"
            " marked; what is on disk survives a crash (penloop record --recover)."
        ).classes("fine")
        ui.timer(POLL_S, self._follow)

    def _follow(self) -> None:
        state = self._owner.view.recording
        going_on = state is not None and state.going_on
        self._button.set_text("End the recording" if going_on else "Record")
        self._file.set_enabled(not going_on)
        self._told.set_text(_text(state) if state else "")

    async def _switch(self) -> None:
        state = self._owner.view.recording
        if state is not None and state.going_on:
            await told(self._owner.end_recording())
            self._file.set_value(str(usual_goal(Path(self._file.value).parent)))
            return
        await told(self._owner.record(Path(self._file.value)))


def _text(state: RecordingState) -> str:
    gaps = f", {state.gaps} gaps" if state.gaps else ""
    note = f"; {state.note}" if state.note else ""
    return f"{state.file}: {state.rows:,} samples, {state.bytes / 1e3:,.0f} kB{gaps}{note}"


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    RecordPanel(owner)
