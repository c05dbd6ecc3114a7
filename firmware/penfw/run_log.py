"""One run of the motor in a treatment, for the session record and the cartridge's account.

It is in memory from a start until it is written, see tables.py.
"""

import struct
from array import array

from penfw import protocol, tables
from penfw.signals import index as signal

SPENT = 11  # depths and rates of a record

_DEPTH = signal("depth")
_RUN_TIME = signal("run_time")
_STROKES = signal("strokes")


class RunLog:
    """`add` in each pass of the motor's run, `write` once it stands."""

    def __init__(self, pen):
        self._pen = pen
        self._spent = array("i", [0] * (3 * SPENT))  # depth um, rate cHz, ms
        self._serial = pen.cartridge.serial
        self._first = pen.control.values[_STROKES]
        self._time = (0, 0)
        self._written = False
        self._last_ms = -1  # the last look; before the first one: no run yet

    def add(self, now_ms):
        """One look: time that was spent at a depth and a set rate."""
        pen = self._pen
        if self._last_ms < 0:
            self._time = (pen.device.clock.seconds, pen.device.clock.micros)
            self._last_ms = now_ms
        row = self._row(pen.control.values[_DEPTH], pen.control.main_rate_mHz // 10)
        self._spent[row + 2] += now_ms - self._last_ms
        self._last_ms = now_ms

    def _row(self, depth_um, rate_cHz):
        """Where this depth and rate are, or the next empty row, or the last one."""
        spent = self._spent
        for row in range(0, 3 * SPENT, 3):
            if not spent[row + 2]:
                spent[row], spent[row + 1] = depth_um, rate_cHz
                return row
            if spent[row] == depth_um and spent[row + 1] == rate_cHz:
                return row
        return row

    def write(self):
        """One step, in a flash window of its own: the record, then the account. True: all done."""
        if self._last_ms >= 0 and not self._written:
            self._written = True
            files, append = self._pen.board.files, tables.read("records", "append")
            append(files, protocol.TREATMENTS, self._pieces())
            return False
        cartridge = self._pen.cartridge
        if cartridge.serial == self._serial:  # else it was taken off
            ran = self._last_ms >= 0
            cartridge.end_run(self._strokes() if ran else 0, self._run_ms() if ran else 0)
            self._pen.judge_cartridge()
        return True

    def _strokes(self):
        return self._pen.control.values[_STROKES] - self._first

    def _run_ms(self):
        return self._pen.control.values[_RUN_TIME]

    def _pieces(self):
        pen, spent = self._pen, self._spent
        head = struct.pack(
            "<7I", pen.boot_session, self._time[0], self._time[1], self._run_ms(),
            self._strokes(), self._serial, pen.control.faults,
        )  # fmt: skip
        rows = [struct.pack("<HHI", *spent[row : row + 3]) for row in range(0, 3 * SPENT, 3)]
        return [head] + rows
