"""The person at a pen that is simulated in this process: hand, button, cartridge, cable.

Nothing here goes over the pen's link.
"""

import re
from collections.abc import Callable
from typing import Any

from nicegui import ui

from penloop.dashboard.panels.answers import told
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.person import HOLD_ACKNOWLEDGE_S, HOLD_SERVICE_S
from pensim.plant.presets import CARTRIDGES, SKINS

NEW, ZONE = "12 needles", "cheek"
Act = Callable[[Any], Any]


class PersonPanel:
    """Buttons, each an act of the bench's operator."""

    def __init__(self, owner: PenOwner, source: SimulatedSource) -> None:
        self._owner = owner
        self._source = source
        ui.label("What a person does with the pen in hand; none of it goes over its link.").classes(
            "fine"
        )
        self._row(
            ("Click the button", lambda operator: operator.click()),
            ("Hold 1.5 s (acknowledge)", lambda operator: operator.click(HOLD_ACKNOWLEDGE_S)),
            ("Hold 3.5 s (service)", lambda operator: operator.click(HOLD_SERVICE_S)),
        )
        kind = ui.select([*CARTRIDGES], value=NEW, label="cartridge").props("dense")
        self._row(
            ("Insert a new one", lambda operator: operator.insert_cartridge(kind.value)),
            ("Take it off", lambda operator: operator.remove_cartridge()),
        )
        zone = ui.select(list(SKINS), value=ZONE, label="skin").props("dense")
        self._row(
            ("Touch", lambda operator: operator.touch(zone.value)),
            ("Lift off", lambda operator: operator.lift()),
        )
        self._row(("Take the cell out and in", lambda operator: operator.power_cycle()))
        ui.switch("link cable", value=source.cable_in, on_change=self._plug).props("id=link-cable")

    def _row(self, *acts: tuple[str, Act]) -> None:
        with ui.row().classes("gap-2 q-py-sm"):
            for text, act in acts:
                button = ui.button(text, on_click=self._does(act))
                words = re.findall(r"[a-z0-9]+", text.lower())
                button.props(f"no-caps dense outline id={'-'.join(words)}")

    def _does(self, act: Act) -> Callable[[], Any]:
        async def do() -> None:
            await told(self._owner.act(lambda bench: act(bench.operator)))

        return do

    def _plug(self, event: Any) -> None:
        self._source.cable_in = bool(event.value)


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    assert isinstance(owner.source, SimulatedSource)
    PersonPanel(owner, owner.source)
