"""The wire to the simulator on the WebAssembly build: memory shared with the host."""

import gc

import host
from uctypes import addressof

PAYLOAD_BYTES = 65536

_payload = bytearray(PAYLOAD_BYTES)


def connect(_arguments):
    """Nothing to open: `swap` tells the host where the words are.

    This build's collector does not see what only WebAssembly locals point to, such as the states
    of running functions, and would free them: it stays off. A heap that is used up is a
    MemoryError.
    """
    gc.disable()


def swap(words, payload):
    """Sends words and payload, and receives the simulator's words."""
    _payload[: len(payload)] = payload
    host.call("swap", "%d %d" % (addressof(words), addressof(_payload)))


def receive(size):
    """The payload that came with the words."""
    return bytes(memoryview(_payload)[:size])
