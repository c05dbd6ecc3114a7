"""What the pen needs of the settings.

The settings are in settings_table.py, a row each; store.py keeps them on the flash.
Imported by the host too: plain Python only.
"""

from penfw import tables

OPEN = 0  # changed at any time
SERVICE = 1  # changed in SERVICE only: limits and the control law
VOLATILE = 2  # as SERVICE, and back to its default at power-off
CALIBRATION = 3  # as SERVICE: measured once for each pen
ACCESS = ("open", "service", "volatile", "calibration")

HARD_DEPTH_UM = 2500  # nothing goes deeper, whoever asks
DEPTH_STEP_UM = 25  # one full step of the stepper


def __getattr__(name):
    """SETTINGS: the rows of settings_table.py, see tables.py."""
    if name == "SETTINGS":
        return tables.read("settings_table", name)
    raise AttributeError(name)


def columns():
    """Names, defaults, minima, maxima and access: what the pen itself needs of the table."""
    rows = tables.read("settings_table", "SETTINGS")
    return [tuple([row[column] for row in rows]) for column in (0, 3, 4, 5, 6)]


NAMES, DEFAULTS, MINIMA, MAXIMA, ACCESSES = columns()


def index(name):
    """Number of a setting; ValueError when there is none of that name."""
    return NAMES.index(name)
