# The board's /main.py. Its first act drives both ways to power the motor off, before any import
# that can fail: the PWM outlives a soft reset, the load switch opens by itself.
import sys

from machine import Pin

MOTOR_OUTPUTS = (25, 26) if sys.platform == "esp32" else (2, 3)  # as in the pin maps
for number in MOTOR_OUTPUTS:
    Pin(number, Pin.OUT, value=0)

from penfw import pen  # noqa: E402

pen.run()
