# The watchdog resets a program that hangs; the next start knows why.
#
#   penloop board examples/board/deadman.py
import sys
import time

from machine import WDT, WDT_RESET, reset_cause

if reset_cause() == WDT_RESET:
    print("reset by the watchdog")
    sys.exit()

watchdog = WDT(timeout=500)
for beat in range(5):
    watchdog.feed()
    print("alive", beat)
    time.sleep_ms(300)
while True:
    pass  # hangs: nobody feeds the watchdog
