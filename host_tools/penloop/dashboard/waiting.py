"""Changes that the pen takes over at its next start: it answers them with the value in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penhost.replies import Change
from penhost.tables import Identity, Setting
from penhost.units import Quantity
from penloop.changes import at_next_start


@dataclass(frozen=True)
class Waiting:
    """What will be, and what is in force until then."""

    value: Quantity
    in_force: Quantity


def after(
    waiting: Mapping[str, Waiting],
    done: Sequence[Change],
    asked: Mapping[str, str],
    table: Mapping[str, Setting],
) -> dict[str, Waiting]:
    """What waits once the pen has answered a transaction; what it applied waits no more."""
    left = {name: one for name, one in waiting.items() if name not in asked}
    for change in done:
        if change.status == "pending":
            row = table[change.name]
            wanted = row.quantity(row.value_of(asked[change.name]))
            left[change.name] = Waiting(at_next_start(change.name, wanted), change.value)
    return left


def still(
    waiting: Mapping[str, Waiting],
    values: Mapping[str, Quantity],
    before: Identity | None,
    now: Identity,
) -> dict[str, Waiting]:
    """What waits by the values that were read: none of a value that has changed, and none of
    another pen or after a reset, which forgets it."""
    if before is None or (before.pen_id, before.boot_session) != (now.pen_id, now.boot_session):
        return {}
    return {name: one for name, one in waiting.items() if values.get(name) == one.in_force}
