"""From a failing case to the simplest scenario that fails for the same reason.

The scenario as it stands passes, with the case's values it fails. Both are kept throughout: what is
left out must leave the one failing and the other passing. So nothing goes on which the failure
hangs, and what is left is what the values bring about.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from penloop.campaigns.cases import Template
from penloop.campaigns.examples import Change, Example
from penloop.errors import UserError
from penloop.scenarios import execution
from penloop.scenarios.documents import Document
from penloop.scenarios.expectation import Verdict
from penloop.scenarios.scenario_reader import scenario_of

HALVINGS = 12  # of the way back to what the scenario has
DIGITS = range(1, 7)  # a value is told with as few as still fail
NEAR_ENOUGH = 0.02  # of the duration
ROUNDS = 5  # of all kinds of cuts
KINDS = ("never came", "too soon to tell")  # failures that are not about the condition


@dataclass(frozen=True)
class Reason:
    """Why a case fails: an expectation, or an error in the run; and of which kind."""

    expectation: str
    kind: str = ""

    @property
    def told(self) -> str:
        """As people read it."""
        return self.expectation or f"the run goes to its end ({self.kind})"


def reason_of(outcome: execution.Outcome) -> Reason | None:
    """That of the smallest margin; None of a run that passes."""
    if outcome.error:
        return Reason("", outcome.error.partition(" (at ")[0])
    worst = outcome.worst
    if worst is None or worst.holds:
        return None
    return Reason(worst.text, next((kind for kind in KINDS if kind in worst.explanation), ""))


class Shrinking:
    """Makes an example simpler. `example` is the simplest so far, at any time.

    Raises UserError when the case does not fail here, or the scenario does so as it stands.
    """

    def __init__(
        self, template: Template, example: Example, on_run: Callable[[int], None] | None = None
    ) -> None:
        self._template, self._on_run = template, on_run
        self._known: dict[str, execution.Outcome | None] = {}
        outcome = self._outcome(example.failing)
        reason = reason_of(outcome) if outcome is not None else None
        if reason is None:
            raise UserError("the case does not fail here", "search with this version of penloop")
        self.reason = reason
        self.example = example
        if not self._try(replace(example, document=self._one_expectation(example.document))):
            raise UserError("the scenario fails as it stands", "correct it before searching")

    @property
    def runs(self) -> int:
        """How many it has taken."""
        return len(self._known)

    @property
    def verdict(self) -> Verdict | None:
        """Of the simplest; None where an error ends the run."""
        outcome = self._outcome(self.example.failing)
        return outcome.worst if outcome is not None and not outcome.error else None

    @property
    def document(self) -> Document:
        """The simplest failing scenario, with a sentence that says what it is."""
        changes = " and ".join(change.told for change in self.example.changes)
        about = f"Found by a search: with {changes} this does not hold: {self.reason.told}."
        return {**self.example.failing, "about": about}

    def shrink(self) -> None:
        """As far as it goes."""
        for _round in range(ROUNDS):
            before = self.example
            self._drop_changes()
            self._cut()
            self._shorten()
            self._bring_nearer()  # last, as at the edge of the failure nothing else may change
            if self.example == before:
                return

    def _one_expectation(self, document: Document) -> Document:
        """The failing one only, and no measure."""
        kept = [self.reason.expectation] if self.reason.expectation else document["expect"][:1]
        return {**{k: v for k, v in document.items() if k != "measure"}, "expect": kept}

    def _drop_changes(self) -> None:
        """Each value back to what the scenario has, where that still fails."""
        for change in self.example.changes:
            self._try(self.example.without(change))

    def _bring_nearer(self) -> None:
        """The others as near to it as fails, told shortly."""
        for change in self.example.changes:
            if change.place.name != "seed":
                self._nearer(change)

    def _nearer(self, change: Change) -> None:
        if change.own is None or isinstance(change.own, str) or isinstance(change.value, str):
            return
        near, first = change.own, change.value
        for _turn in range(HALVINGS):
            middle = change.place.rounded((change.value + near) / 2)
            if middle in (change.value, near):
                break
            if self._try(self.example.with_value(change, middle)):
                change = replace(change, value=middle)
            else:
                near = middle
        self._in_few_digits(change, float(first))

    def _in_few_digits(self, change: Change, first: float) -> None:
        """Between its value and the one that was found first."""
        value = float(change.value)
        for digits in DIGITS:
            short = rounded(value, digits, up=first > value)
            beyond = abs(short - value) > abs(first - value)
            if not beyond and self._try(self.example.with_value(change, short)):
                return

    def _shorten(self) -> None:
        """The shortest duration with which it still fails."""
        whole_s = high_s = self.example.duration_s
        low_s = self.example.last_word_s
        while high_s - low_s > NEAR_ENOUGH * whole_s:
            middle_s = (low_s + high_s) / 2
            if self._try(self.example.lasting(middle_s)):
                high_s = middle_s
            else:
                low_s = middle_s
        for digits in (1, 2, 3):
            short_s = rounded(high_s, digits, up=True)
            if short_s <= whole_s and self._try(self.example.lasting(short_s)):
                return

    def _cut(self) -> None:
        """Leaves out one thing after another, until nothing more can go."""
        number = 0
        while number < len(coming := self.example.cuts()):
            number += not self._try(coming[number])

    def _try(self, example: Example) -> bool:
        """Takes the example where it fails as before, and passes without its changes."""
        failing = self._outcome(example.failing)
        if failing is None or reason_of(failing) != self.reason:
            return False
        passing = self._outcome(example.document)
        if passing is None or not passing.passed:
            return False
        self.example = example
        return True

    def _outcome(self, document: Document) -> execution.Outcome | None:
        """Of a run; None where the document is no scenario."""
        key = json.dumps(document, sort_keys=True)
        if key not in self._known:
            if self._on_run is not None:
                self._on_run(self.runs)
            self._known[key] = self._run(document)
        return self._known[key]

    def _run(self, document: Document) -> execution.Outcome | None:
        template = self._template
        try:
            scenario = scenario_of(document, template.name)
        except UserError:
            return None
        outcome = execution.run(scenario, template.engine, firmware=template.firmware, digest=False)
        return replace(outcome, trace=None, log=[])


def rounded(value: float, digits: int, up: bool) -> float:
    """The nearest number with so many digits that is not below, or not above, a value."""
    exact = Decimal(repr(value))
    quantum = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return float(exact.quantize(quantum, ROUND_CEILING if up else ROUND_FLOOR))
