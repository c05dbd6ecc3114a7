"""The settings table, and the text in which a settings slot keeps it.

One row a setting: name, type, unit, default, minimum, maximum, access, help. Store, protocol,
command line and documents read this table. Imported by the host too: plain Python only.
"""

import binascii

OPEN = 0  # changed at any time
SERVICE = 1  # changed in SERVICE only: limits and the control law
VOLATILE = 2  # as SERVICE, and back to its default at power-off
CALIBRATION = 3  # as SERVICE: measured once for each pen
ACCESS = ("open", "service", "volatile", "calibration")

HARD_DEPTH_UM = 2500  # nothing goes deeper, whoever asks
DEPTH_STEP_UM = 25  # one full step of the stepper

# fmt: off
SETTINGS = (
    ("stroke_rate", "int", "mHz", 100000, 25000, 150000, OPEN,
     "strokes per second; in a treatment a slower rate waits for the next start"),
    ("depth", "int", "um", 500, 0, HARD_DEPTH_UM, OPEN,
     "needle depth beyond the nose, in steps of 25 um; deeper waits for the next start"),
    ("run_limit", "int", "s", 1800, 5, 3600, OPEN,
     "a treatment stops by itself after this time"),
    ("led_brightness", "int", "permille", 1000, 0, 1000, OPEN,
     "0 switches the light off, all else on"),
    ("buzzer", "int", "", 1, 0, 1, OPEN,
     "1: the buzzer sounds"),
    ("depth_ceiling", "int", "um", 1500, 0, HARD_DEPTH_UM, VOLATILE,
     "no depth above it is accepted; back to 1.5 mm at power-off"),
    ("current_limit", "int", "mA", 1600, 300, 2000, SERVICE,
     "motor current that the duty ceiling allows"),
    ("park_current", "int", "mA", 600, 200, 1000, SERVICE,
     "motor current while the needles are parked"),
    ("rate_kp", "int", "uV/mHz", 14, 0, 30, SERVICE,
     "proportional gain of the rate law"),
    ("rate_ki", "int", "uV/mHz/s", 420, 0, 5000, SERVICE,
     "integral gain of the rate law"),
    ("ir_compensation", "int", "permille", 650, 0, 900, SERVICE,
     "share of the winding's voltage drop that measured current feeds forward"),
    ("slew", "int", "mHz/ms", 400, 10, 2000, SERVICE,
     "how fast the target rate moves"),
    ("motor_constant", "int", "uV/Hz", 16800, 8000, 40000, SERVICE,
     "back-EMF per stroke rate; 0.28 mV/rpm is 16800"),
    ("motor_resistance", "int", "mOhm", 1100, 300, 8000, SERVICE,
     "winding resistance at 25 C"),
    ("battery_critical", "int", "mV", 3000, 2800, 3400, SERVICE,
     "below it for 0.2 s the treatment ends"),
    ("winding_limit", "int", "mC", 115000, 60000, 120000, SERVICE,
     "estimated winding temperature at which the treatment ends"),
    ("calibrated", "int", "", 0, 0, 1, CALIBRATION,
     "1: the calibration values belong to this pen"),
    ("shunt_zero", "int", "counts", 14894, 0, 65535, CALIBRATION,
     "shunt reading without current"),
    ("shunt_gain", "int", "nA/count", 100711, 50000, 130000, CALIBRATION,
     "motor current per count of the shunt amplifier"),
    ("position_home", "int", "counts", 7944, 0, 65535, CALIBRATION,
     "position sensor reading at depth zero"),
    ("position_gain", "int", "pm/count", 50355, 20000, 200000, CALIBRATION,
     "depth per count of the position sensor"),
    ("battery_gain", "int", "nV/count", 100711, 40000, 150000, CALIBRATION,
     "battery voltage per count behind its divider"),
    ("backlash", "int", "um", 20, 0, 100, CALIBRATION,
     "play of the depth axis"),
)
# fmt: on

NAMES = tuple([row[0] for row in SETTINGS])
DEFAULTS = tuple([row[3] for row in SETTINGS])
HEADER = "penloop-settings 1 "


def index(name):
    """Number of a setting; ValueError when there is none of that name."""
    return NAMES.index(name)


def encode(values, sequence):
    """Text of one settings slot, its last line a CRC-32 over all before it."""
    lines = [HEADER + str(sequence)]
    for number, row in enumerate(SETTINGS):
        if row[6] != VOLATILE:
            lines.append(row[0] + "=" + str(values[number]))
    body = "\n".join(lines) + "\n"
    return (body + "%08x\n" % binascii.crc32(body.encode())).encode()


def decode(slot):
    """(sequence, values) of a slot's text, or None when any byte of it is wrong.

    A setting that the slot does not know keeps its default; one that this firmware does not know
    is passed over, so slots of other versions can be read.
    """
    if len(slot) < 10 or slot[-1] != 10:
        return None
    body, check = slot[:-9], slot[-9:-1]
    if check != b"%08x" % binascii.crc32(body):
        return None
    lines = body.decode().split("\n")
    if not lines[0].startswith(HEADER):
        return None
    values = list(DEFAULTS)
    for line in lines[1:-1]:
        name, _, text = line.partition("=")
        if name in NAMES:
            number = NAMES.index(name)
            values[number] = clamp(number, int(text))
    return int(lines[0][len(HEADER) :]), values


def clamp(number, value):
    """The value, moved into its setting's bounds."""
    row = SETTINGS[number]
    return min(max(value, row[4]), row[5])
