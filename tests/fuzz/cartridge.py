"""The cartridge's EEPROM and the list of refused serials, whatever they hold.

Input: a byte that says which records of the EEPROM get a valid CRC and which fail to answer, 80
bytes of it, then actions, then the file of the list.
"""

from binascii import crc32

from penfw import cartridge_memory as memory
from penfw.cartridge import (
    EXPIRED,
    FRESH,
    INVALID,
    REMOVED_MAX,
    SAME,
    TEST,
    TREATMENT,
    USED,
    Cartridge,
)
from tests.fuzz import Bytes

PLACES = (  # of the records: offset, bytes before the CRC
    (memory.RECORD_AT, 18), (memory.USE_AT, 12), (48, 12), (64, 12),
)  # fmt: skip
PEN = 0x1234
MAGIC = {memory.RECORD_AT: memory.RECORD_MAGIC, memory.USE_AT: memory.USE_MAGIC}
STEPS_MOST = 20


class Bus:
    """An EEPROM of 256 bytes, which answers as long as the input says so."""

    def __init__(self, content, answers):
        self.content = content
        self.left = answers

    def _answer(self):
        self.left -= 1
        if self.left == 0:
            raise OSError(5)

    def readfrom_mem(self, _address, at, size):
        """Bytes from `at` on."""
        self._answer()
        return bytes(self.content[at : at + size])

    def writeto_mem(self, _address, at, data):
        """Writes within one page."""
        self._answer()
        assert at // 8 == (at + len(data) - 1) // 8
        assert at >= memory.USE_AT, "the record is never written"
        self.content[at : at + len(data)] = data


def eeprom(source):
    """Content with the CRCs that the input wants."""
    right = source.number()
    content = bytearray(source.take(80).ljust(256, b"\xff"))
    for number, (at, size) in enumerate(PLACES):
        if right >> number & 1:
            if right >> 4 & 1 and at in MAGIC:
                content[at : at + 4] = MAGIC[at]
            check = crc32(content[at : at + size]).to_bytes(4, "little")
            content[at + size : at + size + 4] = check
    return content


def one_input(data):
    """No exception; a run is only begun on a cartridge that is its own, and whole."""
    source = Bytes(data)
    bus = Bus(eeprom(source), source.number())
    subject = Cartridge(bus, lambda _ms: None, PEN, 1, [])
    memory.power_failed(subject)
    subject.read()
    for _ in range(STEPS_MOST):
        if not source:
            break
        act(subject, source)
        check(subject)
    serials(source)


def act(subject, source):
    """One thing that the pen does with it."""
    kind = source.number() % 6
    before, content = subject.state, bytes(subject.bus.content)
    if kind == 0:
        subject.read()
    elif kind == 1:
        worn = memory.used_up(subject)
        if subject.mark_used():
            assert before in (FRESH, SAME)
            assert not worn
            assert subject.state == SAME
            assert (
                crc32(subject.bus.content[32:44]).to_bytes(4, "little")
                == (subject.bus.content[44:48])
            )
        elif before not in (FRESH, SAME):
            assert subject.bus.content == content
    elif kind == 2:
        subject.end_run(source.number(4), source.number(4))
    elif kind == 3:
        assert subject.clear() == (before in (SAME, EXPIRED))
    elif kind == 4:
        memory.close(subject)
    else:
        memory.power_failed(subject)


def check(subject):
    """Every number fits the field that it is written to."""
    assert subject.state in (0, INVALID, USED, FRESH, SAME, EXPIRED)
    assert 0 <= subject.account <= 0xFFFF
    assert 0 <= subject.strokes_used < 1 << 32
    assert 0 <= subject.used_ms < 1 << 32
    assert len(subject.removed) <= REMOVED_MAX
    if subject.state in (FRESH, SAME):
        assert subject.needles
        assert subject.max_depth_um
        assert subject.kind in (TREATMENT, TEST)


def serials(source):
    """What is written, whatever the file holds before, is what is read."""
    right, text = source.number(), source.text()
    content = text + crc32(text).to_bytes(4, "little") if right & 1 else text
    subject = Cartridge(None, None, PEN, 1, memory.unpack_serials(content))
    subject.state, subject.serial = SAME, source.number(4)
    expected = [*subject.removed, subject.serial][-REMOVED_MAX:]
    subject.clear()
    assert memory.unpack_serials(memory.pack_serials(subject.removed)) == expected
