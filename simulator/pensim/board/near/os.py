"""MicroPython's `os` and `open` on the virtual flash."""

from _board import W, ask
from _errno import ENOENT
from _file import File
from _layout import (
    FILE,
    FILE_LIST,
    FILE_MKDIR,
    FILE_REMOVE,
    FILE_RENAME,
    FILE_STAT,
    FILE_SYSTEM,
    RANDOM,
    RESULT,
)
from _profile import MACHINE_NAME

_DIRECTORY = 0x4000
_cwd = ["/"]


def _path(name):
    if isinstance(name, bytes):
        name = name.decode()
    if not isinstance(name, str):
        raise TypeError("can't convert %s to str" % type(name).__name__)
    parts = []
    for part in (name if name.startswith("/") else _cwd[0] + "/" + name).split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return ("/" + "/".join(parts)).encode()


def _text(operation, path=b""):
    return bytes(ask(FILE, operation, payload=path)).decode()


def open(file, mode="r", buffering=-1, encoding=None):
    return File(_path(file), mode)


def _rows(name):
    rows = [line.split("\t") for line in _text(FILE_LIST, _path(name)).split("\n") if line]
    return [(row[0], int(row[1]), 0, int(row[2])) for row in rows]


def listdir(path="."):
    return [row[0] for row in _rows(path)]


def ilistdir(path="."):
    return iter(_rows(path))


def remove(path):
    ask(FILE, FILE_REMOVE, payload=_path(path))


unlink = remove
rmdir = remove  # littlefs has one operation for both


def rename(old_path, new_path):
    old = _path(old_path)
    ask(FILE, FILE_RENAME, len(old), payload=old + _path(new_path))


def mkdir(path):
    ask(FILE, FILE_MKDIR, payload=_path(path))


def stat(path):
    kind, time_s = _text(FILE_STAT, _path(path)).split()
    size, time_s = W[RESULT], int(time_s)
    return (int(kind), 0, 0, 0, 0, 0, size, time_s, time_s, time_s)


def statvfs(_path="/"):
    return tuple([int(word) for word in _text(FILE_SYSTEM).split()])


def getcwd():
    return _cwd[0]


def chdir(path):
    target = _path(path)
    if target != b"/" and int(_text(FILE_STAT, target).split()[0]) != _DIRECTORY:
        raise OSError(ENOENT)
    _cwd[0] = target.decode()


def sync():
    pass


def urandom(n):
    return bytes(ask(RANDOM, n))


def dupterm(stream, index=0):
    if stream is not None:
        raise NotImplementedError("the virtual board has no dupterm: write to the stream itself")


class _Name:
    """The answer of `uname`: fields by name or in order."""

    sysname = "rp2"
    nodename = "rp2"
    release = "1.28.0"
    version = "v1.28.0 (virtual)"
    machine = MACHINE_NAME

    def __iter__(self):
        return iter((self.sysname, self.nodename, self.release, self.version, self.machine))

    def __getitem__(self, index):
        return list(self)[index]

    def __repr__(self):
        names = ("sysname", "nodename", "release", "version", "machine")
        pairs = ["%s='%s'" % (name, getattr(self, name)) for name in names]
        return "(" + ", ".join(pairs) + ")"


def uname():
    return _Name()
