"""Starts a firmware on real MicroPython, below it the virtual board's near side.

Arguments: directory of the near side, directory of the flash's files, name of the wire module,
its arguments. Runs on the unix port and on the WebAssembly build.
"""

import io
import sys
from array import array

import micropython

wire_name, near_directory, flash_directory = sys.argv[1:4]
sys.path[:] = [near_directory, flash_directory, flash_directory + "/lib", ".frozen"]

import _layout as layout  # noqa: E402
import _profile as profile  # noqa: E402

wire = __import__(wire_name)
wire.connect(sys.argv[4:])
print_exception = sys.print_exception


class Link:
    """The near side's `_link` module."""

    def __init__(self):
        self.words = array("i", [0] * layout.WORDS)
        self.costs = profile.COSTS
        self.heap_lock = micropython.heap_lock
        self.heap_unlock = micropython.heap_unlock
        self.modules = sys.modules
        self.dispatch = None
        self._probe = None
        self._window = None  # where the simulator sees it

    def probe(self, values):
        self._probe = values
        self._window = memoryview(self.words)[layout.PROBE0 : layout.PROBE0 + len(values)]

    def _copy_probe(self):
        if self._window is not None:
            self._window[:] = self._probe

    def exchange(self, payload):
        """Hands over to the simulator and takes interrupts until the main loop may go on."""
        words = self.words
        words[layout.SIZE] = len(payload)
        self._copy_probe()
        wire.swap(words, payload)
        while words[layout.IRQ] >= 0:
            words[layout.ARG0] = self.dispatch(words[layout.IRQ])
            words[layout.REASON] = layout.DONE
            words[layout.SIZE] = 0
            self._copy_probe()
            wire.swap(words, b"")
        return wire.receive(words[layout.SIZE]) if words[layout.SIZE] else b""

    def immediate(self, payload):
        raise RuntimeError("this engine serves no board request inside an interrupt")

    def format_exception(self, error):
        """The traceback with the board's own names of its files.

        What the board does in C, here the near side, has no frames.
        """
        text = io.StringIO()
        print_exception(error, text)
        lines = [line for line in text.getvalue().split("\n") if near_directory not in line]
        return "\n".join(lines).replace(flash_directory + "/", "").encode()


def run():
    link = Link()
    sys.modules["_link"] = link
    import _board

    link.dispatch = _board.dispatch
    for name in ("micropython", "gc", "sys"):
        sys.modules[name] = __import__("_" + name)
    import builtins
    import os

    builtins.open = os.open
    builtins.print = sys.modules["sys"]._print
    link.exchange(b"")  # ready: what comes back is the first grant
    link.words[layout.RECEIVED] = 0  # what was sent before any port was open is lost
    code, text = 0, b""
    try:
        __import__("main")
    except SystemExit as end:
        status = end.args[0] if end.args else 0
        code = status if isinstance(status, int) else int(status is not None)
    except BaseException as error:
        code, text = 1, link.format_exception(error)
    while True:
        link.words[layout.ARG0] = code
        link.words[layout.REASON] = layout.EXIT
        link.exchange(text)


run()
