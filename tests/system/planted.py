"""Firmware with a weakness of its own: a copy of ours in which a line is another."""

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CAMPAIGNS = ROOT / "examples" / "campaigns"


@dataclass(frozen=True)
class Weakness:
    """What is changed in which file, and the campaign in which it shows.

    share: of all its cases that fail, as drawn by chance
    """

    module: str
    before: str
    after: str
    campaign: Path
    share: float

    def plant(self, folder: Path) -> Path:
        """Writes the firmware with it into a folder; returns the directory to name."""
        shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("__pycache__"))
        module = folder / "penfw" / self.module
        text = module.read_text()
        assert text.count(self.before) == 1, f"{self.module} has not one {self.before!r}"
        module.write_text(text.replace(self.before, self.after))
        return folder


# The motor is taken for standing 70 ms later than it should.
LATE_STALL = Weakness(
    "watch.py",
    "_STALL_US = const(60000)",
    "_STALL_US = const(130000)",
    CAMPAIGNS / "bridge_opens.campaign.toml",
    0.003,
)
# A press between the release and the start is left to the main loop, which marks the cartridge
# then, and looks at the button after it has asked for the start: the motor runs, nothing parks it.
START_OVER_PARK = Weakness(
    "control.py",
    "if down and (state == _RUNNING or state == _PARKING or state == _READY):",
    "if down and (state == _RUNNING or state == _PARKING):",
    CAMPAIGNS / "second_press.campaign.toml",
    0.003,
)
WEAKNESSES = {"late stall": LATE_STALL, "start over park": START_OVER_PARK}
