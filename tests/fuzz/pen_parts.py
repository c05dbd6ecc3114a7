"""The firmware's whole pen on parts that do nothing: what the link does to it can be compared.

The control interrupt does not run; its state is what a test sets.
"""

import sys
from array import array
from operator import itemgetter

import penfw
from tests.fuzz.flash import Flash, micropython

LAZY = (
    "transaction", "command_table", "record_tables", "protocol_tables", "power_up",
    "service_commands", "settings_trial", "record_files", "blackbox_record",
)  # fmt: skip
MUTABLE = (bytearray, array, list, dict)


class _Part:
    """Pins, converters and PWMs."""

    OUT = IN = PULL_UP = PULL_DOWN = IRQ_RISING = IRQ_FALLING = ONE_SHOT = 0

    def __init__(self, *_values, **_named):
        pass

    def value(self, *_value):
        return 1

    duty_u16 = freq = read_u16 = init = irq = feed = any = readinto = value

    def readfrom_mem(self, *_place):
        raise OSError(5)

    writeto_mem = readfrom_mem


def make_pen():
    """A pen behind a port of its own, as its board makes it."""
    flash = Flash({"/version": b"0123456789abcdef - kept"})
    flash.board.__dict__.update(
        link_port=lambda _on_usb: Port(),
        **dict.fromkeys(("Pin", "PWM", "ADC", "I2C", "UART", "Timer", "WDT"), _Part),
    )
    kept = {name: sys.modules.get(name) for name in ("micropython", "penfw.board")}
    sys.modules["micropython"], sys.modules["penfw.board"] = micropython(), flash.board
    penfw.board = flash.board
    try:
        from penfw import tables
        from penfw.pen import Pen

        for name in LAZY:
            tables.read(name, "__name__")
        board = flash.board.Board()
        board.cartridge_bus = _Part()
        board.files.content = flash.content
        return Pen(board)
    finally:
        del penfw.board
        sys.modules.update({name: module for name, module in kept.items() if module})
        for name in [name for name, module in kept.items() if module is None]:
            del sys.modules[name]


def _copy(value):
    return dict(value) if isinstance(value, dict) else value[:]


class Port:
    """The link's end of a line that takes all."""

    def __init__(self):
        self.received = b""
        self.sent = 0

    def any(self):
        """Bytes that wait."""
        return len(self.received)

    def readinto(self, buffer):
        """Moves what fits."""
        piece = self.received[: len(buffer)]
        buffer[: len(piece)] = piece
        self.received = self.received[len(piece) :]
        return len(piece)

    def room(self):
        """All is sent at once."""
        return 1024

    def write(self, data):
        """Takes it."""
        self.sent += len(data)
        return len(data)


class Memory:
    """What some objects hold: compared, and brought back; attributes named in `but` are left out.

    What is mutable is copied: lists, arrays, dictionaries. All else is kept by reference.
    """

    def __init__(self, *objects, but=()):
        self._rows = [self._row(vars(one), but) for one in objects]

    @staticmethod
    def _row(own, but):
        mutable = [name for name in own if isinstance(own[name], MUTABLE) and name not in but]
        fixed = [name for name in own if name not in mutable and name not in but]
        return own, mutable, fixed, itemgetter(*fixed)

    def image(self):
        """Equal images tell that nothing has changed."""
        return [
            (get(own), [_copy(own[name]) for name in mutable])
            for own, mutable, _fixed, get in self._rows
        ]

    def restore(self, image):
        """Sets what `image` holds; arrays stay the objects that they are."""
        for (own, mutable, fixed, get), (values, copies) in zip(self._rows, image, strict=True):
            if get(own) != values:
                own.update(zip(fixed, values, strict=True))
            for name, value in zip(mutable, copies, strict=True):
                if isinstance(value, dict):
                    own[name] = dict(value)
                else:
                    own[name][:] = value
