"""The logs of faults and treatments: appended to and read, whatever the flash holds.

Input: the log, its two files (records with valid CRC where it says so), then one to append.
"""

import struct
from binascii import crc32

from penfw import protocol, records
from penhost.errors import ProtocolMismatch
from penhost.records import black_box_record, read_log, treatment_record
from penhost.tables import Fault
from tests.fuzz import Bytes
from tests.fuzz.settings import Files

LOGS = protocol.LOGS
FAULTS = {1: Fault(1, "overspeed", "CUT", 20, "", "")}
RECORDS_MOST = 10


class Logs(Files):
    """Files that are appended to; a file is bounded."""

    def part(self, path, at, size):
        """(bytes of the file, at most `size` of them from `at` on)."""
        data = self.content.get(path, b"")
        return len(data), data[at : at + size]

    def append(self, path, pieces, anew):
        """Writes behind what is there, or in its place."""
        old = b"" if anew else self.content.get(path, b"")
        self.content[path] = old + b"".join(bytes(piece) for piece in pieces)


class Session:
    """Reads the files as a host does."""

    noisy = False

    def __init__(self, files):
        self._files = files

    def request(self, _number, log, file, at, _most):
        """The reply to RECORDS."""
        size, data = self._files.part(LOGS[log][0][file], at, 1 << 16)
        return {"size": min(size, 0xFFFF), "data": data}


def record(source, log):
    """A record of the log's size, its layout, sequence and CRC right where the input says so."""
    _paths, size, _most, layout, _fields = LOGS[log]
    right = source.number()
    body = source.text()
    if right & 1:
        body = struct.pack("<II", layout, source.number(4)) + body
    body = body[: size - 4].ljust(size - 4, b"\0")
    check = crc32(body) if right & 2 else source.number(4)
    whole = body + check.to_bytes(4, "little")
    return whole[: source.number(2)] if right & 4 else whole


def one_input(data):
    """No exception but ProtocolMismatch; what is appended is read, and the files are bounded."""
    source = Bytes(data)
    log = source.number() & 1
    paths, size, most, _layout, _fields = LOGS[log]
    files = Logs({})
    for path in paths:
        count = source.number() % RECORDS_MOST
        files.content[path] = b"".join(record(source, log) for _ in range(count))
    before = {path: len(content) for path, content in files.content.items()}
    text = source.take(64)
    records.append(files, log, [text])
    for path in paths:
        assert len(files.content[path]) <= max(most * size, before[path])
    held = b"".join(files.content.values())
    assert text in held
    look(files, log)


def look(files, log):
    """As a host reads them."""
    try:
        found = read_log(Session(files), log)
    except ProtocolMismatch:
        return
    for one in found:
        try:
            if log == protocol.TREATMENTS:
                treatment_record(one, FAULTS)
            else:
                black_box_record(one, FAULTS, ["SELF_TEST"], {})
        except ProtocolMismatch:
            pass
