"""A treatment's run of the motor, for the session record and the cartridge's account.

It is in memory from a start until it is written, see tables.py. A run that is begun again before
that goes on in the same record.
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
        self._time = (0, 0)  # of the first look
        self._before = (0, 0)  # strokes and ms of runs whose account is closed
        self._last_ms = -1  # the last look; before a run's first one: not begun yet
        self.begin()

    def begin(self):
        """The account is open for a run, the first one or one that goes on with the treatment."""
        self._open = True
        self._serial = self._pen.cartridge.serial
        self._first = self._pen.control.values[_STROKES]

    def add(self, now_ms):
        """One look: time that was spent at a depth and a set rate."""
        pen = self._pen
        if not any(self._time):
            self._time = (pen.device.clock.seconds, pen.device.clock.micros)
        if self._last_ms < 0:
            self._last_ms = now_ms
        depth_um = max(pen.control.values[_DEPTH], 0)  # the axis comes to 0 from a step below it
        row = self._row(depth_um, pen.control.main_rate_mHz // 10)
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
        """One step, in a flash window of its own: the account, then the record. True: all done.

        The account comes first: it must not depend on whether the flash has room.
        """
        if self._open:
            self.close()
            return not any(self._time)
        append = tables.read("records", "append")
        append(self._pen.board.files, protocol.TREATMENTS, self._pieces())
        return True

    def close(self):
        """Closes the cartridge's account of the run that has ended."""
        if not self._open:
            return
        self._open = False
        pen, cartridge = self._pen, self._pen.cartridge
        strokes = run_ms = 0
        if self._last_ms >= 0:  # else it was called off before it began
            strokes = pen.control.values[_STROKES] - self._first
            run_ms = pen.control.values[_RUN_TIME]
        self._last_ms = -1
        self._before = (self._before[0] + strokes, self._before[1] + run_ms)
        if cartridge.serial == self._serial:  # else it was taken off
            cartridge.end_run(strokes, run_ms)
            pen.judge_cartridge()

    def _pieces(self):
        pen = self._pen
        head = struct.pack(
            "<7I", pen.boot_session, self._time[0], self._time[1], self._before[1],
            self._before[0], self._serial, pen.control.faults,
        )  # fmt: skip
        spent = self._spent
        rows = [struct.pack("<HHI", *spent[row : row + 3]) for row in range(0, 3 * SPENT, 3)]
        return [head] + rows
