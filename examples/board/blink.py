# A timer blinks the board's LED while the main program sleeps.
#
#   penloop board examples/board/blink.py
import time

from machine import Pin, Timer

led = Pin("LED", Pin.OUT)


def blink(timer):
    led.toggle()
    print(time.ticks_ms(), "LED", "on" if led.value() else "off")


timer = Timer(freq=2, callback=blink)
time.sleep(3)
