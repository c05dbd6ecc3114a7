"""docs/protocol.md says what the table of messages says."""

import re
from pathlib import Path

import pytest

from penfw import protocol
from penfw.protocol import PAYLOAD_AT, FrameParser, FrameWriter

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def section(name):
    """The document's text on one message."""
    match = re.search(rf"^### {name} (0x[0-9A-F]{{2}})\n(.*?)(?=^##|\Z)", DOCUMENT, re.M | re.S)
    assert match, f"{name} has no section"
    return int(match[1], 16), match[2]


def written(fields):
    """Fields as a section writes them, one a piece: `name:code`."""
    return [protocol.fields_text([field]) for field in fields or ()]


@pytest.mark.parametrize("row", protocol.MESSAGES, ids=lambda row: row[1])
def test_each_message_and_each_of_its_fields_is_described(row):
    number, text = section(row[1])
    assert number == row[0]
    marked = " ".join(re.findall(r"`([^`]*)`", text))
    for field in written(row[2]) + written(row[3]):
        assert field in marked, f"{row[1]} lacks {field}"


@pytest.mark.parametrize("row", protocol.MESSAGES, ids=lambda row: row[1])
def test_no_field_is_described_that_the_message_lacks(row):
    _number, text = section(row[1])
    marked = re.findall(r"`(\w+:[bBhHiIs*\[][^`]*)`", text)
    assert set(marked) <= set(written(row[2]) + written(row[3]))


def test_fields_stand_in_the_order_of_the_table():
    for row in protocol.MESSAGES:
        text = section(row[1])[1].split("Reply:")[-1]
        places = [text.index(f"`{field}`") for field in written(row[3])]
        assert places == sorted(places), row[1]


def test_worked_example_is_what_the_codec_makes():
    plain = re.findall(r"^before COBS +([0-9a-f ]+)$", DOCUMENT, re.M)
    line = re.findall(r"^on the line +([0-9a-f ]+)$", DOCUMENT, re.M)
    assert len(plain) == len(line) == 2
    command = protocol.message(protocol.COMMAND)
    for number, fields, values, body, sent in (
        (protocol.COMMAND, command[2], (0, 110000), plain[0], line[0]),
        (protocol.COMMAND | protocol.REPLY, command[3], (0, 0), plain[1], line[1]),
    ):
        writer = FrameWriter()
        end = protocol.pack(fields, values, writer.buffer, PAYLOAD_AT)
        before = bytes(writer.buffer[PAYLOAD_AT:end])
        writer.finish(number, 0x2022, end)
        assert bytes(writer.buffer[: writer.size]) == bytes.fromhex(sent)
        assert bytes.fromhex(body)[3:-4] == before
        parser = FrameParser()
        parser.feed(bytes.fromhex(sent), 0, writer.size)
        assert (parser.number, parser.sequence, bytes(parser.payload)) == (number, 0x2022, before)


@pytest.mark.parametrize(("name", "width"), [("REASONS", 4), ("EVENTS", 2), ("TABLES", 3)])
def test_tables_of_the_protocol_are_printed_in_full(name, width):
    for row in getattr(protocol, name):
        cells = [", ".join(cell) if isinstance(cell, tuple) else str(cell) for cell in row[:width]]
        cells = [cell or "–" for cell in cells]
        assert "| " + " | ".join(cells) in DOCUMENT, row


def test_codes_and_limits_stand_as_they_are():
    for code, _size, _low, _high, mask in protocol.CODES:
        assert f"`{code}`" in DOCUMENT
        assert f"0x{mask:X}" in DOCUMENT
    assert f"0 to {protocol.PAYLOAD_MAX}" in DOCUMENT
    assert f"longer than {protocol.FRAME_MAX - 1} bytes" in DOCUMENT
    assert f"at most {protocol.STAGE_MAX}." in DOCUMENT
    assert f"at most {protocol.RESULTS_MAX} of them" in DOCUMENT
    assert f"at most {protocol.ROW_MAX} bytes" in DOCUMENT
    assert f"at most {protocol.SIGNALS_MAX};" in DOCUMENT
