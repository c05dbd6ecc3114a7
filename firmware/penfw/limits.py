"""How deep and how fast, together: the lower limit of the rate, and the greatest depth."""

from penfw import settings, tables


def lowest_rate_mHz(needles, depth_um):
    """Slowest rate at which these needles may work at that depth, see rate_table.py."""
    return tables.read("rate_table", "lowest_rate_mHz")(needles, depth_um)


def greatest_depth_um(ceiling_um, cartridge_um):
    """Nothing goes deeper: hard limit, ceiling, and the cartridge's own limit (0: none is in)."""
    depth_um = min(ceiling_um, settings.HARD_DEPTH_UM)
    return min(depth_um, cartridge_um) if cartridge_um else depth_um


def to_step_um(depth_um):
    """The next depth that the stepper can hold, not deeper."""
    return depth_um // settings.DEPTH_STEP_UM * settings.DEPTH_STEP_UM
