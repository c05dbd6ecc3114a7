"""The settings of a pen as the text of a profile."""

from collections.abc import Mapping
from datetime import datetime

import tomlkit
from tomlkit.items import Table

from penhost.tables import Identity, Setting
from penhost.units import Quantity
from penloop.profiles.profile import CALIBRATION, HEAD, SCHEMA, SETTINGS

ABOUT = (
    "Settings of a pen. `penloop params load` sets all of them or none.",
    "A value is a text with its unit: any unit of its kind will do, 6600rpm as well as 110 Hz.",
)
CALIBRATION_ABOUT = "Measured on this pen: of no use for another one."


def document(
    pen: Identity, table: Mapping[str, Setting], values: Mapping[str, Quantity], saved: datetime
) -> str:
    """The text of a profile with these values, each below what the table says of it."""
    page = tomlkit.document()
    for line in ABOUT:
        page.add(tomlkit.comment(line))
    page.add(tomlkit.nl())
    page.add(HEAD, _head(pen, saved))
    own = {name: value for name, value in values.items() if table[name].access == "calibration"}
    shared = {name: value for name, value in values.items() if name not in own}
    page.add(SETTINGS, _values(shared, table, ""))
    if own:
        page.add(CALIBRATION, _values(own, table, CALIBRATION_ABOUT))
    return tomlkit.dumps(page)


def _head(pen: Identity, saved: datetime) -> Table:
    head = tomlkit.table()
    head.add("schema", SCHEMA)
    for name in ("product", "board", "pen_id", "firmware_version", "firmware_hash"):
        head.add(name, getattr(pen, name))
    head.add("saved", saved.replace(microsecond=0))
    head.add(tomlkit.nl())
    return head


def _values(values: Mapping[str, Quantity], table: Mapping[str, Setting], about: str) -> Table:
    part = tomlkit.table()
    if about:
        part.add(tomlkit.comment(about))
    for name, value in values.items():
        row = table[name]
        bounds = f"{row.quantity(row.minimum)} to {row.quantity(row.maximum)}"
        part.add(tomlkit.comment(f"{row.help}; {bounds}, default {row.quantity(row.default)}"))
        part.add(name, str(value) if row.unit else value.value)
    part.add(tomlkit.nl())
    return part
