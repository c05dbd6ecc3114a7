"""The cartridge's record in its EEPROM, and the rule who may use it.

Layout, little endian: record at 0: magic, serial, needle count, kind, greatest depth um, strokes
allowed, minutes allowed, CRC-32. Use mark at 32: magic, pen id, boot session, CRC-32. A cartridge
without a use mark is fresh.
"""

import binascii
import struct

ADDRESS = 0x50
PAGE_BYTES = 8  # a 24C02 programs at most one page of 8 bytes at a time
RECORD = "<4sIBBHIH"
RECORD_AT = 0
RECORD_MAGIC = b"PLC1"
USE = "<4sII"
USE_AT = 32
USE_MAGIC = b"USED"

REMOVED_MAX = 100  # serials that the pen remembers; each cartridge bears its own mark too

TREATMENT = 0
TEST = 1

ABSENT = 0
INVALID = 1
USED = 2
FRESH = 3
SAME = 4  # used by this pen since this boot, and never taken off


def pack(layout, *fields):
    """A record of the EEPROM with its CRC."""
    body = struct.pack(layout, *fields)
    return body + struct.pack("<I", binascii.crc32(body))


def unpack(layout, data):
    """Fields of a record, or None when its CRC is wrong."""
    size = struct.calcsize(layout)
    body = data[:size]
    if struct.unpack_from("<I", data, size)[0] != binascii.crc32(body):
        return None
    return struct.unpack(layout, body)


def pack_serials(serials):
    """The file of the serials that were taken off after use."""
    return pack("<%dI" % len(serials), *serials)


def unpack_serials(content):
    """The serials of that file; none when there is none or it is damaged."""
    if content is None or len(content) < 4 or len(content) % 4:
        return []
    return list(unpack("<%dI" % (len(content) // 4 - 1), content) or ())


class Cartridge:
    """What is in the holder. `read` when one is inserted, `mark_used` before its first turn."""

    def __init__(self, bus, sleep_ms, pen_id, boot_session, removed):
        """`removed`: serials that are refused, see `unpack_serials`."""
        self._bus = bus
        self._sleep_ms = sleep_ms
        self._pen_id = pen_id
        self._boot_session = boot_session
        self.removed = removed
        self._forget()

    def clear(self):
        """It has been taken off; True when its serial is new in `removed`, as it was in use."""
        used = self.state == SAME
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

    def read(self):
        """Reads the record of what has been inserted; sets `state`."""
        self.state = INVALID
        size = struct.calcsize(RECORD) + 4
        data = self._read(RECORD_AT, size)
        fields = None if data is None else unpack(RECORD, data)
        if fields is None or fields[0] != RECORD_MAGIC:
            return
        (_, self.serial, self.needles, self.kind, self.max_depth_um, self.strokes_allowed,
         self.minutes_allowed) = fields  # fmt: skip
        if self.needles and self.max_depth_um and self.kind in (TREATMENT, TEST):
            self.state = self._use_state()

    def _use_state(self):
        data = self._read(USE_AT, struct.calcsize(USE) + 4)
        if data is None:
            return INVALID
        if self.serial in self.removed:
            return USED
        if data == b"\xff" * len(data):
            return FRESH
        return USED

    def mark_used(self):
        """Writes the use mark and reads it back; False when that failed."""
        if self.state == SAME:
            return True
        if self.state != FRESH:
            return False
        mark = pack(USE, USE_MAGIC, self._pen_id, self._boot_session)
        if not self._write(USE_AT, mark) or self._read(USE_AT, len(mark)) != mark:
            self.state = INVALID
            return False
        self.state = SAME
        return True

    def _read(self, at, size):
        try:
            return self._bus.readfrom_mem(ADDRESS, at, size)
        except OSError:
            return None

    def _write(self, at, data):
        try:
            for start in range(0, len(data), PAGE_BYTES):
                piece = data[start : start + PAGE_BYTES]
                self._bus.writeto_mem(ADDRESS, at + start, piece)
                self._sleep_ms(6)  # 24C02: at most 5 ms a page
        except OSError:
            return False
        return True
