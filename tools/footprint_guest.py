"""Runs the pen on MicroPython for tools/footprint.py, and tells what it keeps of the heap.

It stands in for the guest's start.py, and for the loop of penfw/startup.py. A collection frees
what only running functions hold whose frames lie on the heap (engines/guest/link_wasm.py): those
of more than eleven words. So here it is taken between two passes of the main loop, below small
functions only. A trace that equals the in-process engine's shows that nothing was lost.
"""

import gc

import start

gc.disable()
with open("/pen/near/modules") as names:
    MODULES = names.read()
tell = print  # the interpreter's own: to the tool, not to the board's serial
worst = [0, 0]


def alive():
    """Bytes that a collection leaves."""
    gc.collect()
    return gc.mem_alloc() - before


def connect():
    """Lays the virtual board below, as start.run does; all its modules are loaded."""
    link = start.Link()
    start.start_near_side(link)
    start.enter_flash()
    import _serial

    _serial.accept(link.exchange(b""))
    return link


def load(name):
    """Imports one module of the firmware, behind those that it imports itself."""
    __import__(name)
    tell("import", name, alive())


def load_all():
    """The firmware's modules in the order of the tool's list."""
    for name in MODULES.split():
        load(name)


def begin():
    """As startup.run begins."""
    board = hardware.Board()
    tables.read("power_up", "rescued")(board)
    tell("made", "board", alive())
    made = Pen(board)
    tell("made", "pen", alive())
    return made


def one_pass():
    """Of the main loop. What it allocates is counted as if none of it could be freed before its
    end."""
    kept = alive()
    pen.step()
    used = gc.mem_alloc() - before
    if kept > worst[0]:
        worst[0] = kept
        tell("kept", kept)
    if used > worst[1]:
        worst[1] = used
        tell("used", used)


def run():
    """The main loop; does not return."""
    while True:
        one_pass()
        hardware.sleep_ms(startup.PASS_MS)


link = connect()
import _gc  # noqa: E402 (the board's, which takes its time)

before = 0
before = alive()
tell("near", before, gc.mem_alloc() + gc.mem_free())
load_all()
from penfw import board as hardware  # noqa: E402
from penfw import startup, tables  # noqa: E402
from penfw.pen import Pen  # noqa: E402

startup_run = startup.run
startup.run = lambda timer: None
__import__("main")
startup.run = startup_run
tell("import", "main", alive())
pen = begin()
_gc.collect()
pen.start()
