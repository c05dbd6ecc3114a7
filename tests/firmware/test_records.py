"""Logs on the flash: what is kept, and in which order; test_power_cut.py cuts them short."""

import struct
from zlib import crc32

import pytest

from penfw import boot_session, protocol, records
from tests.firmware.cut_files import CutFiles

LOG = protocol.TREATMENTS
PATHS, SIZE, MOST, LAYOUT, _FIELDS = protocol.LOGS[LOG]


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
    files = CutFiles()
    append(files, 77)
    assert [len(data) for data in files.content.values()] == [SIZE]
    assert held(files) == [(1, 77)]


@pytest.mark.verifies("R-814")
@pytest.mark.parametrize("count", [1, MOST, MOST + 1, 2 * MOST, 2 * MOST + 1, 5 * MOST - 1])
def test_the_last_ones_are_there_in_their_order(count):
    files = CutFiles()
    for number in range(1, count + 1):
        append(files, number)
    found = held(files)
    assert found[-MOST:] == [(n, n) for n in range(max(count - MOST, 0) + 1, count + 1)]
    assert max(len(data) for data in files.content.values()) <= MOST * SIZE


def test_files_of_another_layout_are_not_appended_to():
    files = CutFiles({PATHS[0]: b"something else " * 20})
    append(files, 5)
    assert held(files) == [(1, 5)]


@pytest.mark.verifies("R-904")
@pytest.mark.parametrize("text", [b"", b"12", b"x\n", b"\xff\xff\n", b"1 2\n"])
def test_a_damaged_boot_number_is_passed_over(text):
    slot_a, slot_b = boot_session.SLOTS
    assert boot_session.begin(CutFiles({slot_a: text, slot_b: b"41\n"})) == 42
