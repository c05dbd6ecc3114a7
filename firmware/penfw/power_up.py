"""The first look at the pen after power-up. In memory then only, see tables.py."""

from penfw import board as hardware
from penfw import faults
from penfw.button import SERVICE_MS
from penfw.cartridge import ABSENT, memory

LOOK_MS = 2
STILL_LOOKS = 20  # without an edge: slower than 5 Hz, and braked
STOP_LOOKS = 500  # a motor stands long before


def rescued(board):
    """Held 3 to 8 s at power-up: the way to the REPL, with outputs off. Ends with a still motor."""
    _stand_still(board)
    if board.button.value():
        return False
    held_ms = 0
    while not board.button.value() and held_ms <= SERVICE_MS[1]:
        hardware.sleep_ms(10)
        held_ms += 10
    return SERVICE_MS[0] <= held_ms <= SERVICE_MS[1]


def _stand_still(board):
    """Waits for a motor that a reset has left turning: the flash is written at every start."""
    level, looks = board.tachometer.value(), 0
    for _ in range(STOP_LOOKS):
        hardware.sleep_ms(LOOK_MS)
        now = board.tachometer.value()
        looks = looks + 1 if now == level else 0
        level = now
        if looks >= STILL_LOOKS:
            break


def reset_faults(pen):
    """Faults that have ended the boot before this one."""
    inserted = not pen.board.cartridge_present.value()
    failed = inserted and memory("power_failed", pen.cartridge)
    pen.cartridge.state = ABSENT  # it is judged in its time
    if hardware.was_watchdog_reset():
        return 1 << faults.WATCHDOG_RESET
    return 1 << faults.POWER_LOST if failed else 0
