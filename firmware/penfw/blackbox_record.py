"""Writes the black box's record of the fault that waits. In memory meanwhile only, see tables.py."""

import struct
from binascii import crc32

from penfw import VERSION, protocol, settings, states, tables
from penfw import board as hardware
from penfw.blackbox import MISSING, ROW_BYTES
from penfw.cartridge import memory

UNKNOWN_STATE = 255
_LOG = 0  # BLACK_BOX of record_tables.py


def write(pen):
    """Appends it to its log, and closes the account of a run that the power has ended."""
    append = tables.read("records", "append")
    append(pen.board.files, _LOG, lambda *record: _pieces(pen, *record))
    if MISSING >> pen.blackbox.fault & 1 and pen.cartridge.open:
        memory("close", pen.cartridge)


def _pieces(pen, layout, sequence, fields):
    box = pen.blackbox
    count = 0 if MISSING >> box.fault & 1 else box.count
    head = bytearray(protocol.FRAME_MAX)
    values = (layout, sequence) + _what(pen) + _cartridge(pen.cartridge) + _sizes(count)
    end = protocol.pack(fields, values, head, 0)
    rows, split = memoryview(box.rows), box.next * ROW_BYTES
    held = [bytes(head[:end]), struct.pack("<%di" % len(pen.settings), *pen.settings)]
    if count * ROW_BYTES == len(box.rows):
        return held + [rows[split:], rows[:split]]
    return held + [rows[: count * ROW_BYTES]]


def _what(pen):
    box, control = pen.blackbox, pen.control
    missing = MISSING >> box.fault & 1
    stored = states.RUNNING if missing and pen.cartridge.open else UNKNOWN_STATE
    return (
        pen.boot_session, box.time[0], box.time[1], box.fault, control.faults, missing, stored,
        hardware.reset_cause(), control.site, box.fault_ms & 0xFFFF,
        hardware.bundle_hash()[:64], VERSION,
    )  # fmt: skip


def _cartridge(part):
    return (
        part.state, part.serial, part.needles, part.kind, part.max_depth_um,
        part.strokes_allowed, part.minutes_allowed, part.strokes_used, part.used_ms,
    )  # fmt: skip


def _sizes(rows):
    return crc32("\n".join(settings.NAMES).encode()), len(settings.NAMES), rows
