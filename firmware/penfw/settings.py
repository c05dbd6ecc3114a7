"""What the pen needs of the settings, and the text in which a settings slot keeps them.

The settings are in settings_table.py, a row each. Imported by the host too: plain Python only.
"""

import binascii

from penfw import tables

OPEN = 0  # changed at any time
SERVICE = 1  # changed in SERVICE only: limits and the control law
VOLATILE = 2  # as SERVICE, and back to its default at power-off
CALIBRATION = 3  # as SERVICE: measured once for each pen
ACCESS = ("open", "service", "volatile", "calibration")

HARD_DEPTH_UM = 2500  # nothing goes deeper, whoever asks
DEPTH_STEP_UM = 25  # one full step of the stepper


def __getattr__(name):
    """SETTINGS: the rows of settings_table.py, see tables.py."""
    if name == "SETTINGS":
        return tables.read("settings_table", name)
    raise AttributeError(name)


def columns():
    """Names, defaults, minima, maxima and access: what the pen itself needs of the table."""
    rows = tables.read("settings_table", "SETTINGS")
    return [tuple([row[column] for row in rows]) for column in (0, 3, 4, 5, 6)]


NAMES, DEFAULTS, MINIMA, MAXIMA, ACCESSES = columns()
HEADER = "penloop-settings 1 "


def index(name):
    """Number of a setting; ValueError when there is none of that name."""
    return NAMES.index(name)


def encode(values, sequence):
    """Text of one settings slot, its last line a CRC-32 over all before it."""
    lines = [HEADER + str(sequence)]
    for number, name in enumerate(NAMES):
        if ACCESSES[number] != VOLATILE:
            lines.append(name + "=" + str(values[number]))
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
    return min(max(value, MINIMA[number]), MAXIMA[number])
