"""A bundle: one version of the firmware as it lies on a board.

    /main.py                       chooses the version, see firmware/penfw/main.py
    /version                       "HASH PREVIOUS TRIAL"
    /versions/HASH/penfw/...       the version's modules
    /versions/HASH/manifest        what it consists of; written last

HASH is the start of the manifest's SHA-256, so it stands for every byte of the version, and for
the sources that it was made of. The pen reports it as its firmware's hash.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from penloop.mpy import compile_firmware
from pensim import Firmware

VERSIONS = "/versions"
VERSION_FILE = "/version"
MAIN_FILE = "/main.py"
MANIFEST = "manifest"
KEPT = "kept"
UNTRIED = "0"
NONE = "-"
SOURCE = "source"  # in place of an architecture
_HASH_DIGITS = 16


@dataclass(frozen=True)
class Bundle:
    """Files by path within the version's directory, and the board's main.py."""

    files: tuple[tuple[str, bytes], ...]
    main: bytes
    source_sha256: str
    architecture: str  # of the .mpy files, "bytecode", or "source"

    @classmethod
    def of(cls, firmware: Firmware, architecture: str = SOURCE) -> "Bundle":
        """Compiled for an architecture, or as source. Raises UserError when it does not compile."""
        contents = dict(firmware.files)
        main = contents.pop(MAIN_FILE)
        if architecture != SOURCE:
            contents = compile_firmware(contents, architecture)
        files = tuple(sorted((path.lstrip("/"), content) for path, content in contents.items()))
        return cls(files, main, firmware.sha256, architecture)

    @cached_property
    def manifest(self) -> bytes:
        """The version's parts: a line each for source and architecture, then one a file."""
        lines = [f"source {self.source_sha256}", f"architecture {self.architecture}"]
        lines += [f"{sha256(content)} {path}" for path, content in self.files]
        return "".join(line + "\n" for line in lines).encode()

    @cached_property
    def hash(self) -> str:
        """What the pen reports, and the name of its directory."""
        return sha256(self.manifest)[:_HASH_DIGITS]

    @property
    def directory(self) -> str:
        """Where it lies on the board."""
        return f"{VERSIONS}/{self.hash}"

    @property
    def size_bytes(self) -> int:
        """Of all its files."""
        return sum(len(content) for _path, content in self.files)

    def on_board(self, trial: str = KEPT) -> dict[str, bytes]:
        """The flash's files when nothing else is on it."""
        files = {f"{self.directory}/{path}": content for path, content in self.files}
        files[f"{self.directory}/{MANIFEST}"] = self.manifest
        files[MAIN_FILE] = self.main
        files[VERSION_FILE] = f"{self.hash} {NONE} {trial}".encode()
        return files


def sha256(content: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(content).hexdigest()
