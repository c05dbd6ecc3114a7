"""Which cartridge may be used, on the simulated EEPROM."""

import pytest

from penfw import cartridge, cartridge_memory
from penfw.cartridge import EXPIRED, FRESH, INVALID, SAME, USED, Cartridge
from pensim.cartridge import ADDRESS, SimulatedCartridge


class Bus:
    """The pen's I2C bus with one EEPROM on it; time passes in `sleep_ms`."""

    def __init__(self, part):
        self.part = part
        self.now_us = part.eeprom._busy_until_us

    def sleep_ms(self, ms):
        self.now_us += ms * 1000

    def _transfer(self, written, count):
        answer = self.part.eeprom.transfer(bytes(written), count, self.now_us)
        if answer is None:
            raise OSError(5)
        return answer

    def readfrom_mem(self, address, at, size):
        assert address == ADDRESS
        return self._transfer([at], size)

    def writeto_mem(self, address, at, data):
        assert address == ADDRESS
        self._transfer([at, *data], 0)


def holder(part, pen_id=0x1234, session=1):
    bus = Bus(part)
    return Cartridge(bus, bus.sleep_ms, pen_id, session, [])


@pytest.mark.verifies("R-601")
def test_a_new_cartridge_is_fresh_and_tells_its_needles():
    subject = holder(SimulatedCartridge("12 needles", serial=77, max_depth_um=2000))
    subject.read()
    assert subject.state == FRESH
    assert (subject.needles, subject.serial, subject.max_depth_um) == (12, 77, 2000)


@pytest.mark.verifies("R-602")
def test_marking_it_used_is_written_and_read_back():
    part = SimulatedCartridge()
    subject = holder(part)
    subject.read()
    assert subject.mark_used()
    assert subject.state == SAME
    assert subject.mark_used()


@pytest.mark.verifies("R-603")
@pytest.mark.parametrize(("pen_id", "session"), [(0x1234, 2), (0x9999, 1)])
def test_a_used_cartridge_is_refused_by_another_session_and_another_pen(pen_id, session):
    part = SimulatedCartridge()
    first = holder(part)
    first.read()
    first.mark_used()
    second = holder(part, pen_id, session)
    second.read()
    assert second.state == USED
    assert not second.mark_used()


@pytest.mark.verifies("R-603")
def test_a_cartridge_that_was_used_and_removed_is_refused_in_the_same_session():
    part = SimulatedCartridge()
    subject = holder(part)
    subject.read()
    subject.mark_used()
    subject.clear()
    subject.read()
    assert subject.state == USED


@pytest.mark.verifies("R-607")
def test_a_cartridge_that_was_not_used_may_come_back():
    subject = holder(SimulatedCartridge())
    subject.read()
    subject.clear()
    subject.read()
    assert subject.state == FRESH


@pytest.mark.verifies("R-601")
@pytest.mark.parametrize("at", range(22))
def test_a_damaged_record_is_invalid(at):
    part = SimulatedCartridge()
    part.eeprom.content[at] ^= 0x10
    subject = holder(part)
    subject.read()
    assert subject.state == INVALID


@pytest.mark.verifies("R-601", "R-602")
def test_an_eeprom_without_an_answer_is_invalid_and_cannot_be_marked():
    part = SimulatedCartridge()
    subject = holder(part)
    subject.read()
    part.eeprom.answers = False
    assert not subject.mark_used()
    assert subject.state == INVALID
    subject.read()
    assert subject.state == INVALID


@pytest.mark.verifies("R-602")
def test_a_mark_that_does_not_stick_refuses_the_start():
    part = SimulatedCartridge()
    subject = holder(part)
    subject.read()
    real = part.eeprom.transfer
    part.eeprom.transfer = lambda written, count, now_us: real(written[:1], count, now_us)
    assert not subject.mark_used()
    assert subject.state == INVALID


def test_the_simulated_record_has_the_firmware_s_layout():
    part = SimulatedCartridge("6 needles", serial=5)
    fields = cartridge_memory.unpack(cartridge_memory.RECORD, bytes(part.eeprom.content))
    assert fields[:4] == (cartridge_memory.RECORD_MAGIC, 5, 6, cartridge.TREATMENT)


