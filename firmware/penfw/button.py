"""The button's gestures, from its debounced level and the time."""

NONE = 0
PRESS = 1  # the edge itself
SHORT = 2  # released after 50 to 800 ms
HOLD_ACKNOWLEDGE = 3  # released after 1 to 3 s
HOLD_SERVICE = 4  # released after 3 to 8 s
STUCK = 5  # held for over 10 s

SHORT_MS = (50, 800)
ACKNOWLEDGE_MS = (1000, 3000)
SERVICE_MS = (3000, 8000)
STUCK_MS = 10000


class Button:
    """Turns levels into gestures. A press counts only when its edge was seen."""

    def __init__(self, is_down):
        self._down = is_down
        self._fresh = False  # the edge of this press was seen
        self._since_ms = 0
        self._stuck = False
        self.state_at_press = -1

    def held_ms(self, now_ms):
        """How long a press that began with a seen edge lasts by now, ms."""
        return now_ms - self._since_ms if self._down and self._fresh else 0

    def forget(self):
        """The present press, if any, has no further effect."""
        self._fresh = False

    def step(self, level, now_ms, state):
        """One look at the level; returns a gesture."""
        if level and not self._down:
            self._down = self._fresh = True
            self._since_ms = now_ms
            self.state_at_press = state
            return PRESS
        held_ms = now_ms - self._since_ms
        if self._down and not level:
            self._down = self._stuck = False
            return released(held_ms) if self._fresh else NONE
        if self._down and not self._stuck and held_ms > STUCK_MS:
            self._stuck = True
            return STUCK
        return NONE


def released(held_ms):
    """Gesture of a release after a press of that length."""
    if SHORT_MS[0] <= held_ms <= SHORT_MS[1]:
        return SHORT
    if ACKNOWLEDGE_MS[0] <= held_ms < ACKNOWLEDGE_MS[1]:
        return HOLD_ACKNOWLEDGE
    if SERVICE_MS[0] <= held_ms <= SERVICE_MS[1]:
        return HOLD_SERVICE
    return NONE
