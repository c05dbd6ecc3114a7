"""Builds the black box's record of a fault. In memory meanwhile only, see tables.py."""

import struct
from binascii import crc32

from penfw import VERSION, protocol, settings, states, tables
from penfw import board as hardware
from penfw.blackbox import MISSING

UNKNOWN_STATE = 255


def head(pen):
    """What stands before the rows: fields of record_tables.py, and all settings in force."""
    fields = tables.read("record_tables", "LOGS")[0][4][2:]
    values = _what(pen) + cartridge_values(pen.cartridge) + _sizes(pen.blackbox.held())
    buffer = bytearray(protocol.FRAME_MAX + 4 * len(pen.settings))
    end = protocol.pack(fields, values, buffer, 0)
    struct.pack_into("<%di" % len(pen.settings), buffer, end, *pen.settings)
    return memoryview(buffer)[: end + 4 * len(pen.settings)]


def _what(pen):
    box, control = pen.blackbox, pen.control
    missing = MISSING >> box.fault & 1
    stored = states.RUNNING if missing and pen.cartridge.open else UNKNOWN_STATE
    return (
        pen.boot_session, box.time[0], box.time[1], box.fault, control.faults, missing, stored,
        hardware.reset_cause(), control.site, box.fault_ms & 0xFFFF,
        hardware.bundle_hash()[:64], VERSION,
    )  # fmt: skip


def cartridge_values(part):
    """Of the fields on the cartridge."""
    return (
        part.state, part.serial, part.needles, part.kind, part.max_depth_um,
        part.strokes_allowed, part.minutes_allowed, part.strokes_used, part.used_ms,
    )  # fmt: skip


def _sizes(rows):
    return crc32("\n".join(settings.NAMES).encode()), len(settings.NAMES), rows
