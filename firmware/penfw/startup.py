"""From power-up to the main loop, and from there to the REPL."""

import gc

from penfw import board as hardware
from penfw import faults, tables
from penfw.pen import STILL_US, Pen
from penfw.signals import index as signal

PASS_MS = 10  # from one pass of the main loop to the next
MAIN_LOOP = 32  # site of an internal error; the interrupt's are lower
STOP_MS = 1000  # what a motor takes to stand after a CUT, at most

_EDGE_AGE = signal("edge_age")


def run(trial_timer=None):
    """Runs the pen; ends in the REPL when rescued at power-up, or by an exception or Ctrl-C.

    A version on trial is ended by `trial_timer`, unless it stops that timer in time.
    """
    board = hardware.Board()
    if tables.read("power_up", "rescued")(board):
        return
    pen = Pen(board)
    try_version = trial_step(pen, trial_timer)
    gc.collect()
    pen.start()
    try:
        while True:
            pen.step()
            try_version()
            hardware.sleep_ms(PASS_MS)
    except BaseException as error:  # of the host too
        hardware.ignore_ctrl_c()
        hardware.print_exception(error, board.link)
        leave(pen, error)


def trial_step(pen, timer):
    """What a version on trial does in each pass; the others do not even keep it in memory."""
    if timer is None:
        return do_nothing
    from penfw.trial import Trial

    return Trial(pen, timer).step


def do_nothing():
    """In each pass of a version that is kept."""


def leave(pen, error):
    """Ends in the REPL: cuts the drive, waits until the motor stands, writes, resets."""
    control = pen.control
    control.raise_faults(1 << faults.INTERNAL_ERROR)
    for _ in range(STOP_MS // PASS_MS):
        hardware.sleep_ms(PASS_MS)
        pen.board.feed()
        if control.values[_EDGE_AGE] > STILL_US:
            break
    control.main_window = 1
    keep(pen, error)
    hardware.hand_over(b"failed")


def keep(pen, error):
    """Writes what the next start cannot know any more; whatever comes of it, that start comes."""
    number = 0
    if isinstance(error, Exception):  # else somebody wants to see the prompt
        pen.control.site = MAIN_LOOP
        number = faults.INTERNAL_ERROR
    try:
        gc.collect()
        tables.read("flash_last", "write_all")(pen, number)
    except Exception as another:
        hardware.print_exception(another, pen.board.link)
