"""A terminal with a program in it, as a person sees it: a screen of text, and keys."""

import os
import time

import pexpect
import pyte

from tests.system.penloop_process import PATIENCE_S, PENLOOP

CTRL_C, CTRL_D, CTRL_U, CTRL_X, TAB = "\x03", "\x04", "\x15", "\x18", "\t"


class Terminal:
    """A program in a pseudo-terminal of its own; what it draws is interpreted as xterm would."""

    def __init__(self, *command: str, columns: int = 120, rows: int = 40, **environment: str):
        self._screen = pyte.Screen(columns, rows)
        self._screen.write_process_input = self._answer  # a program may ask where the cursor is
        self._stream = pyte.Stream(self._screen)
        self.process = pexpect.spawn(
            command[0], list(command[1:]), dimensions=(rows, columns), encoding="utf-8",
            env={**os.environ, "TERM": "xterm-256color", **environment}, timeout=PATIENCE_S,
        )  # fmt: skip

    def _answer(self, data: str) -> None:
        self.process.send(data)

    def text(self) -> str:
        """The screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def type(self, keys: str) -> None:
        """Keys, as they are."""
        self.process.send(keys)

    def enter(self, line: str) -> None:
        """A line."""
        self.type(line + "\r")

    def wait_for(self, *texts: str) -> str:
        """Until the screen shows all of them; returns it."""
        return self.wait_until(lambda screen: all(text in screen for text in texts), str(texts))

    def wait_until(self, come, what: str) -> str:
        """Until the screen is as wanted; returns it."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            alive = self._take()
            if come(self.text()):
                return self.text()
            if not alive:
                break
        raise AssertionError(f"{what} did not come:\n{self.text()}")

    def _take(self) -> bool:
        """Draws what has come; whether the program is still there."""
        try:
            self._stream.feed(self.process.read_nonblocking(4096, timeout=0.1))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True

    def end(self) -> int:
        """Exit code, once the program has ended by itself."""
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self.process.exitstatus

    def close(self) -> None:
        """Ends it."""
        self.process.close(force=True)


def penloop(*arguments: str, **environment: str) -> Terminal:
    """The program in a terminal."""
    return Terminal(*PENLOOP, *arguments, **environment)
