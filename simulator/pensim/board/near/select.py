"""MicroPython's `select` for the UARTs and the USB serial."""

from _board import FOREVER, TICKS_MASK, now_us, spend, wait_event
from _layout import WAKE_SERIAL
from _profile import COST_SERIAL

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:
    def __init__(self):
        self._watched = []

    def register(self, obj, eventmask=POLLIN | POLLOUT):
        self.unregister(obj)
        self._watched.append([obj, eventmask])

    def modify(self, obj, eventmask):
        self.register(obj, eventmask)

    def unregister(self, obj):
        self._watched = [pair for pair in self._watched if pair[0] is not obj]

    def _ready(self):
        spend(COST_SERIAL)
        found = []
        for obj, mask in self._watched:
            port = getattr(obj, "_port", obj)
            port._settle()
            events = POLLIN if mask & POLLIN and port._received else 0
            if mask & POLLOUT and port.room() > 0:
                events |= POLLOUT
            if events:
                found.append((obj, events))
        return found

    def poll(self, timeout=-1):
        start_us = now_us()
        while True:
            found = self._ready()
            left_us = FOREVER
            if timeout >= 0:
                left_us = timeout * 1000 - ((now_us() - start_us) & TICKS_MASK)
            if found or left_us <= 0:
                return found
            for obj, _mask in self._watched:
                next_us = getattr(obj, "_port", obj)._next_byte_us()
                if next_us is not None:
                    left_us = min(left_us, next_us)
            wait_event(left_us, WAKE_SERIAL)

    def ipoll(self, timeout=-1, _flags=0):
        return iter(self.poll(timeout))
