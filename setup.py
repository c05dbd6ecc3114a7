"""Builds the optional compiled twin of the plant kernel; pyproject.toml holds all the rest.

`pensim.plant._kernel_compiled` is made from the very bytes of `kernel.py`, typed by `kernel.pxd`,
with the SHA-256 of those bytes in `SOURCE_SHA256`. Without Cython or a C compiler the install goes
through and the kernel runs as plain Python. PENLOOP_NO_COMPILE=1 asks for that: a wheel without it
fits every platform.
"""

import hashlib
import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

# Relative: setup.py runs in the project's folder, and distutils puts objects of absolute sources
# into the root of the file system.
KERNEL = Path("simulator/pensim/plant/kernel.py")
TYPES = KERNEL.with_suffix(".pxd")
TWIN = "pensim.plant._kernel_compiled"
GENERATED = Path("build/kernel")

# The bits of the twin are those of plain Python only if no product and sum are fused.
FLAGS = {"msvc": ["/O2", "/fp:precise"], "unix": ["-O2", "-ffp-contract=off"]}


class BuildKernel(build_ext):
    """Copies the kernel under its compiled name, makes C of it, compiles that."""

    def build_extension(self, ext: Extension) -> None:
        ext.extra_compile_args = FLAGS["msvc" if self.compiler.compiler_type == "msvc" else "unix"]
        ext.sources = [translate(copy_of_kernel())]
        super().build_extension(ext)


def copy_of_kernel() -> Path:
    """The kernel and its .pxd under the twin's name, in a package of the same name."""
    copy = GENERATED.joinpath(*TWIN.split(".")).with_suffix(".py")
    copy.parent.mkdir(parents=True, exist_ok=True)
    for package in (copy.parent, copy.parent.parent):
        (package / "__init__.py").touch()
    source = KERNEL.read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    copy.write_bytes(source + f'\nSOURCE_SHA256 = "{digest}"\n'.encode())
    copy.with_suffix(".pxd").write_bytes(TYPES.read_bytes())
    return copy


def translate(copy: Path) -> str:
    """Path of the C file that Cython makes of the copy."""
    try:
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError as CythonError
    except ImportError as error:
        raise CompileError("Cython is missing: the plant kernel runs as plain Python") from error
    try:
        (extension,) = cythonize([Extension(TWIN, [str(copy)])], force=True, quiet=True)
    except CythonError as error:
        raise CompileError(f"Cython refused {KERNEL}: the kernel runs as plain Python") from error
    return extension.sources[0]


def extensions() -> list[Extension]:
    """The compiled twin, unless it is not wanted or its two sources are not there."""
    unwanted = os.environ.get("PENLOOP_NO_COMPILE", "0") not in ("", "0")
    if unwanted or not (KERNEL.exists() and TYPES.exists()):
        return []
    # Any source will do here: the real one exists once build_extension has made it.
    return [Extension(TWIN, [str(KERNEL)], optional=True)]


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernel})
