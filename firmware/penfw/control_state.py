"""What the control interrupt remembers, and the board's methods that it calls.

What is named `main_*` is written by the main loop and taken over by the interrupt in its even
ticks; the main loop writes nothing else here while the interrupt runs, but by the methods below.
"""

from micropython import const

from penfw import faults, signals, states, tables

TYPE_CHECKING = False  # a type checker takes it for true: ControlSetup tells it of all words
if TYPE_CHECKING:
    from penfw.control_setup import ControlSetup
else:
    ControlSetup = object

# What the motor does: `law` of the interrupt, `main_law` as the main loop wants it.
LAW_OFF = const(0)
LAW_RUN = const(1)
LAW_PARK = const(2)
LAW_PROVE = const(4)  # of both stop paths, in SELF_TEST

PROOF_STEPS = 47  # of two ticks


class ControlState(ControlSetup):
    """All words of the control interrupt, which control_setup.py lists."""

    def __init__(self, board):
        self.values = signals.values
        self.cut_mask, self.park_mask = faults.masks()
        self.next_state = states.next_state
        tables.read("control_setup", "ControlSetup").prepare(self, board)

    # For the main loop. `main_asks` comes last, as the interrupt may enter between any two lines.

    def raise_faults(self, bits):
        """Latches faults that the main loop has found."""
        self.main_faults |= bits
        self.main_asks = 1

    def clear_faults(self):
        """Forgets all latched faults; what is still wrong latches anew."""
        self.main_faults = 0
        self.main_clear = 1
        self.main_asks = 1

    def want(self, law):
        """Runs or parks the motor in SERVICE, proves in SELF_TEST; a CUT fault forbids it."""
        self.main_law = law
        self.main_asks = 1

    def moved_in_proof(self):
        """Whether the last proof of the stop paths has found no fault, but the motor turned."""
        over = self.proof_step == PROOF_STEPS
        return over and not self.own_conditions & states.PROVED

    def find_home(self):
        """Sends the depth axis to its home switch; `homed` tells when it is there."""
        self.homed = self.home_steps = 0
        self.main_home = 1

    def configure(self, get):
        """Takes its gains from the settings; `get(name)` returns a value. Motor off only."""
        tables.read("control_setup", "ControlSetup").configure(self, get)
