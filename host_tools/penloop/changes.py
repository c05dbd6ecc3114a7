"""Changes of settings as a person reads them: before and after, in one transaction."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from penfw.limits import to_step_um
from penhost import Pen, PenError, Quantity
from penhost.replies import Change
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
    waited: Quantity | None = None  # another value that waited for the next start before

    def differs(self) -> bool:
        """Whether the setting changes, now or later."""
        return self.wanted != (self.before if self.waited is None else self.waited)

    def told_beforehand(self) -> str:
        """For a question."""
        if self._taken_back():
            return f"{self.name} {self.waited}, which waits for the next start, -> {self.wanted}"
        return f"{self.name} {self.before} -> {self.wanted}"

    def _taken_back(self) -> bool:
        return self.waited is not None and self.wanted == self.before

    def __str__(self) -> str:
        change = f"{self.before} -> {self.after}"
        if self.status == "pending":
            change = now_and_then(self.after, self.goal)
        elif self._taken_back():
            change = f"{self.after} stays in force, {self.waited} waits no more"
        elif self.before == self.after:
            change = f"{self.after}, as before"
        rounded = f", {self.written or self.wanted} was rounded to {self.goal}"
        exact = self.wanted == self.goal and not self.written
        return f"{self.name}: {change}{'' if exact else rounded}"


def now_and_then(in_force: Quantity, waiting: Quantity) -> str:
    """Both values of a setting that has another one waiting."""
    return f"{in_force} in force, {waiting} from the next start"


def tell_waiting(values: Mapping[str, Quantity], waiting: Mapping[str, Quantity]) -> None:
    """Says on stderr which of these values in force the next start replaces."""
    for name, following in waiting.items():
        if name in values:
            print(f"{name}: {now_and_then(values[name], following)}", file=sys.stderr)


def planned(pen: Pen, wanted: Mapping[str, int | str]) -> list[Step]:
    """What a transaction would change, by the pen's table. Raises BadValue."""
    before, waiting = pen.get_all(list(wanted)), pen.waiting()
    rows = {name: pen.settings[name] for name in wanted}
    goals = {name: row.quantity(whole.value_of(row, wanted[name])) for name, row in rows.items()}
    return [
        Step(name, before[name], goals[name], goals[name], goals[name], "planned",
             whole.rounded_from(rows[name], wanted[name]), waiting.get(name))
        for name in wanted
    ]  # fmt: skip


def needed(pen: Pen, steps: Sequence[Step]) -> list[Step]:
    """The steps to be sent: what differs, and what may have another value pending."""
    return [one for one in steps if one.differs() or pen.settings[one.name].access == "open"]


def applied(pen: Pen, steps: Sequence[Step]) -> list[Step]:
    """The same once the pen has taken them, all or none. Raises Refused, BadValue."""
    done = pen.set({step.name: step.wanted for step in steps}) if steps else []
    goals = {change.name: change.value for change in done}
    goals |= _goals_of_pending(pen, steps, done)
    return [
        replace(step, after=change.value, goal=goals[step.name], status=change.status)
        for step, change in zip(steps, done)
    ]


def _goals_of_pending(
    pen: Pen, steps: Sequence[Step], done: Sequence[Change]
) -> dict[str, Quantity]:
    """What the pending ones will be: as the pen tells, or as the firmware would round it."""
    pending = {change.name for change in done if change.status == "pending"}
    if not pending:
        return {}
    goals = {step.name: _at_next_start(step) for step in steps if step.name in pending}
    with suppress(PenError):  # the changes are made, whatever becomes of the link
        goals |= {name: value for name, value in pen.waiting().items() if name in pending}
    return goals


def _at_next_start(step: Step) -> Quantity:
    """What a pending change will be, for a pen that does not tell."""
    wanted = step.wanted
    return Quantity(to_step_um(wanted.value), wanted.unit) if step.name == "depth" else wanted


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
        "goal": step.goal.value,
        "unit": step.after.unit,
    }
