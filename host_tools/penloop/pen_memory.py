"""What this computer remembers of pens: their tables, for completion, and when each was powered up.

A file that cannot be written or read is done without: nothing of it is needed to talk to a pen.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from penhost.errors import PenError

if TYPE_CHECKING:
    from penhost import Pen

APP = "penloop"
BOOTS_MAX = 500  # of one pen; the oldest are forgotten


def descriptions() -> Path:
    """The folder of the tables, a file for each pen and firmware; the newest was used last."""
    return platformdirs.user_cache_path(APP) / "pens"


def _power_ups(pen_id: str) -> Path:
    return platformdirs.user_data_path(APP) / "power_ups" / f"{_plain(pen_id)}.json"


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter in "-.") or "unnamed"


def keep_power_up(pen: "Pen") -> None:
    """Keeps when the pen was powered up, by this computer's clock; not of one in virtual time."""
    if pen.clock_is_virtual:
        return
    began = datetime.now(UTC) - timedelta(microseconds=pen.info.time_us)
    known = power_ups(pen.info.pen_id)
    known[pen.info.boot_session] = began
    newest = sorted(known)[-BOOTS_MAX:]
    texts = {str(boot): known[boot].isoformat(timespec="milliseconds") for boot in newest}
    _write(_power_ups(pen.info.pen_id), texts)


def power_ups(pen_id: str) -> dict[int, datetime]:
    """When a pen was powered up, by boot session, for those in which it was connected here."""
    found: dict[int, datetime] = {}
    for boot, text in _read(_power_ups(pen_id)).items():
        with suppress(ValueError, TypeError):
            found[int(boot)] = datetime.fromisoformat(text)
    return found


def keep_description(pen: "Pen", port: str) -> None:
    """Keeps the tables that were read of the pen, and both when none of this firmware are kept."""
    path = descriptions() / _plain(f"{pen.info.pen_id}-{pen.info.firmware_hash}.json")
    known = _read(path)
    parts = [part for part in _TABLES if part not in known or part in vars(pen)]
    with suppress(PenError):
        fresh = {**known, "port": port, **{part: _TABLES[part](pen) for part in parts}}
        if fresh != known:
            _write(path, fresh)
    with suppress(OSError):
        path.touch(exist_ok=True)


def _settings(pen: "Pen") -> dict[str, dict[str, str]]:
    return {
        name: {
            "default": str(row.quantity(row.default)),
            "bounds": f"{row.quantity(row.minimum)} to {row.quantity(row.maximum)}",
            "help": row.help,
        }
        for name, row in pen.settings.items()
    }


def _signals(pen: "Pen") -> dict[str, str]:
    return {name: row.help for name, row in pen.signals.items()}


_TABLES = {"settings": _settings, "signals": _signals}


def last_description(port: str) -> Mapping[str, Any]:
    """The tables of the pen that was last on a port, or last of all; empty when none are kept."""
    with suppress(OSError):
        found = sorted(descriptions().glob("*.json"), key=lambda path: -path.stat().st_mtime_ns)
        known = [_read(path) for path in found]
        here = [one for one in known if one.get("port") == port]
        return next(iter(here or known), {})
    return {}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(content), "utf-8")
        os.replace(scratch, path)
