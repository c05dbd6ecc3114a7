"""Firmware with a weakness of its own: a copy of ours in which a line is another."""

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CAMPAIGNS = ROOT / "examples" / "campaigns"


@dataclass(frozen=True)
class Weakness:
    """The changes, (file, before, after), and the campaign in which they show."""

    changes: tuple[tuple[str, str, str], ...]
    campaign: Path

    def plant(self, folder: Path) -> Path:
        """Writes the firmware with it into a folder; returns the directory to name."""
        shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name, before, after in self.changes:
            module = folder / "penfw" / name
            text = module.read_text()
            assert text.count(before) == 1, f"{name} has not one {before!r}"
            module.write_text(text.replace(before, after))
        return folder


# The motor is taken for standing 60 ms later than it should.
LATE_STALL = Weakness(
    (("watch.py", "_STALL_US = const(60000)", "_STALL_US = const(120000)"),),
    CAMPAIGNS / "bridge_opens.campaign.toml",
)
# The race that this firmware once had: without the proof before a run, and with a press before it
# left to the main loop. That marks the cartridge then, and asks for the start before it looks at
# the button again: the motor runs under the finger, and nothing parks it.
START_OVER_PARK = Weakness(
    (
        ("states.py", "(START, STOP, SELF_TEST)", "(START, STOP, RUNNING)"),
        (
            "control.py",
            "if down and (state == _RUNNING or state == _PARKING or state == _READY):",
            "if down and (state == _RUNNING or state == _PARKING):",
        ),
        (
            "control.py",
            "        if following == _READY:\n            self.own_conditions |= _STOP\n",
            "        if following == _READY:\n",
        ),
    ),
    CAMPAIGNS / "second_press.campaign.toml",
)
WEAKNESSES = {"late stall": LATE_STALL, "start over park": START_OVER_PARK}
