"""Evidence: where the motor is powered, by the control interrupt's own code, played tick by tick.

By induction: after power-up the words `state`, `law` and `gate` are among those that may be
(`allowed`); a tick from any of them, with any condition word, request, button, reading and fault,
leads to one of them again. Whatever writes these words is found in the firmware's sources, and has
to have been reached. What a tick writes to the motor is looked at each time.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import product

from penfw import faults, states
from penfw.states import PARKING, RUNNING, SELF_TEST, SERVICE
from penloop.evidence.played_interrupt import Q12, ZERO, Interrupt
from penloop.evidence.section import Claim

LAW_OFF, LAW_RUN, LAW_PARK, LAW_PROVE = 0, 1, 2, 4  # const of the firmware's control_state
LAWS = (LAW_OFF, LAW_RUN, LAW_PARK, LAW_PROVE)
MOVED_IN = {(RUNNING, LAW_RUN), (PARKING, LAW_PARK), (SERVICE, LAW_RUN), (SERVICE, LAW_PARK)}
OWN = (states.CUT_FAULT, states.PARK_FAULT, states.PARKED, states.STOP, states.PROVED)
DUTY = 1000
WORDS = ("law", "gate")  # of the control object; its `state` is written in its own modules
MODULES = ("control", "control_state", "control_setup", "rate", "parking", "proof", "axis", "watch")
AT_POWER_UP = "_clear_words"
LEVELS = (0, ZERO, 65535)  # of a reading
PULSE_SUM = 100 * 65536 // Q12  # of 16 samples: 100 mA
BITS = {kind: 1 << next(row[0] for row in faults.FAULTS if row[2] == kind)
        for kind in (faults.CUT, faults.PARK)}  # fmt: skip

Words = dict[str, int]
Cases = Iterator[tuple[Words, Words]]  # words before a tick, and inputs


@dataclass
class Played:
    """What came of all ticks.

    wrong: in words, where one leads to what may not be
    driven: (state, law) behind a tick that has driven the motor
    """

    ticks: int = 0
    wrong: list[str] = field(default_factory=list)
    driven: set[tuple[int, int]] = field(default_factory=set)
    missed: tuple[str, ...] = ()


def allowed(state: int, law: int, gate: int) -> bool:
    """Where these three words may stand together."""
    if law == LAW_OFF:
        return not gate
    return (state, law) in MOVED_IN | {(SELF_TEST, LAW_PROVE)}


def play(interrupt: Interrupt) -> Played:
    """Every kind of tick from everything that is allowed."""
    played = Played()
    writers = written_by()
    interrupt.count(writers - {AT_POWER_UP})
    control = interrupt.control
    if not allowed(control.state, control.law, control.gate):
        played.wrong.append("power-up")
    holds = [(state, law, gate)
             for state, law, gate in product(range(len(states.STATES)), LAWS, (0, 1))
             if allowed(state, law, gate)]  # fmt: skip
    for state, law, gate in holds:
        begun = {"state": state, "law": law, "gate": gate, "duty": DUTY}
        for kind in KINDS:
            for words, inputs in kind():
                interrupt.settle()
                interrupt.inputs.update(inputs)
                interrupt.become(begun | words)
                interrupt.tick()
                _look(interrupt, played, begun, kind.__name__)
    played.missed = tuple(sorted(writers - {AT_POWER_UP} - set(interrupt.entered)))
    return played


def _look(interrupt: Interrupt, played: Played, begun: Words, kind: str) -> None:
    control = interrupt.control
    played.ticks += 1
    state, law = control.state, control.law
    driven = any(interrupt.drives)
    good = allowed(state, law, control.gate)
    if driven:
        played.driven.add((state, law))
        good &= law != LAW_OFF
    if not good and len(played.wrong) < 5:
        before = states.STATES[begun["state"]]
        played.wrong.append(f"{before} to {states.STATES[state]} with law {law} by {kind}")


# The kinds of tick: odd=1 makes the next one even


def conditions() -> Cases:
    """A look at the table with each of the condition words, a flash window open or not."""
    own = sum(OWN)
    for word, window in product(range(1 << len(states.CONDITIONS)), (0, 1)):
        yield (
            {"odd": 1, "conditions": -1, "own_conditions": word & own, "main_window": window,
             "main_conditions": word & ~own},
            {},
        )  # fmt: skip


def requests() -> Cases:
    """What the main loop may ask for: a law, faults, or that they are cleared."""
    found = (0, *BITS.values())
    for law, down, clear, raised, cut in product(LAWS, (0, 1), (0, 1), found, (0, 1)):
        yield (
            {"odd": 1, "main_asks": 1, "main_law": law, "button_down": down, "main_clear": clear,
             "main_faults": raised, "own_conditions": cut * states.CUT_FAULT},
            {"button": 1 - down},
        )  # fmt: skip


def buttons() -> Cases:
    """A press or a release that counts."""
    for down, pressed, own in product((0, 1), (0, 1), OWN):
        yield (
            {"odd": 1, "button_looks": 1, "button_down": 1 - down, "pressed_ready": pressed,
             "own_conditions": own},
            {"button": 1 - down},
        )  # fmt: skip


def new_faults() -> Cases:
    """Faults that are latched, and some that are there no more."""
    for found, latched, odd in product((0, *BITS.values(), sum(BITS.values())), (0, 2), (0, 1)):
        yield {"odd": odd, "faults": found, "latched": latched}, {}


def readings() -> Cases:
    """Too much current, once or again; a tick that is late; a reading that raises."""
    for odd, shunt, late_us, fails in product((0, 1), LEVELS, (1000, 5000), (0, 1)):
        words = {"odd": odd, "main_window": 0, "last_us": 1_000_000 - late_us, "over_us": 999_000}
        yield words, {"shunt": shunt, "fails": fails}


def slots() -> Cases:
    """Each slot of an even tick, and each odd one of measurement and rate law."""
    for odd, slot, level in product((0, 1), range(10), LEVELS):
        inputs = {"position": level, "switched": level, "tdc": int(level > 0)}
        words = {"odd": odd, "slot": slot, "homed": 1, "main_rate_mHz": 100_000}
        yield words, inputs | {"cartridge": int(level > 0), "usb": int(level == 0)}


def proof() -> Cases:
    """Each step of the proof, with currents from none to the greatest, and a motor that turns."""
    for step, shunt, head in product(range(48), LEVELS, (0, 1)):
        for total in (0, 16 * ZERO, 16 * ZERO + PULSE_SUM, 16 * 65_535):
            words = {"odd": 0, "proof_step": step, "head": head, "proof_sum": total}
            yield words | {"proof_zero": 16 * ZERO, "proof_duty": DUTY}, {"shunt": shunt}


def parking() -> Cases:
    """Each phase of parking, before and behind each of its times."""
    times_ms = (0, 24, 28, 52, 80, 120, 132)
    for phase, passed_ms, tries, top in product(range(4), times_ms, range(3), (0, 1)):
        for age_us in (0, 25_000, 1_000_000):
            words = {"odd": 0, "park_phase": phase, "park_ms": passed_ms, "park_tries": tries}
            yield words | {"age_us": age_us, "tdc_count": top}, {"tdc": 1 - top}


KINDS: tuple[Callable[[], Cases], ...] = (
    conditions, requests, buttons, new_faults, readings, slots, proof, parking,
)  # fmt: skip


# Who writes the words


def written_by() -> set[str]:
    """Names of the functions of the firmware that write state, law or gate, or the motor."""
    found: set[str] = set()
    for path in files("penfw").iterdir():
        if path.name.endswith(".py"):
            tree = ast.parse(path.read_text())
            own = path.name.removesuffix(".py") in MODULES
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef) and _writes(function, own):
                    found.add(function.name)
    return found


def _writes(function: ast.FunctionDef, own: bool) -> bool:
    """`own`: of a module of the control object."""
    named = [node for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    calls = {id(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    for node in named:
        of_control = own or ast.unparse(node.value).endswith("control")
        word = node.attr in WORDS or (node.attr == "state" and of_control)
        if word and isinstance(node.ctx, ast.Store):
            return True
        if node.attr == "write_motor" and id(node) in calls:
            return True
    return False


def claim(played: Played) -> Claim:
    """That power is where it may be, and is there."""
    proved = played.driven == MOVED_IN | {(SELF_TEST, LAW_PROVE)}
    names = sorted({states.STATES[state] for state, _law in played.driven})
    told = [f"not reached: {', '.join(played.missed)}"] if played.missed else []
    told += played.wrong
    return Claim(
        "The control interrupt drives the motor in RUNNING, PARKING and SERVICE only, and for the "
        "proof in SELF_TEST.",
        proved and not told,
        f"the firmware's own interrupt, {played.ticks:,} ticks from each state with each law and "
        f"gate that it may have; each leads to such again, and drives in {', '.join(names)} only; "
        "all functions of the firmware that write state, law, gate or motor were reached"
        + "".join(f"; {one}" for one in told),
        "R-101",
    )
