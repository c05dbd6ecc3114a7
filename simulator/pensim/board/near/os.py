"""MicroPython's `os` and `open` on the virtual flash."""

from _board import W, ask
from _layout import (
    FILE,
    FILE_CREATE,
    FILE_LIST,
    FILE_MKDIR,
    FILE_READ,
    FILE_REMOVE,
    FILE_RENAME,
    FILE_RMDIR,
    FILE_STAT,
    FILE_SYSTEM,
    FILE_WRITE_AT,
    RESULT,
)

_PAGE = 256  # bytes that one program operation writes
_cwd = ["/"]


def _path(name):
    parts = []
    for part in (name if name.startswith("/") else _cwd[0] + "/" + name).split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return ("/" + "/".join(parts)).encode()


def _two(operation, first, second, offset=0):
    return ask(FILE, operation, len(first), offset, payload=first + second)


class File:
    """A file opened by `open`; text mode decodes UTF-8."""

    def __init__(self, path, mode):
        self._path = path
        self._text = "b" not in mode
        self._at = 0
        self._pending = b""
        self._writes = "r" not in mode or "+" in mode
        if "w" in mode:
            ask(FILE, FILE_CREATE, payload=path)
        if "a" in mode:
            self._data = _content_or_new(path)
            self._at = len(self._data)
        else:
            self._data = bytearray(ask(FILE, FILE_READ, payload=path))

    def __enter__(self):
        return self

    def __exit__(self, *_arguments):
        self.close()

    def read(self, size=-1):
        end = len(self._data) if size is None or size < 0 else self._at + size
        data = bytes(self._data[self._at : end])
        self._at += len(data)
        return data.decode() if self._text else data

    def readinto(self, buffer):
        data = bytes(self._data[self._at : self._at + len(buffer)])
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readline(self):
        end = self._data.find(b"\n", self._at)
        size = (len(self._data) if end < 0 else end + 1) - self._at
        return self.read(size)

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
        if not self._writes:
            raise OSError(1)
        raw = data.encode() if isinstance(data, str) else bytes(data)
        if self._pending and self._start + len(self._pending) != self._at:
            self.flush()
        if not self._pending:
            self._start = self._at
        self._pending += raw
        self._data[self._at : self._at + len(raw)] = raw
        self._at += len(raw)
        while len(self._pending) >= _PAGE:
            self._program(_PAGE)
        return len(data)

    def _program(self, size):
        piece = self._pending[:size]
        _two(FILE_WRITE_AT, self._path, piece, self._start)
        self._start += len(piece)
        self._pending = self._pending[size:]

    def seek(self, offset, whence=0):
        base = (0, self._at, len(self._data))[whence]
        self._at = base + offset
        return self._at

    def tell(self):
        return self._at

    def flush(self):
        if self._pending:
            self._program(len(self._pending))

    def close(self):
        self.flush()


def _content_or_new(path):
    try:
        return bytearray(ask(FILE, FILE_READ, payload=path))
    except OSError:
        ask(FILE, FILE_CREATE, payload=path)
        return bytearray()


def open(name, mode="r", *_arguments, **_options):
    return File(_path(name), mode)


def listdir(name="."):
    text = bytes(ask(FILE, FILE_LIST, payload=_path(name))).decode()
    return [line.split("\t")[0] for line in text.split("\n") if line]


def ilistdir(name="."):
    text = bytes(ask(FILE, FILE_LIST, payload=_path(name))).decode()
    rows = [line.split("\t") for line in text.split("\n") if line]
    return iter([(row[0], int(row[1]), 0, int(row[2])) for row in rows])


def remove(name):
    ask(FILE, FILE_REMOVE, payload=_path(name))


unlink = remove


def rename(old, new):
    _two(FILE_RENAME, _path(old), _path(new))


def mkdir(name):
    ask(FILE, FILE_MKDIR, payload=_path(name))


def rmdir(name):
    ask(FILE, FILE_RMDIR, payload=_path(name))


def stat(name):
    kind = int(ask(FILE, FILE_STAT, payload=_path(name)))
    return (kind, 0, 0, 0, 0, 0, W[RESULT], 0, 0, 0)


def statvfs(_name="/"):
    text = bytes(ask(FILE, FILE_SYSTEM)).decode()
    return tuple([int(word) for word in text.split()])


def getcwd():
    return _cwd[0]


def chdir(name):
    path = _path(name)
    if path != b"/":
        ask(FILE, FILE_LIST, payload=path)
    _cwd[0] = path.decode()


def sync():
    pass


def uname():
    return ("rp2", "rp2", "1.28.0", "v1.28.0 (virtual)", "Raspberry Pi Pico with RP2040")


