"""Which signals are watched, and how often: up to eight, one subscription for all pages."""

from typing import Any

from nicegui import ui

from penfw.protocol import SIGNALS_MAX
from penloop.dashboard.panels.answers import POLL_S, told
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_thread import SIGNALS
from penloop.dashboard.phase import LONGEST_PERIOD_US

PERIODS_MS = (2, 4, 6, 10, 20, 50, 100)
ALWAYS = ("state", "faults")
NEEDLE = (
    "The needles move while rate, strokes and edge_age are watched at least every "
    f"{LONGEST_PERIOD_US // 1000} ms."
)


class SignalsPanel:
    """A choice, and a button that makes it so."""

    def __init__(self, owner: PenOwner) -> None:
        self._owner = owner
        self._tables: Any = None
        ui.label(f"Up to {SIGNALS_MAX}, with state and faults. {NEEDLE}").classes("fine")
        self._place = ui.column().classes("w-full gap-0")
        self._boxes: dict[str, ui.checkbox] = {}
        with ui.row().classes("items-center w-full"):
            periods = {period: f"every {period} ms" for period in PERIODS_MS}
            self._period = ui.select(periods, value=owner.view.period_ms or 6).props("dense")
            ui.button("Watch", on_click=self._watch).props("no-caps")
            ui.button("As at first", on_click=self._usual).props("flat no-caps")
        ui.label("At 115,200 baud eight signals come every 4 ms at best.").classes("fine")
        ui.timer(POLL_S, self._follow)

    def _follow(self) -> None:
        view = self._owner.view
        if view.tables is None or view.tables is self._tables:
            return
        self._tables = view.tables
        self._place.clear()
        with self._place:
            self._boxes = {
                signal.name: ui.checkbox(f"{signal.name}: {signal.help}").props("dense")
                for signal in view.tables.signals.values()
            }
        self._mark(view.signals)

    def _mark(self, names: Any) -> None:
        for name, box in self._boxes.items():
            box.set_value(name in names or name in ALWAYS)
            box.set_enabled(name not in ALWAYS)

    def _usual(self) -> None:
        self._mark(SIGNALS)

    async def _watch(self) -> None:
        chosen = [name for name, box in self._boxes.items() if box.value]
        if len(chosen) > SIGNALS_MAX:
            ui.notify(
                f"{len(chosen)} signals: choose at most {SIGNALS_MAX}",
                type="negative",
                position="top",
            )
            return
        await told(self._owner.subscribe(chosen, int(self._period.value)))


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    SignalsPanel(owner)
