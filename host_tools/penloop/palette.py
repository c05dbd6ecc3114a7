"""The colours of all pictures, and what each one means."""

from pensim.operator import Hand

INK = "#1d2733"
MUTED = "#667382"
GRID = "#e4e8ed"
PAPER = "#ffffff"

SET = "#8b96a5"  # what was asked for; always dashed
PEN = "#2f6fd0"  # what the pen measures
TRUE = "#0b7a6f"  # what is so, by the plant
SKIN = "#b3304f"  # in the skin
ALARM = "#c81e2b"

# Of signals that share a lane, one after another.
LINES = (TRUE, PEN, "#c0561d", "#7a4fc0", SKIN, "#6b7a12")
LINES_ON_DARK = ("#4cc3b4", "#7aa9f7", "#f09a5c", "#b99af0", "#f0809b", "#b9c95a")

# Of recordings that lie over each other: neighbours far apart.
RUNS = (PEN, "#c0561d", TRUE, "#7a4fc0", SKIN, "#6b7a12")

# As the pen's own light shows them, where it has a colour for them.
STATES = {
    "SELF_TEST": "#c9d1db",
    "STANDBY": "#8fb4ec",
    "READY": "#a5d8ab",
    "RUNNING": "#2e9e5b",
    "PARKING": "#f0c443",
    "FAULT": "#d5303c",
    "SERVICE": "#5566c9",
}
DARK_STATES = ("RUNNING", "FAULT", "SERVICE")  # with light text on them

ZONES = {"forehead": "#faf1e6", "cheek": "#fbecea", "scar": "#f3ebf0"}
ZONE_OTHER = "#f6f1ea"

# Depth in skin, shallow to deep.
DEPTHS = ("#f4c08a", "#e88a5a", "#cf4f52", "#98264f", "#541845")


def zone_colour(hand: Hand) -> str:
    """Background while the pen is on that zone."""
    return ZONES.get(hand.zone, ZONE_OTHER)
