"""The fault list. Bit n of a fault word is fault n.

CUT: drive off and brake, no motion until acknowledged. PARK: brake, then creep to top dead
centre, then off. fault_table.py has the list, a row each.
"""

from penfw import tables

CUT = 0
PARK = 1

OVERSPEED = 1
OVERCURRENT = 2
MOTOR_MOVES = 3
POSITION_RANGE = 4
POSITION_MISMATCH = 5
TACHOMETER_IMPLAUSIBLE = 6
DEADLINE_MISSED = 7
INTERNAL_ERROR = 8
SETTINGS_CORRUPT = 9
WATCHDOG_RESET = 10
PARK_NOT_REACHED = 11
STALL = 12
TACHOMETER_LOSS = 13
CARTRIDGE_REMOVED = 14
CARTRIDGE_INVALID = 15
CARTRIDGE_USED = 16
CARTRIDGE_EXPIRED = 17
USB_POWER = 18
BATTERY_CRITICAL = 19
OVER_TEMPERATURE = 20
LINK_LOST = 21
HOME_NOT_FOUND = 22
BUTTON_STUCK = 23
BRIDGE_STUCK = 24
LOAD_SWITCH_STUCK = 25
TEST_CURRENT = 26
POWER_LOST = 27
LAST = 27


def __getattr__(name):
    """FAULTS: rows (number, name, class, reaction ms, cause, remedy), see tables.py."""
    if name == "FAULTS":
        return tables.read("fault_table", name)
    raise AttributeError(name)


def masks():
    """Fault words with all CUT faults, and with all PARK faults."""
    words = [0, 0]
    for row in tables.read("fault_table", "FAULTS"):
        words[row[2]] |= 1 << row[0]
    return words


def row(number):
    """The table's row of a fault number, or None."""
    for candidate in tables.read("fault_table", "FAULTS"):
        if candidate[0] == number:
            return candidate
    return None
