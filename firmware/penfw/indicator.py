"""Light and sound: a pattern a state and a fault class, stepped by the main loop."""

from penfw import states

STEP_MS = 100
OFF, RED, GREEN, BLUE = 0, 1, 2, 4
YELLOW, WHITE = RED | GREEN, RED | GREEN | BLUE

# colour, pattern of sixteen steps of 100 ms (bit 0 first)
LIGHTS = {
    states.SELF_TEST: (WHITE, 0b0101010101010101),
    states.STANDBY: (BLUE, 0b0000000011111111),
    states.READY: (GREEN, 0b1111111111111111),
    states.RUNNING: (GREEN, 0b0011001100110011),
    states.PARKING: (YELLOW, 0b0101010101010101),
    states.FAULT: (RED, 0b0000111100001111),
    states.SERVICE: (BLUE, 0b0011001100110011),
}
NEEDLES_OUT = (YELLOW, 0b0000000100000001)
NOT_CALIBRATED = (YELLOW, 0b1111111100000000)

# frequency Hz, length ms
CLICK = (2000, 40)
ALARM = (3000, 600)
SERVICE_READY = (1500, 150)
REFUSED = (500, 300)


class Indicator:
    """Drives the LED and the buzzer through the board; one `step` a main-loop pass."""

    def __init__(self, board):
        self._board = board
        self._colour = -1
        self._sound_until_ms = -1
        self.sound = True
        self.light = True

    def step(self, now_ms, look):
        """Shows `look`, a (colour, pattern) pair."""
        colour, pattern = look
        if not self.light or not (pattern >> (now_ms // STEP_MS % 16)) & 1:
            colour = OFF
        if colour != self._colour:
            self._colour = colour
            self._board.light(colour & RED, colour & GREEN, colour & BLUE)
        if self._sound_until_ms >= 0 and now_ms >= self._sound_until_ms:
            self._sound_until_ms = -1
            self._board.buzz(0)

    def play(self, tone, now_ms):
        """Sounds a (frequency Hz, length ms) pair."""
        if self.sound:
            self._board.buzz(tone[0])
            self._sound_until_ms = now_ms + tone[1]
