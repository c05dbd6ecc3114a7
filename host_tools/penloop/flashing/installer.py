"""Versions on a board's flash: copies, verifies, switches over, goes back, sweeps up.

At each moment the board starts a complete version: a new one is copied beside those that are
there, and becomes the one that runs by the rename of one small file. Nothing but `/main.py`,
`/version` and `/versions` is touched: settings, black box and cartridge history stay.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from penloop.errors import BoardError
from penloop.flashing.bundle import (
    KEPT,
    MAIN_FILE,
    MANIFEST,
    NONE,
    UNTRIED,
    VERSION_FILE,
    VERSIONS,
    Bundle,
    sha256,
)
from penloop.flashing.line import Prompt

CHUNK_BYTES = 1024  # of a file that go in one command
SPARE_BLOCKS = 8  # for directories, manifest, main.py and what the pen itself writes
FOREIGN_MAIN = "/main_before_penloop.py"  # what was in main.py's place before the first version
SETTINGS_FILES = ("/settings_a", "/settings_b")

_HASHES = """
import hashlib, binascii
b = memoryview(bytearray(512))
for p in {paths!r}:
    h = hashlib.sha256()
    try:
        with open(p, 'rb') as f:
            n = f.readinto(b)
            while n:
                h.update(b[:n])
                n = f.readinto(b)
        print(binascii.hexlify(h.digest()).decode())
    except OSError:
        print('-')
"""
_REMOVE = """
import os
def r(p):
    for e in list(os.ilistdir(p)):
        q = p + '/' + e[0]
        if e[1] & 0x4000:
            r(q)
        else:
            os.remove(q)
    os.rmdir(p)
