"""Firmware as a value: the files that a board would carry, and their hash."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from pensim.errors import ScenarioError

KINDS = ("py", "mpy")  # of a module's file


@dataclass(frozen=True)
class Firmware:
    """Files by path on the board. Immutable, so that several versions live side by side."""

    files: tuple[tuple[str, bytes], ...]
    origin: str = ""

    @classmethod
    def from_directory(cls, root: Path | str) -> "Firmware":
        """Reads a directory: the one that holds `penfw/`, or any with a `main.py`.

        Its modules are sources, or `.mpy` files, which the engine "micropython" runs. A
        `penfw/main.py` becomes the board's `/main.py`. Raises ScenarioError when neither is there.
        """
        root = Path(root)
        found = [path for kind in KINDS for path in (root / "penfw").rglob(f"*.{kind}")]
        found += [path for kind in KINDS for path in root.glob(f"main.{kind}")]
        paths = sorted(path for path in found if "__pycache__" not in path.parts)
        files = {"/" + path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
        files = {name: text for name, text in files.items() if _belongs(name)}
        if "/main.py" not in files and "/penfw/main.py" in files:
            files["/main.py"] = files.pop("/penfw/main.py")
        if "/main.py" not in files:
            raise ScenarioError(
                f"no firmware in {root}: expected penfw/main.py or main.py; name the directory "
                "that holds penfw/"
            )
        return cls(tuple(sorted(files.items())), str(root))

    @classmethod
    def from_script(cls, script: Path | str) -> "Firmware":
        """One MicroPython script as the board's `/main.py`, with the modules beside it."""
        script = Path(script)
        if not script.is_file():
            raise ScenarioError(f"no such script: {script}; name a MicroPython file")
        found = [path for kind in KINDS for path in script.parent.glob(f"*.{kind}")]
        beside = {"/" + path.name: path.read_bytes() for path in found if path != script}
        beside["/main.py"] = script.read_bytes()
        return cls(tuple(sorted(beside.items())), str(script))

    @classmethod
    def installed(cls) -> "Firmware":
        """The firmware that came with this package."""
        spec = find_spec("penfw")
        if spec is None or not spec.submodule_search_locations:
            raise ScenarioError("penfw is not installed: install penloop, or name a directory")
        package = Path(next(iter(spec.submodule_search_locations)))
        paths = sorted(p for p in package.rglob("*.py") if "__pycache__" not in p.parts)
        files = {"/penfw/" + p.relative_to(package).as_posix(): p.read_bytes() for p in paths}
        files["/main.py"] = files.pop("/penfw/main.py")
        return cls(tuple(sorted(files.items())), "installed")

    @cached_property
    def sha256(self) -> str:
        """Hash over all paths and contents, hexadecimal."""
        digest = hashlib.sha256()
        for name, content in self.files:
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()


def _belongs(name: str) -> bool:
    return name == "/main.py" or name.startswith("/penfw/")
