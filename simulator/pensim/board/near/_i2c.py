"""MicroPython's `machine.I2C` and `machine.SoftI2C`: each transfer takes its bits' time."""

from _board import ask, integer, spend
from _errno import EIO, ENODEV
from _layout import I2C_TRANSFER
from _pin import Pin, pin_number

_NO_STOP = 0
_STOP = 1024
_SCL = (5, 7)  # default pins of the two controllers
_SDA = (4, 6)
_BITS = 9  # of a byte, with its acknowledgement
_controllers = {}


class _Bus:
    """What both kinds can do; `_error` is the errno when no device answers."""

    def __init__(self, sda, scl, freq):
        self._sda = sda
        self._scl = scl
        self._freq = freq

    def _transfer(self, address, written, read_count, stop=True):
        if not 0 <= integer(address) <= 127:
            raise ValueError("invalid address")
        bits = (len(written) + read_count + 1) * _BITS
        spend(bits * 1000000 // self._freq)
        try:
            return ask(
                I2C_TRANSFER,
                self._number,
                address | (_STOP if stop else _NO_STOP),
                read_count,
                self._sda | self._scl << 8,
                bytes(written),
            )
        except OSError:
            raise OSError(self._error if written or read_count else ENODEV)

    def deinit(self):
        pass

    def writeto(self, addr, buf, stop=True):
        self._transfer(addr, buf, 0, stop)
        return len(buf)

    def readfrom(self, addr, nbytes, stop=True):
        return bytes(self._transfer(addr, b"", nbytes, stop))

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self._transfer(addr, b"", len(buf), stop)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join([bytes(part) for part in vector]), stop)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        return bytes(self._transfer(addr, _address(memaddr, addrsize), nbytes))

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self._transfer(addr, _address(memaddr, addrsize), len(buf))

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self._transfer(addr, _address(memaddr, addrsize) + bytes(buf), 0)

    def scan(self):
        return [address for address in range(8, 120) if self._present(address)]

    def _present(self, address):
        try:
            self._transfer(address, b"", 0)
        except OSError:
            return False
        return True


class I2C(_Bus):
    """Controller 0 or 1. Without any argument but the id it stays as it was, as on the port."""

    _error = EIO

    def __new__(cls, id=0, freq=400000, *, scl=None, sda=None, timeout=50000):
        if integer(id) not in (0, 1):
            raise ValueError("I2C(%d) doesn't exist" % id)
        bus = _controllers.get(id)
        if bus is None:
            bus = _controllers[id] = object.__new__(cls)
            bus._number = id
            _Bus.__init__(bus, _SDA[id], _SCL[id], 400000)
        return bus

    def __init__(self, id=0, freq=400000, *, scl=None, sda=None, timeout=50000):
        if scl is not None:
            self._scl = self._pin(scl, 1, "bad SCL pin")
        if sda is not None:
            self._sda = self._pin(sda, 0, "bad SDA pin")
        self._freq = integer(freq)
        self._timeout_us = integer(timeout)
        for number in (self._scl, self._sda):
            Pin(number).init(Pin.ALT, Pin.PULL_UP, alt=Pin.ALT_I2C)

    def _pin(self, pin, odd, message):
        number = pin_number(pin)
        if number & 1 != odd or number >> 1 & 1 != self._number:
            raise ValueError(message)
        return number

    def init(self, *_arguments, **_options):
        raise OSError("I2C operation not supported")

    start = stop = readinto = write = init  # of SoftI2C only

    def __repr__(self):
        values = (self._number, self._freq, self._scl, self._sda, self._timeout_us)
        return "I2C(%d, freq=%d, scl=%d, sda=%d, timeout=%d)" % values


class SoftI2C(_Bus):
    """Any two pins."""

    _error = ENODEV
    _number = -1

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self.init(scl, sda, freq=freq, timeout=timeout)

    def init(self, scl, sda, *, freq=400000, timeout=50000):
        delay_us = max(500000 // integer(freq), 1)
        _Bus.__init__(self, pin_number(sda), pin_number(scl), 500000 // delay_us)
        for number in (self._scl, self._sda):
            Pin(number).init(Pin.OPEN_DRAIN)

    def __repr__(self):
        return "SoftI2C(scl=%d, sda=%d, freq=%d)" % (self._scl, self._sda, self._freq)


def _address(memory_address, bits):
    return bytes([(memory_address >> shift) & 255 for shift in range(bits - 8, -1, -8)])
