"""Writes docs/settings.md from the firmware's tables: `python tools/settings_document.py`."""

from pathlib import Path

from penfw import settings, signals
from penhost.units import choices, show

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = """\
# Settings and signals

Written by `python tools/settings_document.py` from the firmware's tables; a test holds this
file to them. A pen tells its own tables over the link: `penloop get` shows what the connected one
has.

On the link and with `--json` a value is an integer in the first unit of its row; on the command
line and in profiles it is written in any of them.
"""
ACCESS = {
    settings.OPEN: ("Open", "Changed at any time, in a treatment as far as it is safe."),
    settings.VOLATILE: ("Volatile", "Changed in SERVICE; back to the default at power-off."),
    settings.SERVICE: ("Service", "Limits and the control law: changed in SERVICE only."),
    settings.CALIBRATION: ("Calibration", "Measured for each pen: changed in SERVICE only."),
}


def document() -> str:
    """The page."""
    parts = [_settings(access, *told) for access, told in ACCESS.items()]
    return "\n".join([HEAD, *parts, _signals()])


def _settings(access: int, title: str, told: str) -> str:
    lines = [f"## {title}", "", told, "", "| setting | default | from | to | meaning | unit |"]
    lines.append("|---|---|---|---|---|---|")
    for name, _type, unit, default, low, high, who, text in settings.SETTINGS:
        if who == access:
            values = " | ".join(show(value, unit) for value in (default, low, high))
            lines.append(f"| `{name}` | {values} | {text} | {', '.join(choices(unit)) or '-'} |")
    return "\n".join(lines) + "\n"


def _signals() -> str:
    lines = ["## Signals", "", "What `penloop monitor`, `record` and `scope` show.", ""]
    lines += ["| signal | unit | meaning |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {unit or '-'} | {text} |" for name, _code, unit, text in signals.SIGNALS
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
