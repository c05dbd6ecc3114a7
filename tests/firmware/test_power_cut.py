"""Power cut at every byte and every flash operation of every store.

At most the newest change is lost, and a wrong value is never accepted.
"""

import struct
from functools import cache

import pytest

from penfw import boot_session, cartridge_memory, protocol, records, settings, store
from penfw.cartridge import EXPIRED, FRESH, REMOVED_FILE, SAME, USED, Cartridge, memory
from penhost.records import read_log
from pensim.cartridge import PAGE, SimulatedCartridge
from tests.firmware.cut_files import CutFiles, cuts
from tests.firmware.test_cartridge import Bus

# Settings


def changed(number):
    values = list(settings.DEFAULTS)
    values[settings.index("stroke_rate")] = 90000 + number
    return values


def saved(files, number):
    store.save(files, changed(number), store.load(files)[2])


@pytest.mark.verifies("R-801")
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_of_the_settings_the_newest_change_is_lost_at_most(before):
    files = CutFiles()
    for number in range(before):
        saved(files, number)
    old = changed(before - 1) if before else list(settings.DEFAULTS)
    for cut in cuts(files.content, lambda files: saved(files, 7)):
        values, damaged, _place = store.load(cut)
        assert values in (old, changed(7))
        assert not damaged or before == 0  # nothing was there that could have been kept
        saved(cut, 8)
        assert store.load(cut)[:2] == (changed(8), False)


@pytest.mark.verifies("R-801")
def test_of_the_settings_a_cut_after_a_cut_loses_no_more():
    files = CutFiles()
    saved(files, 1)
    saved(files, 2)
    for cut in list(cuts(files.content, lambda files: saved(files, 3)))[::9]:
        kept = store.load(cut)[0]
        for again in cuts(cut.content, lambda files: saved(files, 4)):
            assert store.load(again)[0] in (kept, changed(4))


# Numbers of boots, and serials of cartridges that were taken off


@pytest.mark.verifies("R-904")
@pytest.mark.parametrize("boots", [0, 1, 8, 9, 98, 99, 100])
def test_a_boot_s_number_is_never_given_twice(boots):
    files = CutFiles()
    for _ in range(boots):
        boot_session.begin(files)
    for cut in cuts(files.content, boot_session.begin):
        assert boot_session.begin(cut) > boots


@pytest.mark.verifies("R-604")
@pytest.mark.parametrize("count", [0, 1, 99])
def test_of_the_serials_the_newest_is_lost_at_most(count):
    serials = [1000 + number for number in range(count)]

    def write(files):
        files.replace(REMOVED_FILE, cartridge_memory.pack_serials([*serials, 5]))

    files = CutFiles()
    files.replace(REMOVED_FILE, cartridge_memory.pack_serials(serials))
    for cut in cuts(files.content, write):
        found = cartridge_memory.unpack_serials(cut.read(REMOVED_FILE))
        assert found in (serials, [*serials, 5])


# Black box and treatments


class Line:
    """The link, as far as the reader of the logs needs it."""

    noisy = False

    def __init__(self, files):
        self.files = files

    def request(self, _number, log, file, at, _most):
        path = protocol.LOGS[log][0][file]
        size, data = self.files.part(path, at, 1 << 20)
        return {"size": size, "data": data}


@cache
def body(log, number):
    """Of a record as full as it gets, all of whose bytes tell which one it is."""
    size = protocol.LOGS[log][1] - 12  # layout, sequence and CRC
    return struct.pack("<I", number) + bytes((number * 7 + at) % 251 for at in range(size - 4))


def appended(files, log, number):
    whole = body(log, number)
    records.append(files, log, [whole[:50], whole[50:]])


def numbers(files, log):
    """What the host reads, oldest first; each has to be what was written."""
    found = []
    for record in reversed(read_log(Line(files), log)):
        number = struct.unpack_from("<I", record, 8)[0]
        assert record[8:] == body(log, number)
        found.append(number)
    return found


LOGS = {
    "black box": (protocol.BLACK_BOX, (0, 1, 7, 8, 9, 15, 16)),
    "treatments": (protocol.TREATMENTS, (0, 1, 49, 50, 51, 99, 100)),
}


def filled(log, count):
    files = CutFiles()
    for number in range(count):
        appended(files, log, number)
    return files


CASES = [(name, before) for name, (_log, befores) in LOGS.items() for before in befores]


