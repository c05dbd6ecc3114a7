"""Logs on the flash: what is kept, in which order, and what a power cut costs."""

import struct
from contextlib import suppress
from zlib import crc32

import pytest

from penfw import boot_session, protocol, records

LOG = protocol.TREATMENTS
PATHS, SIZE, MOST, LAYOUT, _FIELDS = protocol.LOGS[LOG]


class PowerCut(Exception):
    """The power goes."""


class Files:
    """Files in memory; the power goes at write number `cut_at`, of which `kept` bytes are there."""

    def __init__(self, content=None):
        self.content = dict(content or {})
        self.cut_at = None
        self.kept = 0
        self.writes = 0

    def read(self, path):
        return self.content.get(path)

    def part(self, path, at, size):
        data = self.content.get(path, b"")
        return len(data), data[at : at + size]

    def write(self, path, data):
        self.append(path, [data], True)

    def append(self, path, pieces, anew):
        if anew:
            self._step()
            self.content[path] = b""
        for piece in pieces:
            if self.writes == self.cut_at:
                self.content[path] = self.content.get(path, b"") + bytes(piece[: self.kept])
            self._step()
            self.content[path] = self.content.get(path, b"") + bytes(piece)

    def _step(self):
        if self.writes == self.cut_at:
            raise PowerCut
        self.writes += 1


def append(files, number):
    records.append(files, LOG, [struct.pack("<I", number), b"signals" * 3])


def held(files):
    """What can be read: (sequence, what was appended), in order."""
    found = {}
    for path in PATHS:
        data = files.content.get(path, b"")
        for at in range(0, len(data) - SIZE + 1, SIZE):
            record = data[at : at + SIZE]
            layout, sequence, number = struct.unpack_from("<III", record)
            if crc32(record[:-4]) == struct.unpack("<I", record[-4:])[0]:
                assert layout == LAYOUT
                assert sequence not in found
                found[sequence] = number
    return sorted(found.items())


def test_a_record_has_its_size_layout_sequence_and_crc():
    files = Files()
    append(files, 77)
    assert [len(data) for data in files.content.values()] == [SIZE]
    assert held(files) == [(1, 77)]


@pytest.mark.verifies("R-814")
@pytest.mark.parametrize("count", [1, MOST, MOST + 1, 2 * MOST, 2 * MOST + 1, 5 * MOST - 1])
def test_the_last_ones_are_there_in_their_order(count):
    files = Files()
    for number in range(1, count + 1):
        append(files, number)
    found = held(files)
    assert found[-MOST:] == [(n, n) for n in range(max(count - MOST, 0) + 1, count + 1)]
    assert max(len(data) for data in files.content.values()) <= MOST * SIZE


@pytest.mark.verifies("R-814")
@pytest.mark.parametrize("before", [0, 1, MOST - 1, MOST, 2 * MOST - 1, 2 * MOST])
def test_cutting_the_power_anywhere_loses_the_newest_record_at_most(before):
    files = Files()
    for number in range(1, before + 1):
        append(files, number)
    start, steady = dict(files.content), held(files)[-MOST:]
    for cut_at in range(6):
        for kept in range(0, SIZE, 5):
            files = Files(start)
            files.cut_at, files.kept = cut_at, kept
            with suppress(PowerCut):
                append(files, 1000)
            after = [row for row in held(files) if row[1] != 1000]
            assert after[-MOST:] == steady
            files.cut_at = None
            append(files, 2000)
            last = held(files)
            assert last[-1][1] == 2000
            assert [row for row in last if row[1] < 1000][-(MOST - 2) :] == steady[-(MOST - 2) :]


def test_files_of_another_layout_are_not_appended_to():
    files = Files({PATHS[0]: b"something else " * 20})
    append(files, 5)
    assert held(files) == [(1, 5)]


@pytest.mark.verifies("R-904")
def test_a_boot_s_number_grows_whatever_byte_the_power_is_cut_at():
    files = Files()
    last = 0
    for boot in range(1, 140):
        files.cut_at, files.kept, files.writes = boot % 3, boot % 4, 0
        try:
            number = boot_session.begin(files)
        except PowerCut:
            continue
        assert number > last
        last = number
    assert last > 40


@pytest.mark.verifies("R-904")
@pytest.mark.parametrize("text", [b"", b"12", b"x\n", b"\xff\xff\n", b"1 2\n"])
def test_a_damaged_boot_number_is_passed_over(text):
    slot_a, slot_b = boot_session.SLOTS
    assert boot_session.begin(Files({slot_a: text, slot_b: b"41\n"})) == 42
