"""The wire to the simulator on MicroPython's unix port: two pipes."""

_in = None
_out = None


def connect(arguments):
    """Opens the pipes whose file descriptors the simulator named."""
    global _in, _out
    _in = open(int(arguments[0]), "rb")
    _out = open(int(arguments[1]), "wb")


def swap(words, payload):
    """Sends words and payload, and receives the simulator's words."""
    _out.write(words)
    if payload:
        _out.write(payload)
    if not _in.readinto(words):
        raise SystemExit(0)


def receive(size):
    """The payload that follows the words."""
    data = _in.read(size)
    while len(data) < size:
        data += _in.read(size - len(data))
    return data
