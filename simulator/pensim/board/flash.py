"""The file system on the board's flash.

Less kind than littlefs on purpose: a write reaches the flash page by page and a power cut keeps
what was programmed until then, so stores have to bring their own safety.
"""

import errno
from collections.abc import Callable

from pensim.board.near import _layout as layout
from pensim.board.near._layout import ARG0, FILE, RESULT
from pensim.board.processor import Processor
from pensim.board.profile import BoardProfile
from pensim.board.refusal import BoardRefusal

DIRECTORY, REGULAR = 0x4000, 0x8000  # st_mode as MicroPython reports it
_BLOCK = 4096
_LONGEST_NAME = 255


class Flash:
    """Files by absolute path; survives resets and power cuts."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.files: dict[str, bytes] = {}
        self.directories: set[str] = {"/"}
        self.times_s: dict[str, int] = {}  # of the last write, seconds since 1970

    def install(self, files: dict[str, bytes]) -> None:
        """Puts files there from outside, as a programmer does."""
        for path, content in files.items():
            self.files[path] = content
            parts = path.split("/")[1:-1]
            self.directories.update("/" + "/".join(parts[: n + 1]) for n in range(len(parts)))

    def move(self, old: str, new: str) -> None:
        """Gives a file, or a directory with all that is in it, another path."""
        for path in list(self.files):
            self.files[_moved(path, old, new)] = self.files.pop(path)
        for path in list(self.times_s):
            self.times_s[_moved(path, old, new)] = self.times_s.pop(path)
        self.directories = {_moved(path, old, new) for path in self.directories}

    def used_bytes(self) -> int:
        """Flash taken by files, in whole blocks."""
        return sum(-(-len(content) // _BLOCK) * _BLOCK for content in self.files.values())

    def names(self, path: str) -> list[tuple[str, int, int]]:
        """Rows (name, st_mode, size) of a directory, sorted."""
        prefix = path if path.endswith("/") else path + "/"
        rows = [
            (name[len(prefix) :], DIRECTORY, 0)
            for name in self.directories
            if name != "/" and name.startswith(prefix) and "/" not in name[len(prefix) :]
        ]
        rows += [
            (name[len(prefix) :], REGULAR, len(content))
            for name, content in self.files.items()
            if name.startswith(prefix) and "/" not in name[len(prefix) :]
        ]
        return sorted(rows)


def _moved(path: str, old: str, new: str) -> str:
    return new + path[len(old) :] if path == old or path.startswith(old + "/") else path


class PowerLost(Exception):
    """The power goes during a flash operation."""


class FlashController:
    """Serves the firmware's file operations; erasing and programming stop the processor.

    `seconds` is the board's clock; `on_power_lost` is called when a planned power cut comes.
    `operations` counts the erasures and programmed pages since the board was made.
    """

    def __init__(
        self,
        flash: Flash,
        processor: Processor,
        profile: BoardProfile,
        seconds: Callable[[], int],
        on_power_lost: Callable[[], None],
    ) -> None:
        self.flash = flash
        self._processor = processor
        self._profile = profile
        self._seconds = seconds
        self._on_power_lost = on_power_lost
        self.operations = 0
        self.moments_us: list[int] = []  # of each of them
        self._cut_at = -1
        self._kept_bytes = 0
        self._operations = {
            layout.FILE_READ: self._read,
            layout.FILE_CREATE: self._create,
            layout.FILE_WRITE_AT: self._write_at,
            layout.FILE_REMOVE: self._remove,
            layout.FILE_RENAME: self._rename,
            layout.FILE_LIST: self._list,
            layout.FILE_STAT: self._stat,
            layout.FILE_MKDIR: self._mkdir,
            layout.FILE_SYSTEM: self._system,
        }
        processor.serve[FILE] = self._serve

    def cut_power(self, after: int, kept_bytes: int = 0) -> None:
        """Plans a power cut: `after` more operations are done, the power goes in the next one.

        An erasure that it hits has not happened, nor has what the erasure was for: a file's
        creation, removal or renaming. Of a page `kept_bytes` are programmed.
        """
        self._cut_at = self.operations + after
        self._kept_bytes = kept_bytes

    def _serve(self, payload: bytes) -> bytes:
        try:
            return self._operations[self._processor.words[ARG0]](bytes(payload))
        except PowerLost:
            self._on_power_lost()
            return b""

    def _power_goes(self) -> bool:
        """Counts an operation; whether it is the one that is cut."""
        goes = self.operations == self._cut_at
        self.operations += 1
        self.moments_us.append(self._processor.moment_us())
        return goes

    def _erase(self) -> None:
        if self._power_goes():
            raise PowerLost
        self._processor.hold(self._profile.flash_erase_us)

    def _existing(self, path: str) -> bytes:
        content = self.flash.files.get(path)
        if content is None:
            self._parent(path)
            raise BoardRefusal(errno.EISDIR if path in self.flash.directories else errno.ENOENT)
        return content

    def _parent(self, path: str) -> None:
        """Refuses a path whose directory is not there, or whose name is too long."""
        directory, _, name = path.rpartition("/")
        if len(name.encode()) > _LONGEST_NAME:
            raise BoardRefusal(errno.ENAMETOOLONG)
        if directory in self.flash.files:
            raise BoardRefusal(errno.ENOTDIR)
        if (directory or "/") not in self.flash.directories:
            raise BoardRefusal(errno.ENOENT)

    def _put(self, path: str, content: bytes) -> None:
        self.flash.files[path] = content
        self.flash.times_s[path] = self._seconds()

    def _read(self, payload: bytes) -> bytes:
        size, offset = self._processor.words[ARG0 + 1 : ARG0 + 3]
        return self._existing(payload.decode())[offset : offset + size]

    def _create(self, payload: bytes) -> bytes:
        path = payload.decode()
        self._parent(path)
        if path in self.flash.directories:
            raise BoardRefusal(errno.EISDIR)
        self._erase()
        self._put(path, b"")
        return b""

    def _write_at(self, payload: bytes) -> bytes:
        words = self._processor.words
        length, offset = words[ARG0 + 1], words[ARG0 + 2]
        path, data = payload[:length].decode(), payload[length:]
        old = self._existing(path)
        if self.flash.used_bytes() + len(data) > self.flash.size_bytes:
            raise BoardRefusal(errno.ENOSPC)
        cut = self._power_goes()
        if cut:
            data = data[: self._kept_bytes]
        if data:
            self._put(path, old[:offset] + data + old[offset + len(data) :])
        if cut:
            raise PowerLost
        self._processor.hold(self._profile.flash_program_us)
        return b""

    def _remove(self, payload: bytes) -> bytes:
        """Removes a file or an empty directory: littlefs has one operation for both."""
        path = payload.decode()
        if path in self.flash.directories:
            if path == "/":
                raise BoardRefusal(errno.EINVAL)
            if self.flash.names(path):
                raise BoardRefusal(errno.ENOTEMPTY)
        else:
            self._existing(path)
        self._erase()
        self.flash.directories.discard(path)
        self.flash.files.pop(path, None)
        return b""

    def _rename(self, payload: bytes) -> bytes:
        length = self._processor.words[ARG0 + 1]
        old, new = payload[:length].decode(), payload[length:].decode()
        self._check_rename(old, new)
        self._erase()
        self.flash.files.pop(new, None)
        self.flash.move(old, new)
        return b""

    def _check_rename(self, old: str, new: str) -> None:
        flash = self.flash
        is_directory = old in flash.directories
        if not is_directory:
            self._existing(old)
        self._parent(new)
        if is_directory and new in flash.files:
            raise BoardRefusal(errno.ENOTDIR)
        if new in flash.directories:
            if not is_directory:
                raise BoardRefusal(errno.EISDIR)
            if flash.names(new):
                raise BoardRefusal(errno.ENOTEMPTY)

    def _list(self, payload: bytes) -> bytes:
        path = payload.decode()
        if path in self.flash.files:
            raise BoardRefusal(errno.ENOTDIR)
        if path not in self.flash.directories:
            raise BoardRefusal(errno.ENOENT)
        rows = self.flash.names(path)
        return "\n".join(f"{name}\t{mode}\t{size}" for name, mode, size in rows).encode()

    def _stat(self, payload: bytes) -> bytes:
        path = payload.decode()
        if path in self.flash.directories:
            self._processor.words[RESULT] = 0
            return f"{DIRECTORY} 0".encode()
        self._processor.words[RESULT] = len(self._existing(path))
        return f"{REGULAR} {self.flash.times_s.get(path, 0)}".encode()

    def _mkdir(self, payload: bytes) -> bytes:
        path = payload.decode()
        if path in self.flash.directories or path in self.flash.files:
            raise BoardRefusal(errno.EEXIST)
        self._parent(path)
        self._erase()
        self.flash.directories.add(path)
        return b""

    def _system(self, _payload: bytes) -> bytes:
        blocks = self.flash.size_bytes // _BLOCK
        free = blocks - self.flash.used_bytes() // _BLOCK
        return f"{_BLOCK} {_BLOCK} {blocks} {free} {free} 0 0 0 0 {_LONGEST_NAME}".encode()
