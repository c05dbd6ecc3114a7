"""The settings table, its text, and the two slots."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penfw import settings, store
from penfw.protocol import COUNT_MASK
from penfw.store import SLOTS
from tests.firmware.cut_files import CutFiles


def some_values(shift=0):
    values = list(settings.DEFAULTS)
    values[settings.index("stroke_rate")] = 90000 + shift
    return values


def signed(body):
    """A slot's text with the CRC that fits it."""
    return body + b"%08x\n" % binascii.crc32(body)


@pytest.mark.verifies("R-802")
def test_every_default_lies_in_its_bounds():
    for name, _kind, _unit, default, low, high, access, text in settings.SETTINGS:
        assert low <= default <= high, name
        assert 0 <= access < len(settings.ACCESS)
        assert text


def test_a_slot_reads_back_as_it_was_written():
    values = some_values()
    assert store.decode(store.encode(values, 7)) == (7, values)


@pytest.mark.verifies("R-502")
def test_a_volatile_setting_is_not_kept():
    values = list(settings.DEFAULTS)
    values[settings.index("depth_ceiling")] = 2500
    kept = store.decode(store.encode(values, 1))[1]
    assert kept[settings.index("depth_ceiling")] == 1500


@pytest.mark.verifies("R-802")
def test_a_slot_with_any_bit_flipped_is_refused():
    slot = store.encode(some_values(), 3)
    for at in range(len(slot)):
        for bit in range(8):
            broken = bytearray(slot)
            broken[at] ^= 1 << bit
            assert store.decode(bytes(broken)) == (-1, None)


@pytest.mark.verifies("R-802")
@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_nothing_or_as_values_in_their_bounds(data):
    sequence, values = store.decode(data)
    assert values is None if sequence < 0 else len(values) == len(settings.SETTINGS)


def test_a_slot_of_another_version_keeps_what_is_known():
    slot = store.encode(some_values(), 3)
    body = slot[:-9].replace(b"slew=400\n", b"something_new=5\n")
    sequence, values = store.decode(signed(body))
    assert sequence == 3
    assert values[settings.index("stroke_rate")] == 90000
    assert values[settings.index("slew")] == 400


@pytest.mark.verifies("R-802")
@pytest.mark.parametrize(
    "lines",
    [f"{sequence}\ndepth=300\n" for sequence in ("0", "-1", str(COUNT_MASK + 1), "", "new")]
    + ["7\ndepth=deep\n", "7\ndepth\n"],
)
def test_a_slot_whose_numbers_are_none_is_refused_though_its_crc_fits(lines):
    assert store.decode(signed((store.HEADER + lines).encode())) == (-1, None)


def test_the_greatest_sequence_is_read():
    values = some_values()
    assert store.decode(store.encode(values, COUNT_MASK)) == (COUNT_MASK, values)


def test_the_first_save_goes_to_the_first_slot_and_each_counts_one_more():
    files, saved = CutFiles(), store.NONE
    for number in range(4):
        saved = store.save(files, some_values(), saved)
        assert saved == (number + 1, number % 2)
        assert store.decode(files.read(SLOTS[number % 2]))[0] == number + 1


@pytest.mark.verifies("R-801")
def test_saving_goes_to_the_older_slot_and_the_newest_is_loaded():
    files = CutFiles()
    saved = store.NONE
    for shift in range(5):
        saved = store.save(files, some_values(shift), saved)
        assert store.load(CutFiles(files.content))[:2] == (some_values(shift), False)
    assert set(files.content) == set(SLOTS)


@pytest.mark.verifies("R-409")
def test_unreadable_slots_give_the_defaults_and_are_told():
    files = CutFiles({SLOTS[0]: b"\xff" * 40, SLOTS[1]: b""})
    assert store.load(files)[:2] == (list(settings.DEFAULTS), True)


def test_a_new_board_has_the_defaults_and_nothing_is_damaged():
    assert store.load(CutFiles())[:2] == (list(settings.DEFAULTS), False)
