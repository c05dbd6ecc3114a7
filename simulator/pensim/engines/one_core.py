"""Keeps this thread and the engines' subprocesses on one core while they work in lockstep.

Only one of them runs at a time. On one core a hand-over is a context switch; on two it wakes a
core that has gone to sleep, which takes three times as long as the work (`make bench`).
"""

import ctypes
import os
from contextlib import suppress

_engines: set[int] = set()  # processes that share the core
_allowed: set[int] = set()  # cores that this thread had before


def share_core(process_id: int) -> None:
    """Moves a subprocess to the core on which this thread runs, and keeps both there."""
    if not hasattr(os, "sched_setaffinity"):  # only Linux lets a process choose
        return
    if not _engines:
        _allowed.update(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {_present_core()})
    _engines.add(process_id)
    with suppress(ProcessLookupError):
        os.sched_setaffinity(process_id, os.sched_getaffinity(0))


def leave_core(process_id: int) -> None:
    """The subprocess has ended; after the last one this thread may use all its cores again."""
    if process_id in _engines:
        _engines.remove(process_id)
        if not _engines:
            os.sched_setaffinity(0, _allowed)
            _allowed.clear()


def _present_core() -> int:
    """Where this thread runs, if the C library tells; else any core that it may use."""
    libc = ctypes.CDLL(None)
    core = libc.sched_getcpu() if hasattr(libc, "sched_getcpu") else -1
    return core if core in _allowed else min(_allowed)