# The account


def in_use(strokes_allowed=1000, minutes_allowed=60):
    part = SimulatedCartridge(strokes_allowed=strokes_allowed, minutes_allowed=minutes_allowed)
    subject = holder(part)
    subject.read()
    assert subject.mark_used()
    return part, subject


@pytest.mark.verifies("R-608")
def test_what_runs_have_taken_is_added_up_on_the_cartridge():
    part, subject = in_use()
    subject.end_run(300, 4000)
    assert subject.mark_used()
    subject.end_run(200, 3000)
    assert subject.state == SAME
    other = holder(part)
    other.read()
    assert (other.strokes_used, other.used_ms, other.open) == (500, 7000, 0)


@pytest.mark.verifies("R-417")
@pytest.mark.parametrize(("strokes", "ms"), [(1000, 0), (0, 3_600_000)])
def test_a_cartridge_whose_strokes_or_minutes_are_used_up_has_expired(strokes, ms):
    _part, subject = in_use()
    subject.end_run(strokes - 1 if strokes else 0, ms - 1 if ms else 0)
    assert subject.state == SAME
    assert subject.mark_used()
    subject.end_run(1, 1)
    assert subject.state == EXPIRED
    assert not subject.mark_used()


@pytest.mark.verifies("R-417")
def test_one_that_allows_nothing_more_is_refused_when_it_is_inserted():
    subject = holder(SimulatedCartridge(strokes_allowed=0))
    subject.read()
    assert subject.state == EXPIRED


@pytest.mark.verifies("R-417", "R-604")
def test_an_expired_cartridge_is_on_the_list_once_it_is_taken_off():
    _part, subject = in_use(strokes_allowed=10)
    subject.end_run(10, 100)
    serial = subject.serial
    assert subject.clear()
    assert subject.removed == [serial]


@pytest.mark.verifies("R-604")
def test_the_last_hundred_that_were_taken_off_are_on_the_list():
    _part, subject = in_use()
    serial = subject.serial
    subject.removed[:] = range(1_000, 1_100)
    subject.clear()
    assert subject.removed == [*range(1_001, 1_100), serial]


@pytest.mark.verifies("R-427")
def test_a_run_that_was_not_ended_tells_that_the_power_has_failed():
    part, _subject = in_use()
    later = holder(part, session=2)
    assert cartridge.memory("power_failed", later)
    cartridge.memory("close", later)
    assert not cartridge.memory("power_failed", holder(part, session=3))


@pytest.mark.verifies("R-427")
def test_another_pen_s_run_or_one_that_was_ended_is_no_loss_of_power():
    part, subject = in_use()
    assert not cartridge.memory("power_failed", holder(part, pen_id=0x9999))
    subject.end_run(1, 1)
    assert not cartridge.memory("power_failed", holder(part, session=2))
    assert not cartridge.memory("power_failed", holder(SimulatedCartridge()))


def test_a_closing_account_is_written_on_its_own_cartridge_only():
    _part, subject = in_use()
    fresh = SimulatedCartridge(serial=7)
    subject.bus.part = fresh
    before = bytes(fresh.eeprom.content)
    cartridge.memory("close", subject)
    assert bytes(fresh.eeprom.content) == before


def test_a_cartridge_of_another_account_takes_over_nothing_of_the_one_before():
    _part, subject = in_use()
    subject.end_run(300, 4000)
    other, _held = in_use()
    subject.bus = Bus(other)
    subject.read()
    assert (subject.strokes_used, subject.used_ms) == (0, 0)


def test_a_cartridge_whose_account_has_no_number_left_has_expired():
    part = SimulatedCartridge()
    last = cartridge_memory.pack(cartridge_memory.ACCOUNT, 0xFFFE, 0, 5, 5)
    part.eeprom.content[48 : 48 + len(last)] = last
    subject = holder(part)
    subject.read()
    assert subject.state == EXPIRED
    subject.end_run(0xFFFFFFFF, 0xFFFFFFFF)
    assert subject.account == 0xFFFF
    cartridge_memory.close(subject)
    assert subject.account == 0xFFFF
