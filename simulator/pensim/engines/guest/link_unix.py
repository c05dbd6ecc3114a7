"""The wire to the simulator on MicroPython's unix port: two pipes."""

_in = None
_send = _receive = None


def connect(arguments):
    """Opens the pipes whose file descriptors the simulator named."""
    global _in, _send, _receive
    _in = open(int(arguments[0]), "rb")
    _send = open(int(arguments[1]), "wb").write
    _receive = _in.readinto


def swap(words, payload):
    """Sends words and payload, and receives the simulator's words."""
    _send(words)
    if payload:
        _send(payload)
    if not _receive(words):
        raise SystemExit(0)


def receive(size):
    """The payload that follows the words."""
    data = _in.read(size)
    while len(data) < size:
        data += _in.read(size - len(data))
    return data
