"""A version's trial after it was flashed: it is kept once its link answers and its interrupt runs.

Faults of the hardware are no reason against it: a board with nothing wired keeps it too. /main.py
has the other half: it counts the starts, and goes back.
"""

from penfw import protocol
from penfw.frames import FRAME_MAX, PAYLOAD_AT, FrameParser, FrameWriter
from penfw.link import Link

PROOF_MS = 5000  # of the 10 s that /main.py allows
PASSES = 100  # of the main loop in which the interrupt has run

_SESSION = 1  # any


class Trial:
    """One start of a version on trial; of another version it does nothing."""

    def __init__(self, pen, timer):
        """`timer` ends the start as failed; None: there is no trial."""
        self._pen = pen
        self._timer = timer if timer is not None and answers(pen.device) else None
        self._passes = 0
        self._last_us = 0

    def step(self):
        """One look, in each pass of the main loop."""
        if self._timer is None:
            return
        last_us = self._pen.control.last_us
        if last_us != self._last_us:
            self._last_us = last_us
            self._passes += 1
        if self._passes >= PASSES and self._pen.uptime_ms >= PROOF_MS:
            self._timer.deinit()
            self._timer = None
            self._pen.flash_window.version_due = True


class Loop:
    """A port that says one frame and keeps what it is answered."""

    def __init__(self, frame):
        self._frame = frame
        self.answer = b""

    def any(self):
        """Bytes of the frame that wait."""
        return len(self._frame)

    def readinto(self, buffer):
        """Gives the frame, once."""
        size = len(self._frame)
        buffer[:size] = self._frame
        self._frame = b""
        return size

    def room(self):
        """There is always room for a frame."""
        return FRAME_MAX

    def write(self, data):
        """Takes the answer."""
        self.answer = self.answer + bytes(data)
        return len(data)


def answers(device):
    """Whether a link to this device answers a HELLO. Before any client is there."""
    hello = FrameWriter()
    end = protocol.pack(protocol.message(protocol.HELLO)[2], (_SESSION,), hello.buffer, PAYLOAD_AT)
    hello.finish(protocol.HELLO, 0, end)
    loop = Loop(bytes(hello.buffer[: hello.size]))
    Link(loop, device).poll(0)
    parser = FrameParser()
    parser.feed(loop.answer, 0, len(loop.answer))
    return parser.payload is not None and parser.number == protocol.HELLO | protocol.REPLY
