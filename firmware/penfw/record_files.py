"""The logs' files as a host reads them. In memory meanwhile only, see tables.py."""

import struct
from binascii import crc32

from penfw import protocol, tables
from penfw.signals import IN_CARTRIDGE
from penfw.signals import index as signal

# What is in the holder, made when it is asked for; a row as of record_tables.LOGS. `present` is of
# its switch, `removed` tells that it was taken off this pen after use.
HOLDER_ROW = (
    (None,), 64, 1, 0x31434850,  # "PHC1"
    (("layout", "I"), ("sequence", "I"), ("boot_session", "I"), ("cartridge_state", "B"),
     ("cartridge_serial", "I"), ("needles", "B"), ("cartridge_kind", "B"), ("max_depth_um", "H"),
     ("strokes_allowed", "I"), ("minutes_allowed", "H"), ("strokes_used", "I"), ("used_ms", "I"),
     ("present", "B"), ("removed", "B")),
)  # fmt: skip


def part(pen, log, number, at, size):
    """(bytes of a log's file, some of them from `at` on); None when there is no such file."""
    if log == protocol.HOLDER and number == 0:
        content = _holder(pen)
        return len(content), content[at : at + size]
    logs = tables.read("record_tables", "LOGS")
    if log >= len(logs) or number >= len(logs[log][0]):
        return None
    return pen.board.files.part(logs[log][0][number], at, size)


def _holder(pen):
    """The record of what is in the holder now; without a time, as it may be read in parts."""
    _paths, size, _most, layout, fields = HOLDER_ROW
    cartridge = pen.cartridge
    present = pen.control.values[signal("inputs")] & IN_CARTRIDGE
    begin = (layout, 0, pen.boot_session)
    end = (int(present > 0), int(cartridge.serial in cartridge.removed))
    known = tables.read("blackbox_record", "cartridge_values")(cartridge)
    buffer = bytearray(size)
    protocol.pack(fields, begin + known + end, buffer, 0)
    struct.pack_into("<I", buffer, size - 4, crc32(memoryview(buffer)[: size - 4]))
    return buffer
