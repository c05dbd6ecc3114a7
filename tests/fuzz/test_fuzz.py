"""The kept inputs of each fuzz target, played; and that the targets see what is broken."""

import struct
from binascii import crc32

import pytest

from penfw import frames, protocol, settings, store, transaction
from penhost import session as host_session
from penloop.evidence import fuzz, long_runs
from penloop.evidence.fuzz_process import Portion
from penloop.evidence.section import Effort
from tests.fuzz import TARGETS, cartridge, host, link, records
from tests.fuzz import frames as frames_target
from tests.fuzz import settings as settings_target
from tests.fuzz.__main__ import CORPUS, corpus, module


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_input_is_played_without_a_finding(target):
    inputs = corpus(target)
    assert inputs
    for data in inputs:
        module(target).one_input(data)


def test_the_evidence_runs_every_target_that_is_there():
    assert sorted(target.name for target in fuzz.TARGETS) == sorted(TARGETS)
    assert sum(target.share for target in fuzz.TARGETS) == pytest.approx(1.0)


def test_a_long_run_goes_on_where_it_ended_and_anew_on_other_sources(tmp_path, monkeypatch):
    seeds = []

    def search(_target, inputs, seed, _longest, _folder, _ended):
        seeds.append(seed)
        return Portion(inputs, 1.0, ()) if len(seeds) % 2 else None  # broken off

    monkeypatch.setattr(long_runs, "KEPT", tmp_path / "long-runs")
    monkeypatch.setattr(fuzz, "TARGETS", fuzz.TARGETS[:1])
    monkeypatch.setattr(fuzz, "search", search)
    for source in "old", "old", "new":
        monkeypatch.setattr(fuzz, "source_hash", lambda _target, source=source: source)
        section = fuzz.make(Effort(False, 1, tmp_path / "out", long=True))
    assert seeds == [1, 50_001, 50_001, 100_001, 1, 50_001]
    assert [one["source_hash"] for one in section.data["long"]] == ["new"]
    assert not section.holds


def test_a_frame_s_damaged_twin_differs_in_its_crc_only():
    good = frames_target.framed(0x22, 7, b"\0a\0\0b")
    wrong = frames_target.framed(0x22, 7, b"\0a\0\0b", 0x01000000)
    assert frames_target.expected(good) == ([(0x22, 7, b"\0a\0\0b")], 0)
    assert frames_target.expected(wrong) == ([], 1)
    bodies = [frames_target.decoded(frame[:-1]) for frame in (good, wrong)]
    assert bodies[0][:-4] == bodies[1][:-4]


# What was found


def test_a_slot_with_a_right_crc_that_holds_no_number_is_passed_over():
    good = store.encode(list(settings.DEFAULTS), 3)
    for line in (b"depth=", b"depth=1e3", b"depth=\xff"):
        body = store.HEADER.encode() + b"9\n" + line + b"\n"
        files = settings_target.Files({store.SLOTS[1]: body + b"%08x\n" % crc32(body)})
        assert store.load(files)[:2] == (list(settings.DEFAULTS), True)
        files.content[store.SLOTS[0]] = good
        assert store.load(files) == (list(settings.DEFAULTS), False, (3, 0))


@pytest.mark.parametrize("sequence", [b"", b"-1", b"x", b"99999999999"])
def test_a_slot_whose_sequence_is_none_is_passed_over(sequence):
    body = store.HEADER.encode() + sequence + b"\ndepth=750\n"
    assert store.decode(body + b"%08x\n" % crc32(body)) == (-1, None)


def test_a_boot_number_beyond_its_field_is_passed_over():
    slots = settings_target.boot_session.SLOTS
    files = settings_target.Files({slots[0]: b"99999999999\n", slots[1]: b"41\n"})
    assert settings_target.boot_session.begin(files) == 42


