"""`penloop dashboard` in a process of its own, and what it needs around it."""

import re
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.system.chromium import Chromium, Page
from tests.system.penloop_process import Server, finish, start, until

STATE = "document.getElementById('state').textContent"


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


class Desk:
    """One folder with the link `pen`, and one browser; all that is made ends with `afterwards`."""

    def __init__(self, folder: Path, afterwards: ExitStack) -> None:
        self.folder = folder
        self.port = str(folder / "pen")
        self._afterwards = afterwards
        self._chromium = Chromium(folder)
        afterwards.callback(self._chromium.close)

    def pen(self, zone: str = "cheek", *options: str) -> Server:
        """A pen in real time, on skin or, without a zone, in the air."""
        skin = ["--zone", zone] if zone else []
        server = Server(self.folder, "--link", self.port, *skin, *options)
        self._afterwards.callback(server.close)
        return server

    def dashboard(self, port: str | None = None) -> Dashboard:
        """On the pen, or on another port."""
        board = Dashboard(self.folder, port or self.port)
        self._afterwards.callback(board.close)
        return board

    def page(self, board: Dashboard, state: str = "READY") -> Page:
        """A page that shows a pen in this state, and its settings."""
        page = self._chromium.page()
        page.resize(1280, 720)
        page.open(board.url)
        page.until(f"{STATE} === '{state}'")
        page.until("did_handshake && document.querySelector('[data-setting=depth] input').value")
        return page
