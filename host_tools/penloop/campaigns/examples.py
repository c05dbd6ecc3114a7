"""A failing case beside the scenario from which it comes: the same document without its values."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from penhost.units import amount
from penloop.campaigns.places import Place, Value, with_values
from penloop.scenarios.documents import Document, Keys

_ARRAYS = ("link", "fault", "step")
_TABLES = ("pen", "skin")
_NEEDED = ("do", "part", "at", "after", "when")  # keys of an entry without which it is none


@dataclass(frozen=True)
class Change:
    """A place whose value is another than the scenario's own."""

    place: Place
    value: Value
    own: Value | None

    @property
    def told(self) -> str:
        """As people read it."""
        return f"{self.place.name} = {self.place.told(self.value)}"


@dataclass(frozen=True)
class Example:
    """A scenario that passes, and the changes with which it fails."""

    document: Document
    changes: tuple[Change, ...]

    @property
    def failing(self) -> Document:
        """The scenario that fails."""
        return with_values(self.document, {change.place: change.value for change in self.changes})

    def without(self, change: Change) -> "Example":
        """With the scenario's own value there."""
        return replace(self, changes=tuple(one for one in self.changes if one != change))

    def with_value(self, change: Change, value: Value) -> "Example":
        """With another value in a change."""
        other = replace(change, value=value)
        return replace(self, changes=tuple(other if c == change else c for c in self.changes))

    def lasting(self, duration_s: float) -> "Example":
        """With another duration."""
        return replace(self, document={**self.document, "duration": _written(duration_s)})

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return _seconds(self.document["duration"])

    @property
    def last_word_s(self) -> float:
        """When a host says its last; a run does not end before. 0 without a host."""
        return max((_seconds(act["at"]) for act in self.failing.get("link", [])), default=0.0)

    def cuts(self) -> list["Example"]:
        """All that have one thing less: an act, a fault, a step, a key."""
        return [*self._fewer_entries(), *self._fewer_keys()]

    def _fewer_entries(self) -> Iterator["Example"]:
        for array in _ARRAYS:
            for number in reversed(range(len(self.document.get(array, [])))):
                if not self._changed((array, number)):
                    yield from self._without_entry(array, number)

    def _without_entry(self, array: str, number: int) -> Iterator["Example"]:
        """Later ones move up; a step after it keeps its time."""
        document = deepcopy(self.document)
        entries = document[array]
        gone = entries.pop(number)
        if number < len(entries) and "after" in entries[number]:
            if self._changed((array, number + 1, "after")):
                return
            _count_from_before(entries[number], gone)
        if not entries:
            del document[array]
        changes = (replace(c, place=_moved_up(c.place, array, number)) for c in self.changes)
        yield Example(document, tuple(changes))

    def _fewer_keys(self) -> Iterator["Example"]:
        for keys in self._optional_keys():
            if not self._changed(keys):
                document = deepcopy(self.document)
                _delete(document, keys)
                yield replace(self, document=document)

    def _optional_keys(self) -> Iterator[Keys]:
        for head in _TABLES:
            if head in self.document:
                yield from _within((head,), self.document[head])
        for array in _ARRAYS:
            for number, entry in enumerate(self.document.get(array, [])):
                yield from ((array, number, key) for key in entry if key not in _NEEDED)

    def _changed(self, keys: Keys) -> bool:
        """Whether a change lies there or within."""
        return any(change.place.keys[: len(keys)] == keys for change in self.changes)


def _within(keys: Keys, value: Any) -> Iterator[Keys]:
    """The keys of a table, outer ones first."""
    yield keys
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _within((*keys, key), inner)


def _delete(document: Document, keys: Keys) -> None:
    """Deletes a key, and the tables that are empty then."""
    table: Any = document
    for key in keys[:-1]:
        table = table[key]
    del table[keys[-1]]
    if not table and len(keys) > 1:
        _delete(document, keys[:-1])


def _count_from_before(entry: dict[str, Any], gone: dict[str, Any]) -> None:
    key = "at" if "at" in gone else "after"
    entry_s = _seconds(entry.pop("after"))
    entry[key] = _written(_seconds(gone[key]) + entry_s)


def _moved_up(place: Place, array: str, gone: int) -> Place:
    """The same place after an entry has gone."""
    head, *rest = place.keys
    if head != array or int(rest[0]) < gone:
        return place
    number = int(rest[0])
    name = place.name.replace(f"{array}.{number + 1}.", f"{array}.{number}.", 1)
    return replace(place, keys=(head, number - 1, *rest[1:]), name=name)


def _seconds(text: str) -> float:
    return float(amount(text, "s"))


def _written(time_s: float) -> str:
    return f"{round(time_s, 6):.6f}".rstrip("0").rstrip(".") + " s"
