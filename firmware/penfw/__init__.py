"""The pen's firmware: what the board runs. Imports nothing but MicroPython's own modules."""

VERSION = "0.1.0"
