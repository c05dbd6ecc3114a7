"""Two settings slots: each save goes to the older one, so a power cut costs the newest at most.

It is in memory only while it loads or saves, see tables.py. Used by a PC too.
"""

import binascii

from penfw import settings
from penfw.protocol import COUNT_MASK

SLOTS = ("/settings_a", "/settings_b")
HEADER = "penloop-settings 1 "
NONE = (0, 1)  # sequence and slot of a pen that has saved nothing


def load(files):
    """(values, damaged, saved): the newest readable slot, or the defaults.

    `damaged` tells that slots are there and none could be read. `saved` is for `save`.
    """
    newest, present = NONE + (None,), False
    for number, path in enumerate(SLOTS):
        slot = files.read(path)
        if slot is not None:
            present = True
            sequence, values = decode(slot)
            newest = max(newest, (sequence, number, values))
    sequence, number, values = newest
    if values is None:
        return list(settings.DEFAULTS), present, NONE
    return values, False, (sequence, number)


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
    body = "\n".join(lines + [""]).encode()
    return body + b"%08x\n" % binascii.crc32(body)


def decode(slot):
    """(sequence, values) of a slot's text, or (-1, None) when it was not written by `encode`.

    A setting that the slot does not know keeps its default; one that this firmware does not know
    is passed over, so slots of other versions can be read.
    """
    body, values = slot[:-9], list(settings.DEFAULTS)
    if slot[-9:] != b"%08x\n" % binascii.crc32(body) or not body.startswith(HEADER.encode()):
        return -1, None
    try:
        head, *lines = body[len(HEADER) : -1].decode().split("\n")
        for line in lines:
            name, _, text = line.partition("=")
            if name in settings.NAMES:
                number = settings.index(name)
                values[number] = clamp(number, int(text))
        return (int(head), values) if 0 < int(head) <= COUNT_MASK else (-1, None)
    except ValueError:
        return -1, None


def clamp(number, value):
    """The value, moved into its setting's bounds."""
    return min(max(value, settings.MINIMA[number]), settings.MAXIMA[number])