@pytest.mark.verifies("R-814")
@pytest.mark.parametrize(("name", "before"), CASES)
def test_of_a_log_the_newest_record_is_lost_at_most(name, before):
    log, _befores = LOGS[name]
    most = protocol.LOGS[log][2]
    files = filled(log, before)
    kept = numbers(files, log)[-most:]
    assert kept == list(range(max(before - most, 0), before))
    for cut in cuts(files.content, lambda files: appended(files, log, 1000)):
        found = numbers(cut, log)
        assert [one for one in found if one != 1000][-most:] == kept
        appended(cut, log, 2000)
        again = numbers(cut, log)
        assert again[-1] == 2000
        assert [one for one in again if one < 1000][2 - most :] == kept[2 - most :]


@pytest.mark.verifies("R-814")
@pytest.mark.parametrize(("name", "before"), [("treatments", 3), ("treatments", 50)])
def test_of_a_log_a_cut_after_a_cut_loses_no_more(name, before):
    """The second one hits what fills up the record that the first one has cut short."""
    log, _befores = LOGS[name]
    files = filled(log, before)
    kept = numbers(files, log)
    for cut in list(cuts(files.content, lambda files: appended(files, log, 1000)))[::7]:
        whole = numbers(cut, log)
        for again in cuts(cut.content, lambda files: appended(files, log, 2000)):
            found = numbers(again, log)
            assert [one for one in found if one < 2000] == whole
            assert set(kept) <= set(found)
            appended(again, log, 3000)
            assert numbers(again, log)[-1] == 3000


# The cartridge's EEPROM: a page that is being programmed may hold anything


TORN = PAGE + 3  # states of one that a cut can leave


class CutBus(Bus):
    """Keeps what the EEPROM holds at every moment of what is written to it."""

    def __init__(self, part):
        super().__init__(part)
        self.states = [bytes(part.eeprom.content)]

    def writeto_mem(self, address, at, data):
        before = bytes(self.part.eeprom.content)
        super().writeto_mem(address, at, data)
        page = at // PAGE * PAGE
        torn = [data[:kept] + before[at + kept : page + PAGE] for kept in range(len(data))]
        torn += [bytes(PAGE), b"\xff" * PAGE, bytes(range(PAGE))]
        self.states += [before[:at] + piece + before[at + len(piece) :] for piece in torn]
        self.states.append(bytes(self.part.eeprom.content))


def pen(part, session=1):
    bus = CutBus(part)
    subject = Cartridge(bus, bus.sleep_ms, 0x1234, session, [])
    subject.read()
    return subject


def found_behind(subject, act):
    """What the next boot finds in the holder, for a cut at each moment of `act`."""
    before = len(subject.bus.states)
    act()
    for content in subject.bus.states[before - 1 :]:
        part = SimulatedCartridge()
        part.eeprom.content[:] = content
        told = memory("power_failed", pen(part, 2))
        yield pen(part, 2), told


def test_a_cut_while_a_cartridge_is_marked_never_makes_it_fresh_once_it_was_used():
    subject = pen(SimulatedCartridge())
    states = [later.state for later, _told in found_behind(subject, subject.mark_used)]
    assert subject.state == SAME
    assert states[0] == FRESH
    assert set(states[1 : 1 + TORN]) == {FRESH, USED}
    assert set(states[1 + TORN :]) == {USED}  # once the first page is there


@pytest.mark.verifies("R-608")
def test_a_cut_in_the_account_leaves_the_old_sum_or_the_new_one():
    subject = pen(SimulatedCartridge(strokes_allowed=1000))
    assert subject.mark_used()
    old = (0, 0)
    for strokes, ms in ((300, 4000), (250, 3000), (500, 9000)):
        new = (old[0] + strokes, old[1] + ms)
        for later, told in found_behind(subject, lambda s=strokes, t=ms: subject.end_run(s, t)):
            assert (later.strokes_used, later.used_ms) in (old, new)
            assert told == ((later.strokes_used, later.used_ms) == old)
        if subject.state == EXPIRED:
            break
        for later, _told in found_behind(subject, subject.mark_used):
            assert (later.strokes_used, later.used_ms) == new
        old = new
    assert subject.state == EXPIRED


@pytest.mark.verifies("R-427")
def test_a_cut_while_a_loss_of_power_is_noted_tells_it_again_or_has_told_it():
    part = SimulatedCartridge()
    first = pen(part)
    first.mark_used()
    first.end_run(300, 4000)
    first.mark_used()
    second = pen(part, 2)
    assert memory("power_failed", second)
    told = []
    for later, again in found_behind(second, lambda: memory("close", second)):
        assert later.state == USED
        assert (later.strokes_used, later.used_ms) == (300, 4000)
        told.append(again)
    assert (told[0], told[-1]) == (True, False)
    assert told == sorted(told, reverse=True)