def test_a_log_whose_sequence_was_never_written_is_begun_anew():
    paths, size, _most, layout, _fields = protocol.LOGS[protocol.TREATMENTS]
    first = struct.pack("<II", layout, 0xFFFFFFFF)
    files = records.Logs({paths[0]: first.ljust(size, b"\0")})
    records.records.append(files, protocol.TREATMENTS, [b"one"])
    assert records.read_log(records.Session(files), protocol.TREATMENTS)[0][4:8] == b"\1\0\0\0"


def test_a_reply_that_is_cut_short_is_a_mismatch_and_no_key_error():
    with pytest.raises(host_session.ProtocolMismatch, match="lacks state"):
        host_session.Fields()["state"]
    host.one_input(b"\xfe\x64")
    assert host_session.Fields().get("state", 7) == 7


def test_samples_of_no_signals_are_no_block():
    fields = {"stream": 1, "count": 0, "samples": b""}
    assert host.Stream(1, 10_000, ()).block(fields) is None


def test_a_record_with_a_right_crc_that_cannot_be_read_is_a_mismatch():
    layout = protocol.LOGS[protocol.BLACK_BOX][3]
    for record in (
        struct.pack("<II", layout, 1),
        struct.pack("<II", layout, 1).ljust(27, b"\0") + b"\2\xab\xab".ljust(60),
    ):
        with pytest.raises(host_session.ProtocolMismatch, match="a record cannot be read"):
            records.black_box_record(record, {}, [], {})


# What would be found


def seen(target, data):
    with pytest.raises((AssertionError, struct.error, ValueError)):
        target.one_input(data)


def bad_frame(number, payload):
    """An input of the link: a session, then a frame with a wrong CRC."""
    text = bytes((number, 2, 0)) + payload
    return b"\x80" + bytes((link.BAD, len(text))) + text


DEEPER = struct.pack("<BBHi", 0, 0, settings.index("depth"), 750)


def test_a_parser_that_does_not_look_at_the_crc_is_seen(monkeypatch):
    data = bad_frame(protocol.SET, DEEPER)
    link.one_input(data)

    def without_crc(self, end):
        return frames._restore_zeros(self._buffer, end)

    monkeypatch.setattr(frames.FrameParser, "_is_frame", without_crc)
    seen(link, data)
    seen(frames_target, b"\3\2\4abcd")


def test_a_damaged_frame_that_changes_the_pen_is_seen(monkeypatch):
    close = frames.FrameParser._close

    def careless(self):
        link.pen.settings[settings.index("depth")] += 25 * (self._length > 8)
        close(self)

    monkeypatch.setattr(frames.FrameParser, "_close", careless)
    seen(link, bad_frame(protocol.SET, DEEPER))


def test_a_parser_that_drops_a_zero_between_pieces_is_seen(monkeypatch):
    monkeypatch.setattr(frames, "_restore_zeros", lambda buffer, end: True)
    seen(frames_target, b"\3\1\4ab\0d")


def test_settings_beyond_their_bounds_are_seen(monkeypatch):
    deep = struct.pack("<BBHi", 0, 0, settings.index("stroke_rate"), 900_000)
    text = bytes((protocol.SET, 2, 0)) + deep
    data = b"\x80" + bytes((link.GOOD, len(text))) + text
    link.one_input(data)
    monkeypatch.setattr(transaction, "_refusal", lambda *_change: (0, 0))
    seen(link, data)


def test_needles_below_a_ceiling_that_was_lowered_are_seen(monkeypatch):
    data = next(path for path in (CORPUS / "link").iterdir() if path.name.startswith("ceiling"))
    link.one_input(data.read_bytes())
    monkeypatch.setattr(type(link.pen), "depth_limit_um", lambda _pen: settings.HARD_DEPTH_UM)
    seen(link, data.read_bytes())


def test_a_cartridge_that_runs_without_a_mark_is_seen(monkeypatch):
    record = cartridge.memory.pack(cartridge.memory.RECORD, b"PLC1", 7, 12, 0, 2000, 9999, 60)
    data = b"\0" + record.ljust(80, b"\xff") + b"\0\0\1"
    cartridge.one_input(data)
    monkeypatch.setattr(cartridge.memory, "_keep", lambda *_place: True)
    seen(cartridge, data)
