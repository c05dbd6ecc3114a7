"""Latched faults with cause and remedy, then those that the pen remembers."""

from nicegui import ui

from penhost.replies import FaultRecord
from penloop.dashboard.panels.answers import POLL_S, told
from penloop.dashboard.pen_owner import PenOwner

COMMAND = "acknowledge"
ACKNOWLEDGE = "Or hold the pen's button for 1 to 3 s, then let go."


class FaultsPanel:
    """A list that follows the pen."""

    def __init__(self, owner: PenOwner) -> None:
        self._owner = owner
        self._shown: tuple[FaultRecord, ...] | None = None
        self._clear = ui.button("Acknowledge", on_click=self._acknowledge)
        self._clear.props("no-caps id=acknowledge")
        self._place = ui.column().classes("w-full gap-0")
        ui.timer(POLL_S, self._follow)

    def _follow(self) -> None:
        faults = self._owner.view.faults
        tables = self._owner.view.tables
        latched = any(fault.latched for fault in faults)
        self._clear.set_visibility(latched and tables is not None and COMMAND in tables.commands)
        if faults == self._shown:
            return
        self._shown = faults
        self._place.clear()
        with self._place:
            if not faults:
                ui.label("No faults, neither now nor remembered.")
            elif latched:
                ui.label(ACKNOWLEDGE)
            for fault in faults:
                _show_fault(fault)

    async def _acknowledge(self) -> None:
        await told(self._owner.ask(lambda pen: pen.command(COMMAND)))


def _show_fault(fault: FaultRecord) -> None:
    when = f"{fault.time_us / 1e6:.1f} s after power-up {fault.boot_session}"
    with ui.element("div").classes("fault latched" if fault.latched else "fault"):
        ui.html(f"<b>{'Latched' if fault.latched else 'Past'}: </b>", sanitize=False)
        ui.label(f"{fault.number} {fault.name}, {when}")
        ui.label(f"Cause: {fault.cause}.").classes("fine")
        ui.label(f"Remedy: {fault.remedy}.")


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    FaultsPanel(owner)
