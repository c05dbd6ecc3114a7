"""The commands, a row each, in the order of their numbers in device.py: name, unit, help."""

COMMANDS = (
    ("stop", "", "ends a treatment or a service run and parks the needles"),
    ("run", "mHz", "runs the motor in SERVICE; needs a heartbeat at least every 500 ms"),
    ("park", "", "brings the needles to top dead centre, in SERVICE"),
    ("end_service", "", "leaves SERVICE"),
    ("hand_over", "", "stops, parks and resets into the MicroPython prompt, to be flashed"),
)
