"""Which kernel runs: the compiled twin where it is present and of the same source, else Python.

PENLOOP_KERNEL=python or =compiled forces one; `compiled` fails when it cannot be had.
"""

import hashlib
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from pensim.errors import SimulatorError
from pensim.plant import kernel as python_kernel

TWIN = "pensim.plant._kernel_compiled"
VARIABLE = "PENLOOP_KERNEL"
CHOICES = ("python", "compiled")
REMEDY = "run `make kernel` or reinstall penloop with a C compiler at hand"


class KernelError(SimulatorError):
    """The kernel that was asked for cannot be had; the message names the remedy."""


def choose(environment: Mapping[str, str] = os.environ) -> tuple[str, ModuleType]:
    """(name, module) of the kernel to run, by the rule of this module's docstring."""
    forced = environment.get(VARIABLE, "")
    if forced not in ("", *CHOICES):
        raise KernelError(f"{VARIABLE}={forced!r} is unknown: use {' or '.join(CHOICES)}")
    if forced == "python":
        return "python", python_kernel
    twin, trouble = compiled()
    if twin is not None:
        return "compiled", twin
    if forced:
        raise KernelError(f"{VARIABLE}=compiled, but {trouble}: {REMEDY}")
    if trouble != ABSENT:
        print(f"penloop: {trouble}, so plain Python is used: {REMEDY}", file=sys.stderr)
    return "python", python_kernel


ABSENT = "there is no compiled kernel"


def compiled() -> tuple[ModuleType | None, str]:
    """(module, "") of the compiled twin, or (None, why not)."""
    try:
        twin = importlib.import_module(TWIN)
    except ModuleNotFoundError:
        return None, ABSENT
    except ImportError as error:
        return None, f"the compiled kernel does not load ({error})"
    if getattr(twin, "SOURCE_SHA256", None) != source_sha256():
        return None, "the compiled kernel is of another kernel.py"
    return twin, ""


def source_sha256() -> str:
    """SHA-256 of kernel.py as it lies on disk."""
    return hashlib.sha256(Path(python_kernel.__file__).read_bytes()).hexdigest()
