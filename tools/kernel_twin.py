"""Exits 0 when the compiled plant kernel beside kernel.py loads and was made from it.

Loaded by its path, so that a half-edited package cannot stand in the way.
"""

import hashlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

NAME = "pensim.plant._kernel_compiled"
KERNEL = Path(__file__).parents[1] / "simulator" / "pensim" / "plant" / "kernel.py"


def twin() -> Path | None:
    """The compiled module's file for this interpreter."""
    paths = (KERNEL.with_name("_kernel_compiled" + suffix) for suffix in EXTENSION_SUFFIXES)
    return next((path for path in paths if path.exists()), None)


def source_sha256(path: Path) -> str:
    """The hash that the compiled module carries."""
    loader = ExtensionFileLoader(NAME, str(path))
    spec = spec_from_file_location(NAME, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module.SOURCE_SHA256


def main() -> None:
    """Says in one line what is wrong, if anything is."""
    path = twin()
    if path is None:
        sys.exit("there is no compiled plant kernel")
    if source_sha256(path) != hashlib.sha256(KERNEL.read_bytes()).hexdigest():
        sys.exit("the compiled plant kernel was made from another kernel.py: run make kernel")


if __name__ == "__main__":
    main()
