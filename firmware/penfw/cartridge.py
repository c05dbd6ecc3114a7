"""What is in the holder, and what the pen remembers of it. cartridge_memory.py reads and writes
its EEPROM.
"""

from penfw import tables

REMOVED_FILE = "/removed"  # serials of cartridges that were taken off after use
REMOVED_MAX = 100  # serials that the pen remembers; each cartridge bears its own mark too

TREATMENT = 0
TEST = 1

ABSENT = 0
INVALID = 1
USED = 2
FRESH = 3
SAME = 4  # used by this pen since this boot, and never taken off
EXPIRED = 5  # its strokes or minutes are used up


def memory(task, cartridge, *values):
    """Does a task of cartridge_memory.py, which is in memory meanwhile only."""
    return tables.read("cartridge_memory", task)(cartridge, *values)


class Cartridge:
    """What is in the holder. `read` when one is inserted, `mark_used` before each run."""

    def __init__(self, bus, sleep_ms, pen_id, boot_session, removed):
        """`removed`: serials that are refused, see `unpack_serials` of cartridge_memory.py."""
        self.bus = bus
        self.sleep_ms = sleep_ms
        self.pen_id = pen_id
        self.boot_session = boot_session
        self.removed = removed
        self._forget()

    def clear(self):
        """It has been taken off; True when its serial is new in `removed`, as it was in use."""
        used = self.state in (SAME, EXPIRED)
        if used:
            self.removed.append(self.serial)
            del self.removed[:-REMOVED_MAX]
        self._forget()
        return used

    def _forget(self):
        self.state = ABSENT
        self.serial = 0
        self.needles = 0
        self.kind = TREATMENT
        self.max_depth_um = 0
        self.strokes_allowed = 0
        self.minutes_allowed = 0
        self.strokes_used = 0
        self.used_ms = 0
        self.account = 0  # sequence number of the account's newest slot
        self.open = 0  # 1: the account says that a run has begun

    def read(self):
        """Reads the record of what has been inserted; sets `state`."""
        memory("read", self)

    def mark_used(self):
        """Writes that a run begins, and reads it back; False when it may not."""
        return memory("begin_run", self)

    def end_run(self, strokes, used_ms):
        """Writes what a run has taken; sets `state`."""
        memory("end_run", self, strokes, used_ms)
