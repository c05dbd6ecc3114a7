# The board's /main.py. Its first act drives both ways to power the motor off, before any import
# that can fail: the PWM outlives a soft reset, the load switch opens by itself.
import sys

from machine import Pin

MOTOR_OUTPUTS = (25, 26) if sys.platform == "esp32" else (2, 3)  # as in the pin maps
for number in MOTOR_OUTPUTS:
    Pin(number, Pin.OUT, value=0)

import os  # noqa: E402

try:  # the last start ended with a hand-over to the REPL (board.py)
    os.rename("/handover", "/intended")
    handed_over = True
except OSError:
    handed_over = False

if not handed_over:
    from penfw import pen

    pen.run()
