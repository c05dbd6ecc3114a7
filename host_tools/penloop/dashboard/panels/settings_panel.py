"""Settings with their bounds: changed together as one transaction, with the pen's answers."""

from typing import Any

from nicegui import ui

from penhost import BadValue, Refused
from penhost.replies import Change
from penhost.tables import Setting
from penloop import whole
from penloop.dashboard.panels.answers import POLL_S, told
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.view import Link

OPEN, SERVICE = "open", "SERVICE"
CLOSED = "in SERVICE only: hold the pen's button for 3 s"
HEADINGS = {
    "open": "Open",
    "service": f"Service, {CLOSED}",
    "volatile": f"Until power-off, {CLOSED}",
    "calibration": f"Calibration, {CLOSED}",
}


class SettingRow:
    """One setting on the page."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.kept = ""  # what the pen holds: the value that waits for the next start, or in force
        self.place = ui.element("div").classes("setting").props(f'data-setting="{setting.name}"')
        with self.place:
            ui.label(setting.name).classes("name")
            self.field = ui.input(on_change=self._changed).props("dense outlined")
            self.field.props(f'aria-label="{setting.name}"')
            bounds = f"{setting.quantity(setting.minimum)} to {setting.quantity(setting.maximum)}"
            self.bounds = ui.label(bounds).classes("bounds")
            ui.label(setting.help).classes("help")
            self.waits = ui.label().classes("waits")
            self.outcome = ui.label().classes("outcome")
        self.waits.set_visibility(False)
        self.outcome.set_visibility(False)

    @property
    def changed(self) -> bool:
        """Whether the field holds something else than the pen."""
        return bool(self.field.value != self.kept)

    def follow(self, in_force: str, waiting: str, closed: str) -> None:
        """Shows what the pen holds, unless the person is at it; `closed` is why it cannot change.

        What waits for the next start stands in the field, so that another value takes it back.
        """
        kept = waiting or in_force
        if kept != self.kept:
            untouched = not self.changed
            self.kept = kept
            if untouched:
                self.field.set_value(kept)
        self.waits.set_text(f"waits for the next start: {kept}; {in_force} is in force")
        self.waits.set_visibility(bool(waiting))
        if bool(closed) == self.field.enabled:
            self.field.set_enabled(not closed)
            self.place.props(f'title="{closed}"')

    def accept(self) -> None:
        """The pen has taken what the field holds: it follows the pen again."""
        self.kept = str(self.field.value)

    def reset(self) -> None:
        """What the pen holds comes back."""
        self.field.set_value(self.kept)
        self.tell("", True)

    def tell(self, text: str, good: bool) -> None:
        """What became of the change."""
        self.outcome.set_text(text)
        self.outcome.set_visibility(bool(text))
        self.outcome.classes(replace="outcome" if good else "outcome refused")

    def _changed(self) -> None:
        if not self.changed:
            self.tell("", True)
            return
        try:
            value = whole.value_of(self.setting, str(self.field.value))
        except BadValue as error:
            self.tell(str(error), False)
            return
        inside = self.setting.minimum <= value <= self.setting.maximum
        self.tell("" if inside else "outside its bounds: the pen will refuse it", False)


class SettingsPanel:
    """The table, made anew for each pen that connects."""

    def __init__(self, owner: PenOwner) -> None:
        self._owner = owner
        self._rows: dict[str, SettingRow] = {}
        self._tables: Any = None
        with ui.row().classes("items-center w-full"):
            self._apply = ui.button("Apply", on_click=self._set).props("no-caps id=apply")
            self._undo = ui.button("Undo", on_click=self._reset).props("flat no-caps id=undo")
        self._note = ui.label().classes("fine")
        self._place = ui.column().classes("w-full gap-0")
        ui.timer(POLL_S, self._follow)

    def _follow(self) -> None:
        view = self._owner.view
        if view.tables is None:
            self._note.set_text("no pen has answered yet")
            return
        if view.tables is not self._tables:
            self._tables = view.tables
            self._make(view.tables.settings)
        for name, row in self._rows.items():
            self._show(name, row)
        changed = len(self._changes())
        self._apply.set_text(f"Apply {changed} together" if changed > 1 else "Apply")
        self._apply.set_enabled(bool(changed) and view.link is Link.UP)
        self._undo.set_enabled(bool(changed))

    def _show(self, name: str, row: SettingRow) -> None:
        view = self._owner.view
        in_force = str(view.values.get(name, ""))
        row.follow(in_force, str(view.waiting.get(name, "")), self._closed(row.setting))

    def _make(self, settings: dict[str, Setting]) -> None:
        before = {name for name, row in self._rows.items() if row.changed}
        kept = {name: self._rows[name].field.value for name in before}
        self._place.clear()
        self._rows = {}
        with self._place:
            for access in dict.fromkeys(setting.access for setting in settings.values()):
                ui.label(HEADINGS.get(access, access)).classes("access")
                of_access = (one for one in settings.values() if one.access == access)
                self._rows |= {setting.name: SettingRow(setting) for setting in of_access}
        for name in kept.keys() & self._rows.keys():
            self._rows[name].field.set_value(kept[name])
        self._note.set_text("Write values with a unit: 110 Hz or 6600 rpm, 0.75 mm, 20 min.")

    def _closed(self, setting: Setting) -> str:
        return "" if setting.access == OPEN or self._owner.view.state == SERVICE else CLOSED

    def _changes(self) -> dict[str, str]:
        return {name: str(row.field.value) for name, row in self._rows.items() if row.changed}

    def _reset(self) -> None:
        for row in self._rows.values():
            row.reset()

    async def _set(self) -> None:
        changes = self._changes()
        good, answer = await told(self._owner.set(changes))
        refused = answer.changes if isinstance(answer, Refused) else ()
        for change in answer if good else refused:
            self._tell(change, changes[change.name])

    def _tell(self, change: Change, written: str) -> None:
        row = self._rows[change.name]
        if change.status == "refused":
            limit = f" ({change.limit})" if change.limit else ""
            row.tell(f"refused: {change.text}{limit}", False)
            return
        row.accept()
        self._show(change.name, row)
        done = []
        if change.status == "applied":  # of what waits, the row itself tells
            done.append(f"applied: {change.value} in force")
        if rounded := whole.rounded_from(row.setting, written):
            done.append(f"{rounded} was rounded")
        row.tell(", ".join(done), True)


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    SettingsPanel(owner)
