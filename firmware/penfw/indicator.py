"""Light and sound: a pattern a state, a code a fault, a tone a fault class; one step a pass."""

STEP_MS = 100
OFF = 0
RED = 1

# Of each state, in the order of their numbers: colour (1 red + 2 green + 4 blue), pattern of
# sixteen steps (bit 0 first). Numbers, as names would take room on the heap.
LIGHTS = (
    (7, 0b0101010101010101),  # SELF_TEST
    (4, 0b0000000011111111),  # STANDBY
    (2, 0b1111111111111111),  # READY
    (2, 0b0011001100110011),  # RUNNING
    (3, 0b0101010101010101),  # PARKING
    (RED, 0b0000111100001111),  # FAULT
    (4, 0b0011001100110011),  # SERVICE
)
NEEDLES_OUT = (3, 0b0000000100000001)
NOT_CALIBRATED = (3, 0b1111111100000000)

# frequency Hz, length ms
CLICK = (2000, 40)
ALARM_CUT = (3000, 1200)
ALARM_PARK = (3000, 300)
SERVICE_READY = (1500, 150)
REFUSED = (500, 300)


class Indicator:
    """Drives the LED and the buzzer through the board; one `step` a main-loop pass."""

    def __init__(self, board):
        self._board = board
        self._colour = -1
        self._sound_until_ms = -1
        self.fault = 0  # number of the fault to tell, 0: none
        self.sound = True
        self.light = True

    def step(self, now_ms, look):
        """Shows `look`, a (colour, pattern) pair."""
        colour, pattern = look
        step = now_ms // STEP_MS
        if colour == RED and self.fault:
            shines = code_shines(self.fault, step)
        else:
            shines = pattern >> step % 16 & 1
        if not self.light or not shines:
            colour = OFF
        if colour != self._colour:
            self._colour = colour
            self._board.light(colour & 1, colour & 2, colour & 4)
        if self._sound_until_ms >= 0 and now_ms >= self._sound_until_ms:
            self._sound_until_ms = -1
            self._board.buzz(0)

    def play(self, tone, now_ms):
        """Sounds a (frequency Hz, length ms) pair."""
        if self.sound:
            self._board.buzz(tone[0])
            self._sound_until_ms = now_ms + tone[1]


def code_shines(number, step):
    """Whether the light is on in a step while a fault's number is told.

    Tens are flashes of 5 steps in 8, units of 2 steps in 4, then it is dark for 12.
    """
    tens = number // 10 * 8
    units = number % 10 * 4
    at = step % (tens + units + 12)
    if at < tens:
        return at % 8 < 5
    return at < tens + units and (at - tens) % 4 < 2