r({path!r})
"""

Progress = Callable[[int], None]  # takes the bytes copied since the last call


class Installer:
    """Works on the board at a prompt. Any method may raise BoardError, TransportError, OSError."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    def words(self) -> list[str]:
        """Current version, previous version, trial; empty on a board without versions."""
        words = self._prompt.read_text(VERSION_FILE).split()
        return words if len(words) == 3 else []

    def settings(self) -> dict[str, bytes]:
        """The settings slots that the board has saved."""
        found = {path: self._prompt.read_file(path) for path in SETTINGS_FILES}
        return {path: content for path, content in found.items() if content is not None}

    def install(self, bundle: Bundle, progress: Progress) -> None:
        """Puts a version beside the others; it does not run yet."""
        self.sweep(also=bundle.hash)
        if self.complete(bundle.directory):
            progress(bundle.size_bytes)
            return
        self._remove(bundle.directory)  # what is left of a copy that was cut short
        self._make_room(bundle)
        self._make_directories(bundle)
        for path, content in bundle.files:
            self._write(f"{bundle.directory}/{path}", content, progress)
        self._verify(bundle)
        self._write(f"{bundle.directory}/{MANIFEST}", bundle.manifest, lambda _bytes: None)

    def complete(self, directory: str) -> bool:
        """Whether every file of a version is there with the content of its manifest."""
        manifest = self._prompt.read_text(f"{directory}/{MANIFEST}")
        rows = [line.split(" ", 1) for line in manifest.splitlines()[2:]]
        if sha256(manifest.encode())[:16] != directory.rpartition("/")[2]:
            return False
        return self._hashes(f"{directory}/{path}" for _hash, path in rows) == [r[0] for r in rows]

    def put_main(self, bundle: Bundle) -> None:
        """Replaces the board's main.py by one rename; a foreign one is kept beside it."""
        before = self._prompt.read_file(MAIN_FILE)
        if before == bundle.main:
            return
        if before is not None and VERSIONS.encode() not in before:
            self._prompt.fs_writefile(FOREIGN_MAIN, before, CHUNK_BYTES)
        fresh = MAIN_FILE + ".new"
        self._write(fresh, bundle.main, lambda _bytes: None)
        if self._hashes([fresh]) != [sha256(bundle.main)]:
            raise _damaged(fresh)
        self._prompt.exec(f"import os\nos.rename({fresh!r},{MAIN_FILE!r})")

    def switch(self, bundle: Bundle) -> None:
        """The next start runs this version, on trial; the one that ran is the one before."""
        current, previous, trial = self.words() or (NONE, NONE, KEPT)
        if trial == KEPT and current != bundle.hash:  # one on trial is not gone back to
            previous = current
        self._prompt.write_text(VERSION_FILE, f"{bundle.hash} {previous} {UNTRIED}")

    def roll_back(self) -> tuple[str, str]:
        """The next start runs the version before; returns (version left, version chosen)."""
        words = self.words()
        if not words or words[1] == NONE:
            raise BoardError(
                "this board has no version to go back to", "flash the one that you want"
            )
        current, previous, _trial = words
        if not self.complete(f"{VERSIONS}/{previous}"):
            raise BoardError(
                f"version {previous} on this board is damaged", "flash the one that you want"
            )
        self._prompt.write_text(VERSION_FILE, f"{previous} {current} {UNTRIED}")
        return current, previous

    def sweep(self, also: str = "") -> None:
        """Removes versions that are neither the current nor the previous one, nor `also`."""
        keep = [*self.words()[:2], also]
        if not self._prompt.fs_exists(VERSIONS):
            return
        for entry in self._prompt.fs_listdir(VERSIONS):
            if entry.name not in keep:
                self._remove(f"{VERSIONS}/{entry.name}")

    def _make_room(self, bundle: Bundle) -> None:
        """Where three versions do not fit, the previous one gives way, if the current one is kept.

        Raises BoardError when the new one does not fit then either.
        """
        words = self.words()
        if words and words[2] == KEPT and self._lacking(bundle):
            self._remove(f"{VERSIONS}/{words[1]}")
        if lacking := self._lacking(bundle):
            raise BoardError(lacking, "remove files of your own from it, with mpremote")

    def _lacking(self, bundle: Bundle) -> str:
        """What to say when the version does not fit beside the others; empty when it does."""
        block_bytes, free_blocks = self._prompt.eval(
            "(lambda s: (s[0], s[3]))(__import__('os').statvfs('/'))"
        )
        blocks = sum(-(-len(content) // block_bytes) for _path, content in bundle.files)
        blocks += SPARE_BLOCKS
        if blocks <= free_blocks:
            return ""
        return (
            f"the board's flash is full: {blocks * block_bytes // 1000} kB needed,"
            f" {free_blocks * block_bytes // 1000} kB free"
        )

    def _make_directories(self, bundle: Bundle) -> None:
        wanted = {VERSIONS, bundle.directory}
        for path, _content in bundle.files:
            parts = path.split("/")[:-1]
            wanted |= {"/".join([bundle.directory, *parts[: n + 1]]) for n in range(len(parts))}
        for directory in sorted(wanted):
            with suppress(FileExistsError):
                self._prompt.fs_mkdir(directory)

    def _write(self, path: str, content: bytes, progress: Progress) -> None:
        done = 0

        def copied(written: int, _size: int) -> None:
            nonlocal done
            progress(written - done)
            done = written

        self._prompt.fs_writefile(path, content, CHUNK_BYTES, copied)

    def _verify(self, bundle: Bundle) -> None:
        paths = [f"{bundle.directory}/{path}" for path, _content in bundle.files]
        wanted = [sha256(content) for _path, content in bundle.files]
        for path, there, here in zip(paths, self._hashes(paths), wanted, strict=True):
            if there != here:
                raise _damaged(path)

    def _hashes(self, paths: Iterable[str]) -> list[str]:
        answer = self._prompt.exec(_HASHES.format(paths=list(paths)))
        return answer.decode().split()

    def _remove(self, directory: str) -> None:
        if self._prompt.fs_exists(directory):
            self._prompt.exec(_REMOVE.format(path=directory))


def _damaged(path: str) -> BoardError:
    return BoardError(
        f"{path} is not on the board as it was sent",
        "check cable and supply, then flash again; the board still starts its old version",
    )
