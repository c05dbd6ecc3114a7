"""The number of a boot, in two slots: a power cut costs the newest at most.

It is in memory at the start only, see tables.py.
"""

SLOTS = ("/boot_session_a", "/boot_session_b")


def begin(files):
    """One more than the last boot's number; written before it is used. Motor off only."""
    session = max(_number(files.read(path)) for path in SLOTS) + 1
    files.write(SLOTS[session & 1], b"%d\n" % session)
    return session


def _number(text):
    """A slot's number; 0 when there is none, or a part only."""
    if text is None or text[-1:] != b"\n" or len(text) > 10 or not text[:-1].isdigit():
        return 0
    return int(text)
