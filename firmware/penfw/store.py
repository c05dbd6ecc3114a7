"""Two settings slots: each save goes to the older one, so a power cut costs the newest at most.

It is in memory only while it loads or saves, see tables.py. Used by a PC too.
"""

import binascii

from penfw import settings

SLOTS = ("/settings_a", "/settings_b")
HEADER = "penloop-settings 1 "


NONE = (0, 1)  # sequence and slot of a pen that has saved nothing


def load(files):
    """(values, damaged, saved): the newest readable slot, or the defaults.

    `damaged` tells that slots are there and none could be read. `saved` is for `save`.
    """
    values, saved, present = None, NONE, 0
    for number, path in enumerate(SLOTS):
        slot = files.read(path)
        if slot is None:
            continue
        present += 1
        found = decode(slot)
        if found is not None and (found[0], number) > saved:
            values, saved = found[1], (found[0], number)
    if values is None:
        return list(settings.DEFAULTS), present > 0, saved
    return values, False, saved


def save(files, values, saved):
    """Writes the older slot; returns the new `saved`. To be called with the motor off only."""
    sequence, number = saved[0] + 1, 1 - saved[1]
    files.write(SLOTS[number], encode(values, sequence))
    return sequence, number


def encode(values, sequence):
    """Text of one settings slot, its last line a CRC-32 over all before it."""
    lines = [HEADER + str(sequence)]
    for number, name in enumerate(settings.NAMES):
        if settings.ACCESSES[number] != settings.VOLATILE:
            lines.append(name + "=" + str(values[number]))
    body = "\n".join(lines) + "\n"
    return (body + "%08x\n" % binascii.crc32(body.encode())).encode()


def sequence_of(slot):
    """The sequence number of a slot's text; -1 when any byte of it is wrong."""
    if len(slot) < 10 or slot[-1] != 10:
        return -1
    body, check = slot[:-9], slot[-9:-1]
    if check != b"%08x" % binascii.crc32(body):
        return -1
    head = body.split(b"\n", 1)[0]
    text = head[len(HEADER) :]
    right = head.startswith(HEADER.encode()) and text.isdigit() and len(text) < 10
    return int(text) if right else -1


def decode(slot):
    """(sequence, values) of a slot's text, or None when any byte of it is wrong, or no number.

    A setting that the slot does not know keeps its default; one that this firmware does not know
    is passed over, so slots of other versions can be read.
    """
    sequence = sequence_of(slot)
    if sequence < 0:
        return None
    try:
        return sequence, _values(slot[:-9].decode().split("\n")[1:-1])
    except ValueError:
        return None


def _values(lines):
    values = list(settings.DEFAULTS)
    for line in lines:
        name, _, text = line.partition("=")
        if name in settings.NAMES:
            number = settings.index(name)
            values[number] = clamp(number, int(text))
    return values


def clamp(number, value):
    """The value, moved into its setting's bounds."""
    return min(max(value, settings.MINIMA[number]), settings.MAXIMA[number])
