"""The two slots of the settings, whatever the flash holds there.

Input: for each slot a byte that says whether there is one and whether a valid CRC is made for it,
and its text. Last a byte for a value that is saved then.
"""

from binascii import crc32

from penfw import boot_session, settings, store
from penfw.settings import VOLATILE
from tests.fuzz import Bytes

RATE = settings.index("stroke_rate")
HEAD = store.HEADER.encode()


class Files:
    """Files in memory."""

    def __init__(self, content):
        self.content = content

    def read(self, path):
        """Content, or None."""
        return self.content.get(path)

    def write(self, path, data):
        """Creates or replaces it."""
        self.content[path] = data


def slot(source):
    """A slot's bytes, or None."""
    kind = source.number() & 7
    text = source.take(source.number(2) & 0x3FF)
    if kind == 0:
        return None
    if kind == 1:
        return text
    body = (HEAD if kind & 2 else b"") + text + (b"\n" if kind & 4 else b"")
    return body + b"%08x\n" % crc32(body)


def one_input(data):
    """What is loaded lies in its bounds; what is saved then is loaded again."""
    source = Bytes(data)
    files = Files({path: one for path in store.SLOTS if (one := slot(source)) is not None})
    values, damaged, saved = store.load(files)
    check(values)
    assert not damaged or files.content
    values[RATE] = settings.MINIMA[RATE] + source.number()
    again = store.save(files, values, saved)
    loaded, damaged, found = store.load(files)
    kept = [
        settings.DEFAULTS[number] if access == VOLATILE else values[number]
        for number, access in enumerate(settings.ACCESSES)
    ]
    assert (loaded, damaged, found) == (kept, False, again)
    boots(source)


def check(values):
    """Every value is there, and in its bounds."""
    assert len(values) == len(settings.NAMES)
    for number, value in enumerate(values):
        assert settings.MINIMA[number] <= value <= settings.MAXIMA[number]


def boots(source):
    """The numbers of boots fit their field, and grow."""
    files = Files({path: source.text() for path in boot_session.SLOTS})
    first = boot_session.begin(files)
    assert 0 < first < boot_session.begin(files) < 1 << 31
