"""The panels of the page, a module each, in the order of their tabs."""

from collections.abc import Callable
from typing import NamedTuple

from penloop.dashboard.panels import (
    faults_panel,
    person_panel,
    record_panel,
    scope_panel,
    settings_panel,
    signals_panel,
    tune_panel,
)
from penloop.dashboard.pen_owner import PenOwner


class Panel(NamedTuple):
    """A tab: `there` tells whether this pen has it, `show` builds it into the page."""

    name: str
    show: Callable[[PenOwner], None]
    there: Callable[[PenOwner], bool] = lambda _owner: True


PANELS = (
    Panel("Settings", settings_panel.show),
    Panel("Faults", faults_panel.show),
    Panel("Signals", signals_panel.show),
    Panel("Record", record_panel.show),
    Panel("Scope", scope_panel.show),
    Panel("Tune", tune_panel.show),
    Panel("Person", person_panel.show, lambda owner: owner.source.bench is not None),
)
