"""Two settings slots: each save goes to the older one, so a power cut costs the newest at most."""

from penfw import settings

SLOTS = ("/settings_a", "/settings_b")


class SettingsStore:
    """Reads and writes the slots through the board's files."""

    def __init__(self, files):
        self._files = files
        self._sequence = 0
        self._next = 0

    def load(self):
        """(values, damaged): the newest readable slot, or the defaults.

        `damaged` tells that slots are there and none could be read.
        """
        best = None
        present = 0
        for number, path in enumerate(SLOTS):
            text = self._files.read(path)
            if text is None:
                continue
            present += 1
            slot = settings.decode(text)
            if slot is not None and (best is None or slot[0] > best[0]):
                best = slot
                self._next = 1 - number
        if best is None:
            return list(settings.DEFAULTS), present > 0
        self._sequence = best[0]
        return best[1], False

    def save(self, values):
        """Writes the older slot. To be called with the motor off only."""
        self._sequence += 1
        self._files.write(SLOTS[self._next], settings.encode(values, self._sequence))
        self._next = 1 - self._next
