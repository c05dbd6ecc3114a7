"""Starts a firmware on real MicroPython, below it the virtual board's near side.

Arguments: directory of the near side, directory of the flash's files, name of the wire module,
its arguments. Runs on the unix port and on the WebAssembly build.
"""

import builtins
import io
import sys
from array import array

import micropython
import vfs

wire_name, near_directory, flash_directory = sys.argv[1:4]
sys.path[:] = []
import os as host_os  # noqa: E402

sys.modules.pop("os", None)
sys.path[:] = [near_directory]

import _errno as errno  # noqa: E402
import _profile as profile  # noqa: E402
from _layout import ARG0, IRQ, PROBE0, SIZE, WORDS  # noqa: E402

wire = __import__(wire_name)
wire.connect(sys.argv[4:])
print_exception = sys.print_exception
host_open = open

MODULES = ("machine", "os", "random", "select", "time")
RENAMED = ("errno", "gc", "micropython", "sys")  # the near side's have an underscore


class Link:
    """The near side's `_link` module."""

    def __init__(self):
        self.words = array("i", [0] * WORDS)
        self.costs = profile.COSTS
        self.heap_lock = micropython.heap_lock
        self.heap_unlock = micropython.heap_unlock
        self.modules = sys.modules
        self.path = sys.path
        self.mpy = getattr(sys.implementation, "_mpy", None)
        self.main = {"__name__": "__main__"}
        self.dispatch = None
        self._probe = None
        self._window = None  # where the simulator sees it

    def probe(self, values):
        self._probe = values
        self._window = memoryview(self.words)[PROBE0 : PROBE0 + len(values)]

    def _copy_probe(self):
        if self._window is not None:
            self._window[:] = self._probe

    def exchange(self, payload):
        """Hands over to the simulator and takes interrupts until the main loop may go on."""
        words = self.words
        words[SIZE] = len(payload)
        self._copy_probe()
        wire.swap(words, payload)
        irq = words[IRQ]
        if irq >= 0:
            self._take_interrupts(irq)
        return wire.receive(words[SIZE]) if words[SIZE] else b""

    def _take_interrupts(self, irq):
        """Their answers carry no payload: SIZE stays 0, as the simulator left it."""
        words = self.words
        dispatch = self.dispatch
        window = self._window
        probe = self._probe
        swap = wire.swap
        while irq >= 0:
            words[ARG0] = dispatch(irq)
            if window is not None:
                window[:] = probe
            swap(words, b"")
            irq = words[IRQ]

    def immediate(self, payload):
        raise RuntimeError("this engine serves no board request inside an interrupt")

    def format_exception(self, error):
        """The traceback with the board's own names of its files.

        What the board does in C, here the near side, has no frames.
        """
        text = io.StringIO()
        print_exception(error, text)
        lines = [line for line in text.getvalue().split("\n") if near_directory not in line]
        if lines[0].startswith("Traceback") and not lines[1].startswith("  File"):
            lines.pop(0)  # the heading of no frames
        return self._with_board_s_name(error, "\n".join(lines)).encode()

    def _with_board_s_name(self, error, text):
        """An OSError's number has the port's name, where the interpreter has its host's."""
        number = error.errno if isinstance(error, OSError) else None
        at = text.rfind("[Errno %s] " % number)
        if at < 0:
            return text
        end = at
        while text[end] not in ":\n":
            end += 1
        name = errno.errorcode.get(number)
        shown = str(number) if name is None else "[Errno %d] %s" % (number, name)
        return text[:at] + shown + text[end:]

    def file_code(self, path):
        """Code of a file of the flash, None when there is none."""
        try:
            with host_open(path) as file:
                text = file.read()
        except OSError:
            return None
        return compile(text, path[1:], "exec")

    def compile(self, text, kind):
        """Code of what came over the REPL; `kind` is "exec" or "single"."""
        return compile(str(text, "utf-8"), "<stdin>", kind)

    def set_builtin(self, name, value):
        setattr(builtins, name, value)

    def is_host_error(self, _error):
        return False


def start_near_side(link):
    """The board's modules in place of the interpreter's own; returns what runs the firmware."""
    sys.modules["_link"] = link
    import _board

    link.dispatch = _board.dispatch
    for name in MODULES:
        sys.modules[name] = sys.modules["u" + name] = __import__(name)
    for name in RENAMED:
        sys.modules[name] = sys.modules["u" + name] = __import__("_" + name)
    import _session

    return _session.run


def enter_flash():
    """From here on imports see the board's flash and nothing else."""
    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(flash_directory), "/")
    host_os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]


def run():
    link = Link()
    run_session = start_near_side(link)
    enter_flash()
    import _serial

    _serial.accept(link.exchange(b""))  # ready: what comes back is the first grant
    run_session()


if __name__ == "__main__":
    run()
