"""The power goes after each byte and each operation on the flash, and on the cartridge's EEPROM.

Each test does one change of a store step by step. After each step the power goes and the pen
starts: it finds the store as it was before the change or as it is after it. Then it does a change
on what it has found, and the power goes in that as well.
"""

import struct
from types import SimpleNamespace

import pytest

from penfw import boot_session, cartridge_memory, protocol, records, settings, store
from penfw.cartridge import EXPIRED, FRESH, SAME, USED, Cartridge
from penhost.records import read_log
from pensim.cartridge import SimulatedCartridge
from tests.firmware.power import Eeprom, Flash

PEN = 0x1234


class Case:
    """A store: `load` gives what a start finds on a flash, `save` makes the change `number`."""

    def load(self, flash):
        raise NotImplementedError

    def save(self, flash, number):
        raise NotImplementedError


class Settings(Case):
    RATE = settings.index("stroke_rate")

    def load(self, flash):
        values, damaged, _saved = store.load(flash.files)
        assert not damaged
        rest = list(settings.DEFAULTS)
        rest[self.RATE] = values[self.RATE]
        assert values == rest
        return values[self.RATE]

    def save(self, flash, number):
        _values, _damaged, saved = store.load(flash.files)
        values = list(settings.DEFAULTS)
        values[self.RATE] = 90_000 + number
        store.save(flash.files, values, saved)


class Removed(Case):
    def load(self, flash):
        return cartridge_memory.removed(flash.files)[1:]

    def save(self, flash, number):
        serials = [*self.load(flash), 1000 + number][-8:]
        cartridge_memory.save(SimpleNamespace(removed=serials), flash.files)


class BootSession(Case):
    """A boot's number is one more than that of any boot before it that has used one."""

    def load(self, flash):
        again = Flash(flash.content)
        return boot_session.begin(again.files) - 1

    def save(self, flash, number):
        boot_session.begin(flash.files)


class Log(Case):
    """What a host reads of it; the records behind a full file may go when the next one begins."""

    def __init__(self, log):
        self.log = log
        self.most = protocol.LOGS[log][2]

    def load(self, flash):
        read = [record[8:12] for record in read_log(Host(flash), self.log)]
        return tuple(struct.unpack("<I", one)[0] for one in reversed(read))[-self.most :]

    def save(self, flash, number):
        records.append(flash.files, self.log, [struct.pack("<I", number), b"signals" * 3])


class Host:
    """A session that reads the flash."""

    noisy = False

    def __init__(self, flash):
        self._flash = flash

    def request(self, _number, log, file, at, _most):
        size, data = self._flash.files.part(protocol.LOGS[log][0][file], at, 1 << 16)
        return {"size": size, "data": data}


def states(case, content, number):
    """What the flash holds after each step of a change."""
    flash = Flash(content)
    case.save(flash, number)
    return flash.journal


def prepared(case, changes):
    """A flash after so many changes."""
    flash = Flash({"/version": b"new old 2"})
    for number in range(changes):
        case.save(flash, number)
    return flash.content


def check(case, content, stride=1):
    """Cuts a change everywhere, and behind each cut the next change everywhere.

    `stride`: the next change is done behind one cut of so many. Returns the cuts.
    """
    seen = {}

    def found(state):
        key = frozenset(state.items())
        if key not in seen:
            seen[key] = case.load(Flash(state))
        return seen[key]

    old, first = found(content), states(case, content, 500)
    new = found(first[-1])
    assert new != old
    assert {found(once) for once in first} == {old, new}
    for once in first[::stride] + first[-2:]:
        kept, second = found(once), states(case, once, 501)
        after = found(second[-1])
        assert after != kept
        assert {found(twice) for twice in second} <= {kept, after}
    return len(seen)


@pytest.mark.parametrize(("changes", "stride"), [(1, 50), (2, 1), (9, 50)])
def test_settings_lose_the_newest_change_at_most(changes, stride):
    assert check(Settings(), prepared(Settings(), changes), stride) > 500


@pytest.mark.parametrize("case", [Removed(), BootSession()], ids=lambda case: type(case).__name__)
@pytest.mark.parametrize("changes", [1, 2, 9, 10])
def test_serials_and_boot_numbers_lose_the_newest_change_at_most(case, changes):
    assert check(case, prepared(case, changes)) > 4


def test_the_version_s_trial_is_passed_or_not():
    flash = Flash({"/version": b"new old 2"})
    flash.board.keep_version()
    found = [state["/version"] for state in flash.journal]
    assert set(found) == {b"new old 2", b"new old kept"}


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.parametrize("log", [protocol.BLACK_BOX, protocol.TREATMENTS])
def test_logs_lose_the_record_at_most_that_is_being_written(log, turn):
    """Within a file, at the first one's end, and where the second one gives way to the first."""
    case = Log(log)
    most = case.most
    for changes in (turn * most - 1, turn * most, turn * most + 1):
        assert check_log(case, prepared(case, changes), 300 if log == protocol.BLACK_BOX else 25)


def check_log(case, content, stride):
    """As `check`: records are kept in order, all but the cut ones, at least the last `most`."""
    old, first = case.load(Flash(content)), states(case, content, 500)
    for once in first:
        assert newest(case, once) in (old, (*old, 500)[-case.most :])
    for once in first[::stride] + first[-2:]:
        kept, second = newest(case, once), states(case, once, 501)
        assert newest(case, second[-1])[-1] == 501
        for twice in second:
            found = newest(case, twice)
            assert found in (kept[-len(found) :], (*kept, 501)[-len(found) :])
            assert len(found) >= min(len(kept), case.most - 1)
    return True


