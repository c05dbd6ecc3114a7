"""A headless Chromium, driven over its DevTools protocol."""

import base64
import itertools
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

PATIENCE_S = 60.0


class Page:
    """One tab. What the page asks the network for is kept in `requests`, its errors in `errors`."""

    def __init__(self, address: str) -> None:
        self._connection = connect(address, max_size=None, ping_interval=None)
        self._socket = self._connection.__enter__()
        self._numbers = itertools.count(1)
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Has the browser do something; its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE_S))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: Any) -> None:
        parameters = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif message["method"] == "Network.webSocketCreated":
            self.requests.append(parameters["url"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(parameters["exceptionDetails"]))
        elif message["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])

    def resize(self, width: int, height: int, phone: bool = False) -> None:
        """The size of what is seen, CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip

    def dark(self, yes: bool) -> None:
        """What the person prefers."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if yes else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, url: str) -> None:
        """Goes there; what was shown before has gone, also where it had the same address."""
        self.run("window.left = true")
        self.call("Page.navigate", url=url)
        self.until("!window.left")

    def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited."""
        done = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, script: str, patience_s: float = PATIENCE_S) -> Any:
        """Waits until an expression in the page is true; returns it."""
        end_s = time.monotonic() + patience_s
        while time.monotonic() < end_s:
            found = self.run(f"(() => {{ try {{ return {script} }} catch {{ return null }} }})()")
            if found:
                return found
            time.sleep(0.05)
        text = self.run("document.body.innerText")
        raise AssertionError(f"the page says: {text}\n{script} did not come in {patience_s} s")

    def _middle(self, selector: str) -> tuple[float, float]:
        box = self.until(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoViewIfNeeded(); const box = one.getBoundingClientRect();"
            "return box.width && [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        return box[0], box[1]

    def click(self, selector: str) -> None:
        """A click of the mouse in the middle of an element."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, text: str = "") -> None:
        """A key, as the keyboard sends it."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **typed)

    def write(self, selector: str, text: str) -> None:
        """Replaces what a field holds."""
        self.click(selector)
        self.until(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.focus(); one.select(); return document.activeElement === one })()"
        )
        self.call("Input.insertText", text=text)

    def close(self) -> None:
        """Closes the tab."""
        self.call("Page.close")
        self._connection.__exit__(None, None, None)

    def picture(self, path: Path) -> None:
        """What is seen, as PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


class Chromium:
    """The browser; `page()` opens a tab."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chromium") or pytest.fail("no chromium: tools/setup.sh installs it")
        self._told = folder / "chromium-told"
        with self._told.open("w") as told:
            self._process = subprocess.Popen(
                [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 "--remote-debugging-port=0", "--disable-background-networking", "--no-first-run",
                 f"--user-data-dir={folder / 'profile'}", "about:blank"],
                stdout=told, stderr=told,
            )  # fmt: skip
        self._address = self._wait_for_address()

    def _wait_for_address(self) -> str:
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            found = re.search(r"listening on (ws://\S+)", self._told.read_text())
            if found:
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"chromium did not start: {self._told.read_text()}")

    def page(self) -> Page:
        """A new tab."""
        with connect(self._address) as socket:
            make = {"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}
            socket.send(json.dumps(make))
            while (message := json.loads(socket.recv(timeout=PATIENCE_S))).get("id") != 1:
                pass
        base = self._address.partition("/devtools/")[0]
        return Page(f"{base}/devtools/page/{message['result']['targetId']}")

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(timeout=PATIENCE_S)
