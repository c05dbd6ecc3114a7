# A loopback wire: what the UART sends, it receives, byte by byte at the line's rate.
#
#   penloop board examples/board/echo.py --wire GP0=GP1
import time

from machine import UART, Pin

uart = UART(0, 9600, tx=Pin(0), rx=Pin(1), timeout=100)

start = time.ticks_us()
uart.write(b"0123456789\n")
print(uart.readline(), "after", time.ticks_diff(time.ticks_us(), start), "us")
