"""The commands, a row each, by their numbers in service_commands.py: name, unit, help."""

COMMANDS = (
    ("stop", "", "ends a treatment or a service run and parks the needles"),
    ("run", "mHz", "runs the motor in SERVICE; needs a heartbeat at least every 500 ms"),
    ("park", "", "brings the needles to top dead centre, in SERVICE"),
    ("end_service", "", "leaves SERVICE"),
    ("hand_over", "", "stops, parks and resets into the MicroPython prompt, to be flashed"),
    ("trial", "ms", "settings go back when the host is silent for so long, or SERVICE ends"),
    ("keep", "", "ends the trial: its settings stay, and are stored"),
    ("revert", "", "ends the trial: the settings before it come back"),
    (
        "acknowledge",
        "",
        "clears faults; of causes it sees USB power and the cartridge only; then a press goes on",
    ),
)
