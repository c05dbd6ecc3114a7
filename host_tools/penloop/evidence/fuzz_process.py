"""Portions of a search: atheris in a process of its own, as libFuzzer ends the one it is in."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from penloop.errors import UserError
from penloop.evidence.long_runs import ROOT

INPUT_S = 20  # an input that takes longer hangs
MEMORY_MB = 1024
POLL_S = 0.2
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_UNIT = re.compile(r"Test unit written to (\S+)")
_RAISED = re.compile(r"=== Uncaught Python exception: ===\n(.*)")


@dataclass(frozen=True)
class Portion:
    """Inputs that were played, and what was found: the exception and the file of its input."""

    inputs: int
    seconds: float
    findings: tuple[str, ...]


def source_hash(target: str) -> str:
    """SHA-256 over all sources of ours that the target's kept inputs reach."""
    done = subprocess.run(
        _command(target, "--sources"), cwd=ROOT, env=_environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise UserError(f"the fuzz target {target} does not play its corpus", _last(done.stderr))
    return done.stdout.strip()


def search(
    target: str, inputs: int, seed: int, longest: int, folder: Path, ended: Callable[[], bool]
) -> Portion | None:
    """Plays so many inputs; new ones that reach more go to `folder`/corpus. None: it was ended."""
    grown = folder / "corpus"
    grown.mkdir(parents=True, exist_ok=True)
    options = (
        f"-runs={inputs}", f"-seed={seed}", f"-max_len={longest}", f"-timeout={INPUT_S}",
        f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={folder.resolve()}/",
        "-print_final_stats=1", str(grown.resolve()), str(ROOT / "tests/fuzz/corpus" / target),
    )  # fmt: skip
    began_s = time.monotonic()
    code, text = _run(_command(target, *options), folder / "log.txt", ended)
    if ended():
        return None
    return _portion(code, text, time.monotonic() - began_s)


def _portion(code: int, text: str, seconds: float) -> Portion:
    executed = _EXECUTED.search(text)
    findings: tuple[str, ...] = ()
    if unit := _UNIT.search(text):
        raised = _RAISED.search(text)
        found = raised[1] if raised else "hangs or grows"
        findings = (f"{found}: {os.path.relpath(unit[1])}",)
    elif code or executed is None:
        raise UserError("the search has ended by itself", _last(text))
    return Portion(int(executed[1]) if executed else 0, seconds, findings)


def _run(command: list[str], log: Path, ended: Callable[[], bool]) -> tuple[int, str]:
    with log.open("w") as file:
        child = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=file, stderr=subprocess.STDOUT
        )
        try:
            while child.poll() is None and not ended():
                time.sleep(POLL_S)
        finally:
            child.kill()
            child.wait()
    return child.returncode, log.read_text(errors="replace")


def _command(target: str, *options: str) -> list[str]:
    if not (ROOT / "tests" / "fuzz").is_dir():
        raise UserError("the fuzz targets are not here", "run it in the project's folder")
    return [sys.executable, "-m", "tests.fuzz", target, *options]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0"}


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it says nothing"