def newest(case, content):
    return case.load(Flash(content))


# The cartridge


def holder(bus, session=1, pen_id=PEN):
    return Cartridge(bus, lambda _ms: None, pen_id, session, [])


def eeproms(content, change, erased):
    """(change's cartridge, what the EEPROM holds after each step)."""
    bus = Eeprom(content, erased)
    subject = holder(bus)
    subject.read()
    change(subject)
    return bus.journal


def used(content, pen_id=PEN):
    """What a start finds: (state, strokes, ms, whether a run was cut)."""
    bus = Eeprom(content)
    failed = cartridge_memory.power_failed(holder(bus, 2, pen_id))
    subject = holder(bus, 2, pen_id)
    subject.read()
    return subject.state, subject.strokes_used, subject.used_ms, failed


def after_runs(runs, erased=False):
    """An EEPROM after runs of 100 strokes and 2 s."""
    bus = Eeprom(SimulatedCartridge().eeprom.content, erased)
    subject = holder(bus)
    subject.read()
    for _ in range(runs):
        assert subject.mark_used()
        subject.end_run(100, 2000)
    assert subject.state == (SAME if runs else FRESH)
    return bus.content


@pytest.mark.parametrize("erased", [False, True])
def test_a_cartridge_is_fresh_or_used_never_fresh_once_the_needles_can_have_moved(erased):
    journal = eeproms(after_runs(0), Cartridge.mark_used, erased)
    found = [used(content) for content in journal]
    assert found[0] == (FRESH, 0, 0, False)
    assert found[-1] == (USED, 0, 0, True)
    states_found = [state for state, *_rest in found]
    first_used = states_found.index(USED)
    assert set(states_found[:first_used]) == {FRESH}
    assert set(states_found[first_used:]) == {USED}
    assert {row[1:3] for row in found} == {(0, 0)}


@pytest.mark.parametrize("erased", [False, True])
@pytest.mark.parametrize("runs", [1, 2, 3])
def test_the_account_loses_the_newest_run_at_most(runs, erased):
    content = after_runs(runs, erased)

    def one_more(subject):
        subject.state = SAME
        assert subject.mark_used()
        subject.end_run(100, 2000)

    before, after = (runs * 100, runs * 2000), (runs * 100 + 100, runs * 2000 + 2000)
    journal = eeproms(content, one_more, erased)
    found = [used(state) for state in journal]
    assert {state for state, *_rest in found} == {USED}
    assert [row[1:3] for row in found] == sorted(row[1:3] for row in found)
    assert {row[1:3] for row in found} == {before, after}
    assert {used(state, pen_id=0x9999)[3] for state in journal} == {False}
    told = [row[3] for row in found]
    assert told == [False] * told.index(True) + [True] * told.count(True) + [False] * (
        len(told) - told.index(True) - told.count(True)
    )


@pytest.mark.parametrize("erased", [False, True])
def test_two_cuts_in_a_row_keep_the_account_and_close_it(erased):
    """The power goes in a run, and again while the pen writes that it has gone."""
    content = after_runs(2, erased)

    def begun(subject):
        subject.state = SAME
        assert subject.mark_used()

    for once in eeproms(content, begun, erased):
        bus = Eeprom(once, erased)
        subject = holder(bus, 2)
        if not cartridge_memory.power_failed(subject):
            continue
        cartridge_memory.close(subject)
        for twice in bus.journal:
            assert used(twice)[:3] == (USED, 200, 4000)
        assert not used(bus.content)[3]


# What else a start may find


def test_a_cartridge_of_another_account_takes_over_nothing_of_the_one_before():
    subject = holder(Eeprom(after_runs(3)), 2)
    cartridge_memory.power_failed(subject)
    subject.bus = Eeprom(after_runs(1))
    subject.read()
    assert (subject.account, subject.strokes_used, subject.used_ms) == (2, 100, 2000)


def test_a_cartridge_whose_account_has_no_number_left_has_expired():
    content = bytearray(after_runs(0))
    last = cartridge_memory.pack(cartridge_memory.ACCOUNT, 0xFFFE, 0, 5, 5)
    content[48 : 48 + len(last)] = last
    subject = holder(Eeprom(content))
    subject.read()
    assert subject.state == EXPIRED
    subject.end_run(0xFFFFFFFF, 0xFFFFFFFF)
    assert subject.account == 0xFFFF
    cartridge_memory.close(subject)
    assert subject.account == 0xFFFF


# That the checks above notice


class OneSlot(Settings):
    """A store that writes over the only slot."""

    def save(self, flash, number):
        saved = (store.load(flash.files)[2][0], 1)
        values = list(settings.DEFAULTS)
        values[self.RATE] = 90_000 + number
        store.save(flash.files, values, saved)


class OneFile(Removed):
    """The serials in one file, as they were once."""

    def save(self, flash, number):
        path = cartridge_memory.SLOTS[0]
        serials = [*self.load(flash), 1000 + number]
        flash.files.write(path, cartridge_memory.pack(f"<{len(serials) + 1}I", 1, *serials))


@pytest.mark.parametrize("broken", [OneSlot(), OneFile()], ids=lambda case: type(case).__name__)
def test_a_store_of_one_slot_is_seen_to_lose_everything(broken):
    with pytest.raises(AssertionError):
        check(broken, prepared(broken, 2), 50)
