"""`penloop` in processes of its own, as a person starts it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PENLOOP = [sys.executable, "-m", "penloop"]
PATIENCE_S = 60.0  # a flash watches a trial of 12 s; machines are slow at times


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Starts a command; its output can be read as text."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    environment = {**os.environ, "COLUMNS": "120"}
    return subprocess.Popen([*PENLOOP, *arguments], text=True, env=environment, **pipes)


def finish(process: subprocess.Popen[str], patience_s: float = PATIENCE_S) -> tuple[int, str, str]:
    """Exit code, stdout, stderr; of one that does not end, TimeoutExpired, and its end."""
    try:
        out, err = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, err


def penloop(*arguments: str, patience_s: float = PATIENCE_S) -> tuple[int, str, str]:
    """Runs a command to its end."""
    return finish(start(*arguments, stdin=subprocess.DEVNULL), patience_s)


def until(come: Callable[[], Any], what: str) -> Any:
    """Waits for something to become true; returns it."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        found = come()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come in {PATIENCE_S} s")


class Server:
    """`penloop sim` with its output in a file."""

    def __init__(self, folder: Path, *arguments: str, **options: Any) -> None:
        self._told = folder / "told"
        self.control = folder / "control"
        with self._told.open("w") as told:
            self.process = start(
                "sim", "--control", str(self.control), *arguments,
                **{"stdin": subprocess.DEVNULL, "stdout": told, **options},
            )  # fmt: skip
        self.wait_for("\n")
        self.port = self.told().partition("\n")[0]

    def told(self) -> str:
        """What it has printed."""
        return self._told.read_text()

    def act(self, line: str) -> None:
        """Has the person do something."""
        self.control.write_text(line + "\n")

    def wait_for(self, text: str) -> None:
        """Waits until it has printed something."""
        until(lambda: text in self.told() or self.process.poll() is not None, text)
        assert text in self.told(), self.told() + self.process.stderr.read()

    def close(self) -> None:
        """Ends it, gently."""
        if self.process.poll() is None:
            self.process.terminate()
        finish(self.process)
