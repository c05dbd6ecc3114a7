"""Runs the firmware at the board's prompt and ends it in a chosen way; sent as text.

`HOW` goes before it: "exception" or "Ctrl-C". However it ends, the board has to be
back at its prompt with both ways to the motor off.
"""

import sys

import micropython

PASSES = 150  # of the main loop: the pen is up and its interrupt runs

try:
    with open("/version") as file:
        sys.path.insert(0, "/versions/" + file.read().split()[0])
except OSError:
    pass

from penfw import pen, startup  # noqa: E402

step = pen.Pen.step
passes = [0]


def ended(self):
    step(self)
    passes[0] += 1
    if passes[0] == PASSES:
        print("running")
        if HOW == "exception":  # noqa: F821
            raise ValueError("desk-check")
        micropython.kbd_intr(3)


pen.Pen.step = ended
startup.run()
