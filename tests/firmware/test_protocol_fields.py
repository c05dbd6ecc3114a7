"""Messages: fields are packed and unpacked as the table declares them."""

import random
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penfw import log_requests, protocol
from tests.firmware.interpreters import INTERPRETERS, run

RANGES = {
    "b": (-128, 127),
    "B": (0, 255),
    "h": (-32768, 32767),
    "H": (0, 65535),
    "i": (-(2**31), 2**31 - 1),
    "I": (0, 2**32 - 1),
}


def values_of(code):
    """Values that a field may have; groups and texts so short that any message fits."""
    if code in RANGES:
        return st.integers(*RANGES[code])
    if code == "s":
        return st.text(max_size=5)
    if code == "*":
        return st.binary(max_size=40)
    return st.lists(st.tuples(*[values_of(inner) for _name, inner in code]).map(list), max_size=5)


def all_fields():
    return [
        pytest.param(fields, id=f"{row[1]}-{'request' if fields is row[2] else 'reply'}")
        for row in protocol.MESSAGES
        for fields in row[2:4]
        if fields
    ]


def packed(fields, values):
    buffer = bytearray(protocol.FRAME_MAX)
    end = protocol.pack(fields, values, buffer, protocol.PAYLOAD_AT)
    return bytes(buffer[protocol.PAYLOAD_AT : end])


@pytest.mark.parametrize("fields", all_fields())
@settings(deadline=None)
@given(data=st.data())
def test_fields_come_back_as_they_were_packed(fields, data):
    values = [data.draw(values_of(code)) for _name, code in fields]
    assert protocol.unpack(fields, packed(fields, values)) == values


@pytest.mark.parametrize("fields", all_fields())
@given(payload=st.binary(max_size=protocol.PAYLOAD_MAX))
def test_any_payload_unpacks_or_is_refused(fields, payload):
    try:
        values = protocol.unpack(fields, payload)
    except ValueError:
        return
    assert len(values) <= len(fields)


def test_bytes_of_a_newer_sender_are_passed_over():
    fields = protocol.message(protocol.COMMAND)[2]
    assert protocol.unpack(fields, packed(fields, (3, -5)) + b"more") == [3, -5]


def test_older_senders_message_ends_early():
    fields = protocol.message(protocol.HELLO)[3]
    whole = packed(fields, (1, 1, 1, 2, 3, 4, 5, "pen", "pico", "id", "v", "hash"))
    assert protocol.unpack(fields, whole[:-7])[-1] == "id"


def test_what_an_older_sender_does_not_know_is_missing_to_the_end():
    fields = (("a", "B"), ("b", "H"), ("rest", "*"))
    assert protocol.unpack(fields, b"\x01") == [1]
    assert protocol.unpack(fields, b"\x01\x02\x00") == [1, 2, b""]


def test_payload_beyond_a_frame_is_refused():
    fields = protocol.message(protocol.HELLO)[3]
    with pytest.raises(ValueError, match="too long"):
        packed(fields, (1, 1, 1, 2, 3, 4, 5, "x" * 120, "x" * 120, "", "", ""))


def test_numbers_and_names_are_unique():
    for table in (protocol.MESSAGES, protocol.TABLES, protocol.REASONS, protocol.EVENTS):
        assert len({row[0] for row in table}) == len(table)
        assert len({row[1] for row in table}) == len(table)


def test_requests_can_be_read_at_a_prompt_without_harm():
    """MicroPython's prompt acts on control characters; requests have printable numbers."""
    requests = [row[0] for row in protocol.MESSAGES if row[2] is not None]
    assert all(0x20 <= number < protocol.PUSHED for number in requests)


def test_largest_replies_fit_a_frame():
    result = (65535, 2, -1, 255, -1)
    rows = [result] * protocol.RESULTS_MAX
    packed(protocol.message(protocol.SET)[3], (255, 255, rows))
    rows = [(255, 1, 2**32 - 1, 2**32 - 1, 999999)] * log_requests.FAULTS_MAX
    packed(protocol.message(protocol.FAULTS)[3], (65535, 65535, rows))


def test_the_tables_of_records_are_read_from_their_own_files_and_no_others():
    assert len(protocol.LOGS) == 2
    assert protocol.ROW_FIELDS
    assert protocol.HOLDER_ROW
    with pytest.raises(AttributeError, match="NOTHING"):
        _ = protocol.NOTHING


def test_a_code_of_telemetry_has_all_values_of_its_bytes_but_the_widest():
    for code, size, lowest, highest, _mask in protocol.CODES:
        assert struct.calcsize("<" + code) == size
        bits = 8 * size - 1 if size == 4 else 8 * size  # a small integer of MicroPython
        first = 0 if code.isupper() else -(1 << bits - 1)
        assert (lowest, highest) == (first, first + (1 << bits) - 1)


def test_masks_keep_every_value_of_its_type_within_it():
    for code, size, low, high, mask in protocol.CODES:
        bits = 8 * size
        lowest, highest = RANGES[code]
        for value in (low, high, 0, 1, -1 if low else 1, low + 1, high - 1):
            assert lowest <= value ^ mask <= highest, (code, value)
        assert mask < 2**30, "beyond a small int"
        assert bits == RANGES[code][1].bit_length() + (low < 0)


ON_THE_CHIP = """
from penfw import protocol
for number, part, values in CASES:
    fields = protocol.message(number)[part]
    buffer = bytearray(protocol.FRAME_MAX)
    end = protocol.pack(fields, values, buffer, 4)
    print("".join(["%02x" % b for b in buffer[4:end]]))
    print(protocol.unpack(fields, buffer[4:end]) == values)
    try:
        print(protocol.unpack(fields, buffer[4:end - 1]) == values)
    except ValueError:
        print(False)
"""


def sample_of(code, generator):
    if code in RANGES:
        return generator.choice([*RANGES[code], 0, generator.randint(*RANGES[code])])
    if code == "s":
        return generator.choice(["", "pen", "µm °"])
    if code == "*":
        return generator.randbytes(9)
    return [[sample_of(inner, generator) for _name, inner in code] for _ in range(3)]


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_micropython_packs_the_same_bytes(interpreter, tmp_path):
    generator = random.Random(3)
    cases = [
        (row[0], part, [sample_of(code, generator) for _name, code in row[part]])
        for row in protocol.MESSAGES
        for part in (2, 3)
        if row[part]
    ]
    printed = run(
        interpreter,
        ["tables", "frames", "protocol", "requests", "log_requests", "scope_requests"],
        f"CASES = {cases!r}\n" + ON_THE_CHIP,
        tmp_path,
    ).split("\n")
    for count, (number, part, values) in enumerate(cases):
        expected = packed(protocol.message(number)[part], values).hex()
        assert printed[3 * count : 3 * count + 3] == [expected, "True", "False"]


def test_text_of_fields_names_each():
    text = protocol.fields_text(protocol.message(protocol.SET)[3])
    assert text == ("total:B first:B results:[index:H status:B value:i reason:B limit:i]"), text
    assert protocol.fields_text(None) == "-"
    assert re.fullmatch(r"[a-z_:\[\] *a-zA-Z]+", text)
