"""The board's own USB serial: `sys.stdin.buffer` and `sys.stdout.buffer`.

The cable never loses what the host sends: it waits in the host until it is read. What the board
writes is lost without a host that asserts DTR; with one that does not read, a write waits until
500 ms have passed without progress. The simulator knows the host.
"""

from _board import TICKS_MASK, W, ask, ask_number, left_us, now_us, wait, wait_event
from _layout import KBD_INTR, PORT_USB, RESULT, SERIAL_ROOM, SERIAL_SEND, WAKE_SERIAL
from _serial import SerialPort, _ports, octets

_BYTE_NS = 1000
_PATIENCE_US = 500000
_FRAME_US = 1000  # the host asks for data once a millisecond
_PACKET = 64  # bytes that the host sends at once
_UNLIMITED = 0x3FFFFFFF
_interrupt = [3]  # the character that interrupts, -1: none


def set_interrupt(character):
    """The character that raises KeyboardInterrupt when it comes in; -1: none does."""
    ask(KBD_INTR, character)
    _ports[PORT_USB]._settle()  # what has come in until now came under the old one
    _interrupt[0] = character


class USBSerial(SerialPort):
    def __init__(self):
        SerialPort.__init__(self, PORT_USB, _BYTE_NS, _UNLIMITED, 0)

    def _keep(self, data):
        """The character that interrupts empties the buffer; the simulator raises the exception."""
        if _interrupt[0] >= 0:
            at = data.rfind(bytes([_interrupt[0]]))
            if at >= 0:
                self._received = bytearray()
                data = data[at + 1 :]
        self._received.extend(data)

    def room(self):
        return ask_number(SERIAL_ROOM, PORT_USB)

    def write(self, data):
        """Returns how many bytes the port took before the host stopped reading."""
        data = octets(data)
        sent = ask_number(SERIAL_SEND, PORT_USB, payload=data)
        start_us = now_us()
        while sent < len(data) and left_us(start_us, _PATIENCE_US) > 0:
            wait(_FRAME_US)
            ask(SERIAL_SEND, PORT_USB, payload=data[sent:])
            if W[RESULT]:
                sent += W[RESULT]
                start_us = now_us()
        return sent

    def read(self, count=-1):
        """Blocks until `count` bytes are there, without a count for ever, as the port does."""
        data = bytearray()
        while len(data) != count:
            self._settle()
            data.extend(self._take(len(self._received) if count < 0 else count - len(data)))
            if len(data) != count:
                next_us = self._next_byte_us()
                wait_event(TICKS_MASK if next_us is None else next_us, WAKE_SERIAL)
        return bytes(data)

    def take_before(self, stops, limit=_UNLIMITED):
        """Waits for bytes, and takes those before the first of `stops`, at most `limit`.

        Where one of `stops` is the next byte, that one alone.
        """
        self._settle()
        while not self._received:
            next_us = self._next_byte_us(_PACKET)
            wait_event(TICKS_MASK if next_us is None else next_us, WAKE_SERIAL)
            self._settle()
        count = 0
        for value in self._received:
            if value in stops or count == limit:
                break
            count += 1
        return self._take(max(count, 1))

    def readinto(self, buffer):
        buffer[:] = self.read(len(buffer))
        return len(buffer)

    def readline(self):
        line = self.read(1)
        while line[-1] != 10:
            line += self.read(1)
        return line
