"""A cartridge as the pen sees it: needles, and an EEPROM 24C02 on the bus."""

import binascii
import struct
from dataclasses import dataclass, field

from pensim.plant.presets import CARTRIDGES

ADDRESS = 0x50
SIZE = 256
PAGE = 8
WRITE_US = 5_000  # a 24C02 does not answer while it programs


TREATMENT, TEST = 0, 1
STROKES_ALLOWED = 400_000


@dataclass
class Eeprom:
    """24C02: 256 bytes, pages of 8, 5 ms a write. Broken contacts do not answer."""

    content: bytearray = field(default_factory=lambda: bytearray(b"\xff" * SIZE))
    answers: bool = True
    _pointer: int = 0
    _busy_until_us: int = 0

    def transfer(self, written: bytes, read_count: int, now_us: int) -> bytes | None:
        if not self.answers or now_us < self._busy_until_us:
            return None
        if written:
            self._pointer = written[0]
            page = self._pointer // PAGE * PAGE
            for offset, value in enumerate(written[1:]):
                self.content[page + (self._pointer + offset) % PAGE] = value
            if len(written) > 1:
                self._busy_until_us = now_us + WRITE_US
        data = bytes(self.content[(self._pointer + n) % SIZE] for n in range(read_count))
        self._pointer = (self._pointer + read_count) % SIZE
        return data


class SimulatedCartridge:
    """A cartridge of a preset `kind`, new or with a history in its EEPROM."""

    def __init__(
        self,
        kind: str = "12 needles",
        serial: int = 1001,
        max_depth_um: int = 2500,
        test: bool = False,
        strokes_allowed: int = STROKES_ALLOWED,
        minutes_allowed: int = 60,
    ) -> None:
        self.parameters = CARTRIDGES[kind]
        self.kind = kind
        self.serial = serial
        self.eeprom = Eeprom()
        needles = self.parameters.needle_count
        body = struct.pack(
            "<4sIBBHIH",
            b"PLC1",
            self.serial,
            needles,
            TEST if test else TREATMENT,
            max_depth_um,
            strokes_allowed,
            minutes_allowed,
        )
        self._write(0, body + struct.pack("<I", binascii.crc32(body)))

    def _write(self, at: int, data: bytes) -> None:
        self.eeprom.content[at : at + len(data)] = data

    def damage(self) -> None:
        """Flips a bit of the record."""
        self.eeprom.content[5] ^= 1
