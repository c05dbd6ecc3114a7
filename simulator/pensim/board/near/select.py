"""MicroPython's `select` for the UARTs and the USB serial."""

from _board import FOREVER, left_us, now_us, spend, wait_event
from _errno import ENOENT
from _layout import WAKE_SERIAL
from _profile import COST_SERIAL
from _serial import SerialPort

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_LOOK_US = 1000  # how often a wait for room looks again


def _port(obj):
    port = getattr(obj, "_port", obj)
    if not isinstance(port, SerialPort):
        raise OSError("stream operation not supported")
    return port


class poll:
    def __init__(self):
        self._watched = []  # [object, its port, events]

    def register(self, obj, eventmask=POLLIN | POLLOUT):
        row = self._row(obj)
        if row is None:
            self._watched.append([obj, _port(obj), eventmask])
        else:
            row[2] = eventmask

    def modify(self, obj, eventmask):
        row = self._row(obj)
        if row is None:
            raise OSError(ENOENT)
        row[2] = eventmask

    def unregister(self, obj):
        self._watched = [row for row in self._watched if row[0] is not obj]

    def _row(self, obj):
        for row in self._watched:
            if row[0] is obj:
                return row
        return None

    def _ready(self):
        spend(COST_SERIAL)
        found = []
        for obj, port, mask in self._watched:
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
            rest_us = FOREVER
            if timeout is not None and timeout >= 0:
                rest_us = left_us(start_us, timeout * 1000)
            if found or rest_us <= 0:
                return found
            wait_event(self._next_us(rest_us), WAKE_SERIAL)

    def _next_us(self, limit_us):
        for _, port, mask in self._watched:
            next_us = port._next_byte_us()
            if next_us is not None:
                limit_us = min(limit_us, next_us)
            if mask & POLLOUT:
                limit_us = min(limit_us, _LOOK_US)
        return limit_us

    def ipoll(self, timeout=-1, flags=0):
        return iter(self.poll(timeout))


def select(rlist, wlist, xlist, timeout=None):
    """Lists of the streams that are ready; `timeout` in seconds."""
    watch = poll()
    for streams, event in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, 0)):
        for stream in streams:
            row = watch._row(stream)
            watch.register(stream, event | (0 if row is None else row[2]))
    found = watch.poll(-1 if timeout is None or timeout < 0 else int(timeout * 1000))
    readable = [obj for obj, events in found if events & POLLIN]
    writable = [obj for obj, events in found if events & POLLOUT]
    return readable, writable, []
