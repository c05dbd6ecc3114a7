"""Completion of names of settings and signals in the shell. No port is opened for it.

The names are those of the pen that was last used on the port, else of the firmware installed here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer

from penfw import settings as firmware_settings
from penfw import signals as firmware_signals
from penloop import pen_memory

Found = Iterator[tuple[str, str]]  # what can stand there, and what it means


def settings(context: typer.Context, incomplete: str) -> Found:
    """Names of settings."""
    for name, row in known_settings(context).items():
        if name.startswith(incomplete):
            yield name, _meaning(row)


def changes(context: typer.Context, incomplete: str) -> Found:
    """`NAME=`, then the default with its unit.

    A shell adds a space to what is complete: with the default beside the bare name it does not.
    """
    known = known_settings(context)
    name, sign, _begun = incomplete.partition("=")
    apart = _named_before(context, incomplete)
    if sign and name in known:
        yield f"{name}={_compact(known[name])}", _meaning(known[name])
    elif apart in known:
        yield _compact(known[apart]), _meaning(known[apart])
    else:
        yield from _names_to_set(known, incomplete)


def _names_to_set(known: dict[str, dict[str, str]], incomplete: str) -> Found:
    found = [name for name in known if name.startswith(incomplete)]
    for name in found:
        yield f"{name}=", _meaning(known[name])
    if len(found) == 1:
        yield f"{found[0]}={_compact(known[found[0]])}", "the default"


def _named_before(context: typer.Context, incomplete: str) -> str:
    """The setting before a value: bash takes the "=" between for a word, or for nothing."""
    words = [word for word in context.params.get("words") or () if word != "="]
    return words[-1] if words and incomplete[:1] in "0123456789+-.=" else ""


def signals(context: typer.Context, incomplete: str) -> Found:
    """Names of signals, also behind the commas of a list."""
    yield from _listed(known_signals(context), incomplete)


def any_of(names: Sequence[str]) -> Callable[[str], Found]:
    """Completes these names, also behind the commas of a list."""
    return lambda incomplete: _listed(dict.fromkeys(names, ""), incomplete)


def _listed(known: Mapping[str, str], incomplete: str) -> Found:
    before, comma, begun = incomplete.rpartition(",")
    for name, meaning in known.items():
        if name.startswith(begun) and name not in before.split(","):
            yield f"{before}{comma}{name}", meaning


def triggers(context: typer.Context, incomplete: str) -> Found:
    """How a trigger of the scope begins."""
    kinds = {"now": "at once", "fault ": "when it is latched", "state ": "when it is entered"}
    for word, meaning in [*kinds.items(), *known_signals(context).items()]:
        if word.startswith(incomplete):
            yield word, meaning


def known_settings(context: typer.Context) -> dict[str, dict[str, str]]:
    """Default, bounds and help of each setting, as texts."""
    kept: dict[str, dict[str, str]] = _kept(context, "settings")
    return kept or dict(map(_installed, firmware_settings.SETTINGS))


def known_signals(context: typer.Context) -> dict[str, str]:
    """Help of each signal."""
    kept: dict[str, str] = _kept(context, "signals")
    return kept or {row[0]: row[3] for row in firmware_signals.SIGNALS}


def _kept(context: typer.Context, table: str) -> Any:
    return pen_memory.last_description(context.params.get("port") or "").get(table)


def _installed(row: tuple[Any, ...]) -> tuple[str, dict[str, str]]:
    from penhost.units import show

    name, _type, unit, default, low, high, _access, text = row
    bounds = f"{show(low, unit)} to {show(high, unit)}"
    return name, {"default": show(default, unit), "bounds": bounds, "help": text}


def _meaning(row: dict[str, str]) -> str:
    return f"{row['bounds']}: {row['help']}"


def _compact(row: dict[str, str]) -> str:
    return row["default"].replace(" ", "")
