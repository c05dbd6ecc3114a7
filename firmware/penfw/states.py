"""The state machine: conditions are bits, transitions are rows, first match wins.

A row of a state is (required, forbidden, next): it matches when all required bits are set and no
forbidden one is. Outputs are gated apart from it: by the motor's law, which only the states in
`POWERED` have, and by the CUT faults.
"""

SELF_TEST = 0
STANDBY = 1
READY = 2
RUNNING = 3
PARKING = 4
FAULT = 5
SERVICE = 6
STATES = ("SELF_TEST", "STANDBY", "READY", "RUNNING", "PARKING", "FAULT", "SERVICE")

CUT_FAULT = 1  # a fault of class CUT is latched
PARK_FAULT = 2  # a fault of class PARK is latched
TESTED = 4  # self-test passed, homed, calibrated
PARKED = 8  # parking has ended with needles retracted and the motor still
CARTRIDGE = 16  # a cartridge that may be used
START = 32  # fresh press and release, cartridge marked used
STOP = 64  # press edge, run limit, stop by the host
SERVICE_ON = 128  # held for service
SERVICE_OFF = 256  # service ended
ACKNOWLEDGED = 512  # held to acknowledge, and no cause is left
PARK_WANTED = 1024  # needles are to be parked on a fresh press: out at boot, or moved in the proof
PROVED = 2048  # both stop paths have just been proved

CONDITIONS = (
    "CUT_FAULT", "PARK_FAULT", "TESTED", "PARKED", "CARTRIDGE", "START", "STOP", "SERVICE_ON",
    "SERVICE_OFF", "ACKNOWLEDGED", "PARK_WANTED", "PROVED",
)  # fmt: skip

# The motor may be powered here and, but for the pulse of the proof (proof.py), nowhere else.
POWERED = 1 << RUNNING | 1 << PARKING | 1 << SERVICE

# The rows of each state, by its number.
ROWS = (
    (  # SELF_TEST
        (CUT_FAULT, 0, FAULT),
        (PARK_FAULT, 0, FAULT),
        (PARK_WANTED, 0, PARKING),
        (SERVICE_ON, 0, SERVICE),
        (START | PROVED | CARTRIDGE, STOP, RUNNING),
        (TESTED, START, STANDBY),
    ),
    (  # STANDBY
        (CUT_FAULT, 0, FAULT),
        (PARK_FAULT, 0, FAULT),
        (SERVICE_ON, 0, SERVICE),
        (CARTRIDGE, 0, READY),
    ),
    (  # READY
        (CUT_FAULT, 0, FAULT),
        (PARK_FAULT, 0, FAULT),
        (0, CARTRIDGE, STANDBY),
        (SERVICE_ON, 0, SERVICE),
        (START, STOP, SELF_TEST),
    ),
    (  # RUNNING
        (CUT_FAULT, 0, FAULT),
        (PARK_FAULT, 0, PARKING),
        (STOP, 0, PARKING),
    ),
    (  # PARKING
        (CUT_FAULT, 0, FAULT),
        (PARKED | PARK_FAULT, 0, FAULT),
        (PARKED | TESTED, 0, STANDBY),
        (PARKED, TESTED, SELF_TEST),
    ),
    (  # FAULT
        (ACKNOWLEDGED, CUT_FAULT | PARK_FAULT, SELF_TEST),
    ),
    (  # SERVICE
        (CUT_FAULT, 0, FAULT),
        (PARK_FAULT, 0, PARKING),
        (SERVICE_OFF, 0, PARKING),
    ),
)


def next_state(state, conditions):
    """State after one look at the conditions. Called in the control interrupt."""
    for required, forbidden, following in ROWS[state]:  # <= 6 turns
        if conditions & required == required and not conditions & forbidden:
            return following
    return state
