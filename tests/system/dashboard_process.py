"""`penloop dashboard` in a process of its own."""

import re
import signal
from pathlib import Path
from typing import Any

from tests.system.penloop_process import finish, start, until


class Dashboard:
    """A running dashboard; `url` is what it has printed."""

    def __init__(self, folder: Path, port: str, *arguments: str) -> None:
        self._told = folder / "dashboard-told"
        with self._told.open("w") as told:
            self.process = start(
                "dashboard", "--port", port, *arguments, stdout=told, stderr=told, cwd=folder
            )
        self.url = until(self._address, "the dashboard's address")

    def _address(self) -> Any:
        assert self.process.poll() is None, self.told()
        found = re.search(r"http://\S+/", self.told())
        return found and found[0]

    def told(self) -> str:
        """What it has printed."""
        return self._told.read_text()

    @property
    def tcp_port(self) -> int:
        """Of the page."""
        return int(self.url.split(":")[2].partition("/")[0])

    @property
    def token(self) -> str:
        """The secret in its address."""
        return self.url.rstrip("/").rpartition("/")[2]

    def close(self) -> int:
        """Ctrl-C; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return finish(self.process)[0]
