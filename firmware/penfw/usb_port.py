"""The link on the board's own USB serial, where USB powers a bare board on the bench.

With board.py a part of the hardware seam.
"""

import select
import sys

import micropython

BLOCK = 32  # a packet has 64, the send buffer 256
MOST = 8 * BLOCK


class UsbPort:
    """Bytes to and from the host, as UartPort has them.

    Frames contain 0x03, so Ctrl-C is switched off. A host that holds the port and does not read
    would block a write for 500 ms: bytes go out only while `poll` reports room. It does so from one
    free byte on; but as all bytes go out in blocks of a size that packets and the chip's send
    buffer are multiples of, there is room for a block then.
    """

    def __init__(self):
        micropython.kbd_intr(-1)
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._readable = select.poll()
        self._readable.register(self._in, select.POLLIN)
        self._block = bytearray(BLOCK)
        self._writable = select.poll()
        self._writable.register(self._out, select.POLLOUT)

    def any(self):
        """Whether bytes wait."""
        return 1 if self._readable.poll(0) else 0

    def readinto(self, buffer):
        """What waits, at most the buffer's size; a read of more would wait for it."""
        size = 0
        while size < len(buffer) and self.any():
            buffer[size] = self._in.read(1)[0]
            size += 1
        return size

    def room(self):
        """Bytes to offer to `write`, which takes what goes without waiting."""
        return MOST if self._writable.poll(0) else 0

    def write(self, data):
        """Sends what the port takes without waiting; returns how many bytes.

        What ends within a block, which is a frame's end, is filled up by zeros: they are no frame.
        """
        block = self._block
        size = 0
        while size < len(data) and self._writable.poll(0):
            part = data[size : size + BLOCK]
            count = len(part)
            block[:count] = part
            for at in range(count, BLOCK):
                block[at] = 0
            self._out.write(block)
            size += count
        return size
