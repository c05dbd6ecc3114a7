"""Tables for a reader, which the pen itself does not need: they stay on the flash.

Their texts would take a seventh of the heap. Each is in a module that is read when its table is
asked for, and forgotten. A reader on a PC who has imported that module by itself keeps it.
"""

import sys

import penfw


def read(module, table):
    """A table of the module `penfw.module`. On the chip: some ms, and up to 6 kB while in use."""
    name = "penfw." + module
    kept = name in sys.modules
    __import__(name)
    rows = getattr(sys.modules[name], table)
    if not kept:
        del sys.modules[name]
        delattr(penfw, module)
    return rows
