"""The firmware's side of the virtual board, in MicroPython's dialect.

These files are read as text and run once for every pen by its engine; only `_layout` is imported
by the simulator too.
"""
