"""Files on the virtual flash: what `open` returns.

A write reaches the flash page by page; what is not yet a whole page waits for `flush` or `close`.
"""

from _board import W, ask
from _errno import EBADF, EEXIST, EINVAL
from _layout import FILE, FILE_CREATE, FILE_READ, FILE_STAT, FILE_WRITE_AT, RESULT

_PAGE = 256  # bytes that one program operation writes
_CHUNK = 16384  # bytes that one request reads


def content(path):
    """A file's bytes. Raises OSError."""
    data = bytearray()
    while True:
        piece = ask(FILE, FILE_READ, _CHUNK, len(data), payload=path)
        data.extend(piece)
        if len(piece) < _CHUNK:
            return data


def size(path):
    """Bytes of a file that is there."""
    ask(FILE, FILE_STAT, payload=path)
    return W[RESULT]


def exists(path):
    try:
        ask(FILE, FILE_STAT, payload=path)
    except OSError:
        return False
    return True


class File:
    """A file opened by `open`; text mode decodes UTF-8."""

    def __init__(self, path, mode):
        kind = _checked(mode)
        self._path = path
        self._text = "b" not in mode
        self._reads = kind == "r" or "+" in mode
        self._writes = kind != "r" or "+" in mode
        self._at = self._start = self._filled = 0
        self._page = bytearray(_PAGE) if self._writes else b""
        self._open = True
        if kind == "x" and exists(path):
            raise OSError(EEXIST)
        if kind in "wx" or (kind == "a" and not exists(path)):
            ask(FILE, FILE_CREATE, payload=path)
        self._appends = kind == "a"
        self._data = content(path) if self._reads else b""  # else a page of it is enough
        self._length = len(self._data) if self._reads else size(path)
        if self._appends:
            self._at = self._length

    def __enter__(self):
        return self

    def __exit__(self, *_arguments):
        self.close()

    def _check(self, allowed):
        if not self._open:
            raise ValueError("I/O operation on closed file")
        if not allowed:
            raise OSError(EBADF)

    def _take(self, size):
        end = len(self._data) if size is None or size < 0 else self._at + size
        whole = self._at == 0 and end == len(self._data)
        data = bytes(self._data if whole else self._data[self._at : end])
        self._at += len(data)
        return data

    def read(self, size=-1):
        self._check(self._reads)
        if not self._text:
            return self._take(size)
        if size is None or size < 0:
            return self._take(-1).decode()
        text = ""
        while len(text) < size and self._at < len(self._data):
            text += self._take(_width(self._data[self._at])).decode()
        return text

    def readinto(self, buffer):
        self._check(self._reads)
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, size=-1):
        self._check(self._reads)
        end = self._data.find(b"\n", self._at)
        count = (len(self._data) if end < 0 else end + 1) - self._at
        line = self._take(count if size < 0 else min(count, size))
        return line.decode() if self._text else line

    def readlines(self):
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, data):
        self._check(self._writes)
        raw = data.encode() if isinstance(data, str) else data
        if not isinstance(raw, (bytes, bytearray)):
            raw = bytes(raw)
        if self._appends:
            self._at = self._length
        if self._filled and self._start + self._filled != self._at:
            self.flush()
        if not self._filled:
            self._start = self._at
        if self._reads:
            self._data[self._at : self._at + len(raw)] = raw
        self._at += len(raw)
        self._length = max(self._length, self._at)
        self._fill(memoryview(raw))
        return len(raw)

    def _fill(self, view):
        at = 0
        while at < len(view):
            count = min(_PAGE - self._filled, len(view) - at)
            self._page[self._filled : self._filled + count] = view[at : at + count]
            self._filled += count
            at += count
            if self._filled == _PAGE:
                self._program(self._page)

    def _program(self, piece):
        ask(FILE, FILE_WRITE_AT, len(self._path), self._start, payload=self._path + piece)
        self._start += self._filled
        self._filled = 0

    def seek(self, offset, whence=0):
        self._check(True)
        base = (0, self._at, self._length)[whence]
        if base + offset < 0:
            raise OSError(EINVAL)
        self.flush()
        self._at = min(base + offset, self._length)
        return self._at

    def tell(self):
        self._check(True)
        return self._at

    def flush(self):
        self._check(True)
        if self._filled:
            self._program(self._page[: self._filled])

    def close(self):
        if self._open:
            self.flush()
            self._open = False


def _checked(mode):
    """The kind of access of a mode: one of r, w, a and x."""
    kinds = [letter for letter in mode if letter in "rwax"]
    if len(kinds) > 1 or mode.strip("rwax+bt"):
        raise ValueError("invalid mode: " + mode)
    return kinds[0] if kinds else "r"


def _width(first):
    """Bytes of the UTF-8 character that begins with the byte `first`."""
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
