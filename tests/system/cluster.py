"""A Dask cluster of real processes on this machine."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.system.penloop_process import until


class Cluster:
    """A scheduler and its workers, each started from an environment of its own choice."""

    def __init__(self, python: Path, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._told = folder / "scheduler.json"
        self.scheduler = self._start(
            python, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", self._told,
        )  # fmt: skip
        self.address = until(lambda: _address(self._told), "the scheduler")

    def add_worker(self, python: Path, nanny: bool = False) -> int:
        """Starts one; its process id."""
        process = self._start(
            python, "worker", self.address, "--nthreads", "1", "--no-dashboard",
            "--local-directory", self._folder, "--nanny" if nanny else "--no-nanny",
        )  # fmt: skip
        return process.pid

    def kill(self, process_id: int) -> None:
        """As a machine that is switched off."""
        os.kill(process_id, signal.SIGKILL)

    def close(self) -> None:
        """Ends every process of it, what a nanny has started included."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()
        self._told.unlink(missing_ok=True)

    def _start(self, python: Path, role: str, *arguments: object) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{role}-{len(self._processes)}.log").open("wb")
        command = [python, "-m", f"distributed.cli.dask_{role}", *arguments]
        with log:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=self._folder,
                env={**os.environ, **self._settings}, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._processes.append(process)
        return process


def _address(told: Path) -> str:
    try:
        address: str = json.loads(told.read_text())["address"]
    except (FileNotFoundError, json.JSONDecodeError):
        return ""
    return address
