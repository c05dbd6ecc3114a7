"""The fault list. Bit n of a fault word is fault n.

CUT: drive off and brake, no motion until acknowledged. PARK: brake, then creep to top dead
centre, then off. `reaction_ms` is the longest time from the condition to the end of drive (CUT)
or to parked needles (PARK).
"""

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

# number, name, class, reaction ms, cause, remedy
FAULTS = (
    (OVERSPEED, "overspeed", CUT, 20,
     "two turns in succession were faster than 165 Hz",
     "send the pen to service: driver or sensor defective"),
    (OVERCURRENT, "overcurrent", CUT, 20,
     "the motor current was above 2.8 A",
     "check that the needles move freely; a driver may be shorted"),
    (MOTOR_MOVES, "motor moves when stopped", CUT, 100,
     "the tachometer or the current shows motion while the motor is off",
     "keep the pen away from the skin and send it to service: driver defective"),
    (POSITION_RANGE, "position sensor range", CUT, 60,
     "the depth position sensor reads outside its range",
     "check the sensor's wire; send the pen to service"),
    (POSITION_MISMATCH, "position mismatch", CUT, 60,
     "the depth axis is not where its steps say, by more than 0.1 mm",
     "check that the nose turns freely, then acknowledge to home again"),
    (TACHOMETER_IMPLAUSIBLE, "implausible tachometer", CUT, 60,
     "two turns did not have six tachometer edges",
     "send the pen to service: tachometer defective or disturbed"),
    (DEADLINE_MISSED, "control deadline missed", CUT, 20,
     "the control interrupt came more than 1.5 ms late",
     "acknowledge; if it comes back, report the firmware version"),
    (INTERNAL_ERROR, "internal error", CUT, 20,
     "an exception in the control interrupt",
     "acknowledge; if it comes back, report the error's site number"),
    (SETTINGS_CORRUPT, "settings corrupt", CUT, 0,
     "neither settings slot could be read",
     "calibrate the pen and set the settings again"),
    (WATCHDOG_RESET, "watchdog reset", CUT, 0,
     "the watchdog has reset the processor",
     "acknowledge; if it comes back, report the firmware version"),
    (PARK_NOT_REACHED, "park not reached", CUT, 600,
     "top dead centre was not reached in two tries: needles may be out",
     "lift the pen off straight, then acknowledge"),
    (STALL, "stall", PARK, 700,
     "no turn of the motor for 60 ms although driven",
     "lift off; use more rate, less depth or fewer needles"),
    (TACHOMETER_LOSS, "tachometer loss", PARK, 700,
     "top dead centre comes but no tachometer edges",
     "send the pen to service: tachometer wire or sensor defective"),
    (CARTRIDGE_REMOVED, "cartridge removed", PARK, 700,
     "the cartridge was taken off while running",
     "insert a new cartridge; one that was used is refused"),
    (CARTRIDGE_INVALID, "cartridge invalid", PARK, 700,
     "the cartridge's record could not be read or is damaged",
     "insert another cartridge"),
    (CARTRIDGE_USED, "cartridge used", PARK, 700,
     "the cartridge was used before",
     "insert a new cartridge"),
    (CARTRIDGE_EXPIRED, "cartridge expired", PARK, 700,
     "the cartridge's strokes or minutes are used up",
     "insert a new cartridge"),
    (USB_POWER, "USB power while running", PARK, 700,
     "USB power is connected during a treatment",
     "take the USB cable off and acknowledge"),
    (BATTERY_CRITICAL, "battery critical", PARK, 900,
     "the battery is below 3.0 V, or its reading is none of a cell",
     "charge the battery; if it is charged, send the pen to service"),
    (OVER_TEMPERATURE, "over-temperature", PARK, 900,
     "the winding is above 115 C or the housing above 55 C, or its sensor is broken",
     "let the pen cool down for ten minutes; if it is cool, send it to service"),
    (LINK_LOST, "link lost in service", PARK, 1200,
     "no heartbeat of the host for 500 ms while the host runs the motor",
     "check the cable, then acknowledge"),
    (HOME_NOT_FOUND, "home not found", PARK, 0,
     "the depth axis did not reach its home switch",
     "check that the nose turns freely, then acknowledge to home again"),
    (BUTTON_STUCK, "button stuck", PARK, 11000,
     "the button was held for more than 10 s",
     "release the button; clean it if it sticks"),
)  # fmt: skip


def mask(of_class):
    """Fault word with all faults of one class."""
    word = 0
    for row in FAULTS:
        if row[2] == of_class:
            word |= 1 << row[0]
    return word


CUT_MASK = mask(CUT)
PARK_MASK = mask(PARK)


def row(number):
    """The table's row of a fault number, or None."""
    for candidate in FAULTS:
        if candidate[0] == number:
            return candidate
    return None
