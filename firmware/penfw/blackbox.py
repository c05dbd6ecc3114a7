"""The black box's half that is always in memory: the last signals, and the fault that waits.

The main loop takes a row of signals in each pass: that costs the control interrupt nothing. At a
fault it takes some more, then the rows stand still until blackbox_record.py has written them.
"""

import struct

from penfw import faults
from penfw.signals import index as signal

ROWS = 56  # 0.6 s of passes
AFTER = 10  # rows that are taken after a fault
ROW = "<HBBHHHhHhhh"  # as record_tables.py describes it
ROW_BYTES = 20
_MOST = 65535

_STATE = signal("state")
_RATE = signal("rate")
_RATE_TARGET = signal("rate_target")
_DUTY = signal("duty")
_CURRENT = signal("current")
_BATTERY = signal("battery")
_WINDING = signal("winding")
_DEPTH = signal("depth")
_POSITION = signal("position")
_INPUTS = signal("inputs")

MISSING = 1 << faults.WATCHDOG_RESET | 1 << faults.POWER_LOST  # faults without signals before them


class BlackBox:
    """`sample` in every pass, `note` at a fault; `due` tells that a record can be written."""

    def __init__(self, values):
        self._values = values
        self.rows = bytearray(ROWS * ROW_BYTES)
        self.next = 0  # the oldest row, once all have been filled
        self.count = 0
        self.left = 0  # rows still to be taken
        self.fault = 0  # number of the one that waits; 0: none
        self.time = (0, 0)  # device time at which it was seen: seconds, microseconds
        self.fault_ms = 0  # the same on the rows' clock
        self.head = None  # of the record, see blackbox_record.py

    def sample(self, now_ms):
        """One row. It is 20 bytes, so that they all fit into the heap."""
        if self.fault:
            if not self.left:
                return
            self.left -= 1
        v = self._values
        struct.pack_into(
            ROW, self.rows, self.next * ROW_BYTES, now_ms & _MOST, v[_STATE], v[_INPUTS],
            min(v[_RATE] // 10, _MOST), min(v[_RATE_TARGET] // 10, _MOST), v[_DUTY], v[_CURRENT],
            v[_BATTERY], v[_DEPTH], v[_POSITION], v[_WINDING] // 10,
        )  # fmt: skip
        self.next = (self.next + 1) % ROWS
        self.count = min(self.count + 1, ROWS)

    def note(self, number, clock, now_ms):
        """A fault. One that waits already is the record's: this one shows in its fault word."""
        if self.fault:
            self.head = None  # built again with this one
            return
        self.fault = number
        self.time = (clock.seconds, clock.micros)
        self.fault_ms = now_ms
        self.left = 0 if MISSING >> number & 1 else AFTER

    def due(self):
        """Whether a record waits to be written."""
        return self.fault and not self.left

    def held(self):
        """Rows of the record: none of a fault that has taken them along."""
        return 0 if MISSING >> self.fault & 1 else self.count

    def forget(self):
        """The record has been written: signals are taken again."""
        self.fault = 0
        self.head = None
