"""Changes of settings as a person reads them: before and after, in one transaction."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from penhost import Pen, Quantity
from penloop import whole


@dataclass(frozen=True)
class Step:
    """One setting of a transaction. `after` is in force, `goal` is or waits for a start."""

    name: str
    before: Quantity
    wanted: Quantity
    after: Quantity
    goal: Quantity  # what the pen has made of `wanted`
    status: str
    written: str = ""  # as the person wrote it, where it is no whole number of the unit

    def differs(self) -> bool:
        """Whether the setting changes, now or later."""
        return self.before != self.wanted

    def __str__(self) -> str:
        change = f"{self.before} -> {self.after}"
        if self.status == "pending":
            change = now_and_then(self.after, self.goal)
        elif self.before == self.after:
            change = f"{self.after}, as before"
        rounded = f", {self.written or self.wanted} was rounded to {self.goal}"
        exact = self.wanted == self.goal and not self.written
        return f"{self.name}: {change}{'' if exact else rounded}"


def now_and_then(in_force: Quantity, waiting: Quantity) -> str:
    """Both values of a setting that has another one waiting."""
    return f"{in_force} in force, {waiting} from the next start"


def tell_waiting(pen: Pen, values: Mapping[str, Quantity]) -> None:
    """Says on stderr which of these values in force the next start replaces."""
    for name, waiting in pen.waiting().items():
        if name in values:
            print(f"{name}: {now_and_then(values[name], waiting)}", file=sys.stderr)


def planned(pen: Pen, wanted: Mapping[str, int | str]) -> list[Step]:
    """What a transaction would change, by the pen's table. Raises BadValue."""
    before = pen.get_all(list(wanted))
    rows = {name: pen.settings[name] for name in wanted}
    goals = {name: row.quantity(whole.value_of(row, wanted[name])) for name, row in rows.items()}
    return [
        Step(name, before[name], goals[name], goals[name], goals[name], "planned",
             whole.rounded_from(rows[name], wanted[name]))
        for name in wanted
    ]  # fmt: skip


def needed(pen: Pen, steps: Sequence[Step]) -> list[Step]:
    """The steps to be sent: what differs, and what may have another value pending."""
    return [one for one in steps if one.differs() or pen.settings[one.name].access == "open"]


def applied(pen: Pen, steps: Sequence[Step]) -> list[Step]:
    """The same once the pen has taken them, all or none. Raises Refused, BadValue."""
    done = pen.set({step.name: step.wanted for step in steps}) if steps else []
    pending = {one.name for one in done if one.status == "pending"}
    waiting = pen.waiting() if pending else {}
    return [
        replace(
            step,
            after=change.value,
            goal=waiting.get(step.name, step.wanted) if step.name in pending else change.value,
            status=change.status,
        )
        for step, change in zip(steps, done)
    ]


def show(steps: Sequence[Step], as_json: bool) -> None:
    """Prints a line a change, or all as one JSON document in raw units."""
    if as_json:
        print(json.dumps([_document(step) for step in steps]))
        return
    for step in steps:
        print(step)


def _document(step: Step) -> dict[str, object]:
    return {
        "name": step.name,
        "status": step.status,
        "before": step.before.value,
        "wanted": step.wanted.value,
        "after": step.after.value,
        "unit": step.after.unit,
    }
