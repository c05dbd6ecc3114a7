"""The cartridge's EEPROM, and the rule who may use it. In memory while it is used, see tables.py.

Layout, little endian: record at 0: magic, serial, needle count, kind, greatest depth um, strokes
allowed, minutes allowed, CRC-32. Use mark at 32: magic, pen id, boot session, CRC-32. A cartridge
without a use mark is fresh. Account at 48 and 64, the newer sequence counts: sequence, 1 while a
run is under way, strokes used, ms used, CRC-32. A power cut costs the newest account at most.
"""

import binascii
import struct

from penfw.cartridge import EXPIRED, FRESH, INVALID, SAME, TEST, TREATMENT, USED

ADDRESS = 0x50
PAGE_BYTES = 8  # a 24C02 programs at most one page of 8 bytes at a time
RECORD = "<4sIBBHIH"
RECORD_AT = 0
RECORD_MAGIC = b"PLC1"
USE = "<4sII"
USE_AT = 32
USE_MAGIC = b"USED"
ACCOUNT = "<HHII"
ACCOUNT_AT = (48, 64)
_MINUTE_MS = 60000


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


def read(cartridge):
    """Reads record, account and use mark; sets the cartridge's `state`."""
    cartridge.state = INVALID
    fields = _fields(cartridge, RECORD_AT, RECORD)
    if fields is None or fields[0] != RECORD_MAGIC:
        return
    (_, cartridge.serial, cartridge.needles, cartridge.kind, cartridge.max_depth_um,
     cartridge.strokes_allowed, cartridge.minutes_allowed) = fields  # fmt: skip
    if cartridge.needles and cartridge.max_depth_um and cartridge.kind in (TREATMENT, TEST):
        _read_account(cartridge)
        cartridge.state = _use_state(cartridge)


def _read_account(cartridge):
    cartridge.account = cartridge.open = cartridge.strokes_used = cartridge.used_ms = 0
    for at in ACCOUNT_AT:
        fields = _fields(cartridge, at, ACCOUNT)
        if fields is not None and fields[0] > cartridge.account:
            (cartridge.account, cartridge.open, cartridge.strokes_used,
             cartridge.used_ms) = fields  # fmt: skip


def _use_state(cartridge):
    data = _read(cartridge, USE_AT, struct.calcsize(USE) + 4)
    if data is None:
        return INVALID
    if cartridge.serial in cartridge.removed:
        return USED
    if data != b"\xff" * len(data):
        return USED
    return EXPIRED if used_up(cartridge) else FRESH


def used_up(cartridge):
    """Whether the strokes or minutes that its record allows are used up, or its account is."""
    minutes = cartridge.used_ms // _MINUTE_MS
    return (
        cartridge.strokes_used >= cartridge.strokes_allowed
        or minutes >= cartridge.minutes_allowed
        or cartridge.account >= 0xFFFE  # a run takes two numbers
    )


def power_failed(cartridge):
    """Whether the power has gone while this pen ran with what is in the holder now."""
    read(cartridge)
    mark = _fields(cartridge, USE_AT, USE)
    mine = mark is not None and mark[1] == cartridge.pen_id
    failed = mine and cartridge.open and cartridge.serial not in cartridge.removed
    return bool(failed)


def begin_run(cartridge):
    """Writes use mark and account, and reads them back; False when the run may not begin."""
    if cartridge.state not in (FRESH, SAME):
        return False
    if used_up(cartridge):
        cartridge.state = EXPIRED
        return False
    if cartridge.state == FRESH:
        mark = pack(USE, USE_MAGIC, cartridge.pen_id, cartridge.boot_session)
        if not _keep(cartridge, USE_AT, mark):
            return False
        cartridge.state = SAME
    return _keep_account(cartridge, 1)


def end_run(cartridge, strokes, used_ms):
    """Adds a run to the account and writes it; a cartridge that is used up has expired."""
    cartridge.strokes_used = min(cartridge.strokes_used + strokes, 0xFFFFFFFF)
    cartridge.used_ms = min(cartridge.used_ms + used_ms, 0xFFFFFFFF)
    if _keep_account(cartridge, 0) and used_up(cartridge):
        cartridge.state = EXPIRED


def _keep_account(cartridge, open_run):
    cartridge.account = min(cartridge.account + 1, 0xFFFF)
    cartridge.open = open_run
    fields = (cartridge.account, open_run, cartridge.strokes_used, cartridge.used_ms)
    return _keep(cartridge, ACCOUNT_AT[cartridge.account & 1], pack(ACCOUNT, *fields))


def _keep(cartridge, at, data):
    """Writes and reads back; the cartridge is invalid when that fails."""
    if _write(cartridge, at, data) and _read(cartridge, at, len(data)) == data:
        return True
    cartridge.state = INVALID
    return False


def _fields(cartridge, at, layout):
    """The fields of a record of the EEPROM; None when it cannot be read."""
    data = _read(cartridge, at, struct.calcsize(layout) + 4)
    return None if data is None else unpack(layout, data)


def _read(cartridge, at, size):
    try:
        return cartridge.bus.readfrom_mem(ADDRESS, at, size)
    except OSError:
        return None


def _write(cartridge, at, data):
    try:
        for start in range(0, len(data), PAGE_BYTES):
            piece = data[start : start + PAGE_BYTES]
            cartridge.bus.writeto_mem(ADDRESS, at + start, piece)
            cartridge.sleep_ms(6)  # 24C02: at most 5 ms a page
    except OSError:
        return False
    return True


def close(cartridge):
    """Writes that the run which the power has ended is over, if its cartridge is still in."""
    fields = _fields(cartridge, RECORD_AT, RECORD)
    if fields is not None and fields[1] == cartridge.serial:
        _keep_account(cartridge, 0)
