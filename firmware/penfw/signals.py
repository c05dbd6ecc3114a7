"""The signal array: what the control interrupt measures and decides, one int32 a signal.

The interrupt writes it, everybody reads it; telemetry, the scope and the simulator's recorder
take their samples from here. `control.py` repeats the numbers as constants of its own, which
MicroPython folds; a test holds the two together.
"""

from array import array

from penfw import tables

# Bits of the signal `inputs`.
IN_BUTTON = 1
IN_CARTRIDGE = 2
IN_USB = 4
IN_TOP = 8


def __getattr__(name):
    """SIGNALS: the rows of signal_table.py, see tables.py."""
    if name == "SIGNALS":
        return tables.read("signal_table", name)
    raise AttributeError(name)


NAMES = tuple([row[0] for row in tables.read("signal_table", "SIGNALS")])

values = array("i", [0] * len(NAMES))


def index(name):
    """Number of a signal; ValueError when there is none of that name."""
    return NAMES.index(name)
