"""Tables for a reader, which the pen itself does not need: they stay on the flash.

Their texts would take a seventh of the heap. Each is in a module that is read when its table is
asked for, and forgotten. A PC has the memory to keep them.
"""

import sys

import penfw

BOARDS = ("rp2", "esp32")


def read(module, table):
    """A table of the module `penfw.module`. On the chip: some ms, and up to 6 kB while in use."""
    name = "penfw." + module
    __import__(name)
    rows = getattr(sys.modules[name], table)
    if sys.platform in BOARDS:
        del sys.modules[name]
        delattr(penfw, module)
    return rows
