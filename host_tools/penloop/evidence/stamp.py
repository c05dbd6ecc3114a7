"""What a result is of: the stamp of every page and of every JSON file of the evidence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from penloop.campaigns.cases import installed_sha256
from penloop.scenarios.pages import NOTICE

SHORT, FULL, LONG = "short", "full", "long"
FORMS = (SHORT, FULL, LONG)  # each shows more than the one before
DIGITS = 12  # of a hash, on a page


@dataclass(frozen=True)
class Stamp:
    """What a result is of.

    source_sha256: of all that it depends on
    made: when it was ready, in UTC, ISO 8601
    form: one of FORMS
    seconds: how long it took
    """

    source_sha256: str
    firmware_sha256: str
    made: str
    form: str
    seconds: float
    notice: str = NOTICE


def now(source_sha256: str, form: str, seconds: float) -> Stamp:
    """Of a result that is ready now, of the installed firmware."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Stamp(source_sha256, installed_sha256(), made, form, round(seconds, 1))


def told(stamp: Stamp) -> dict[str, Any]:
    """For a JSON file, under the key "stamp"."""
    return asdict(stamp)


def of(content: Mapping[str, Any]) -> Stamp:
    """That of a JSON file's content. Raises ValueError where it has none."""
    try:
        stamp = Stamp(**content["stamp"])
        datetime.fromisoformat(stamp.made)
        float(stamp.seconds)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no stamp: {error}") from None
    if stamp.form not in FORMS:
        raise ValueError(f"no form: {stamp.form}")
    return stamp


def html(stamp: Stamp) -> str:
    """For the head of a page."""
    return (
        f'<p class="notice">{stamp.notice}</p>'
        f'<p class="stamp">{stamp.form.capitalize()} form, {_code("sources", stamp.source_sha256)},'
        f" {_code('firmware', stamp.firmware_sha256)}, ready {when(stamp)}, took "
        f"{duration(stamp.seconds)}.</p>"
    )


def short(sha256: str) -> str:
    """A hash as pages and names of folders have it."""
    return sha256[:DIGITS]


def _code(name: str, sha256: str) -> str:
    return f'{name} <code title="{sha256}">{short(sha256)}</code>'


def when(stamp: Stamp) -> str:
    """To the minute."""
    return f"{datetime.fromisoformat(stamp.made).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """In seconds, from two minutes on also in minutes."""
    minutes = f" ({seconds / 60:.1f} min)" if seconds >= 120 else ""
    return f"{seconds:,.1f} s{minutes}"
