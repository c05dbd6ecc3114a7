"""The control interrupt alone, from any state it can be in, on any interpreter.

`source(...)` makes one script of the interrupt's modules, with a mark in every branch, and of
`HARNESS`, which runs cases on it. A case is a list of integers, one for each of NAMES.
"""

import ast
import binascii
import random
from array import array
from pathlib import Path

from penfw import faults, settings

FIRMWARE = Path(faults.__file__).parent
TICKS = (0, (1 << 30) - 1)
COUNT = (0, 0xFFFFFF)
FLAG = (0, 1)
WORD = (0, (1 << 27) - 2)  # fault bits
CODE = (0, 65535)

# What the interrupt remembers, with the bounds that its code keeps.
STATE = {
    "main_conditions": (0, 4095), "main_asks": FLAG, "main_faults": WORD, "main_clear": FLAG,
    "main_law": (0, 4), "main_window": FLAG, "main_rate_mHz": (0, 150_000),
    "main_depth": (0, 2000), "main_home": FLAG, "state": (0, 6), "state_ms": (0, 1 << 29),
    "faults": WORD, "latched": WORD, "conditions": (-1, 4095), "own_conditions": (0, 4095),
    "last_us": TICKS, "even_raw": CODE, "over_us": TICKS, "odd": FLAG, "slot": (0, 9),
    "gate": FLAG, "law": (0, 4), "duty": CODE, "button_down": FLAG, "button_looks": FLAG,
    "pressed_ready": FLAG,
    "cartridge_out": FLAG, "usb_seen": FLAG, "head": COUNT, "seen": COUNT, "known": (0, 9),
    "age_us": (0, 1_000_000),
    "tdc_us": TICKS, "tdc_head": COUNT, "tdc_edges": COUNT, "tdc_count": COUNT,
    "tdc_seen": COUNT, "odd_turns": (0, 3), "empty_turns": (0, 3), "period0": (4000, TICKS[1]),
    "period1": (4000, TICKS[1]), "period2": (4000, TICKS[1]), "stopped_head": COUNT,
    "driven_looks": (0, 1 << 20), "ramp_mHz": (0, 150_000),
    "integral": (-1500 << 16, 1500 << 16), "park_phase": (0, 3), "park_ms": (0, 1000),
    "park_tries": (0, 2), "park_count": COUNT, "proof_step": (0, 47), "proof_duty": CODE,
    "proof_zero": (0, 16 * 65535), "proof_sum": (0, 16 * 65535), "proof_head": COUNT,
    "steps": (-5, 101), "goal": (0, 100),
    "deeper_count": COUNT, "step_high": FLAG, "overshoot": FLAG, "direction": (-1, 1),
    "home_steps": (0, 121), "homed": FLAG, "mismatch_looks": (0, 10), "range_looks": (0, 10),
    "battery_looks": (0, 1000), "battery_mV": (2400, 4500),
}  # fmt: skip
# Signals that it reads back: number in the array and bounds.
SIGNALS = {
    "rate": (0, 250_000), "current": (-13_200, 13_200), "housing": (-50_000, 150_000),
    "inputs": (0, 15),
}  # fmt: skip
# What comes from outside; the ring's edges lie `ring_step` apart, the last `ring_age` ago.
INPUTS = {
    "now": TICKS, "shunt": CODE, "position": CODE, "switched": CODE, "tdc": FLAG, "button": FLAG,
    "cartridge": FLAG, "usb": FLAG, "home": FLAG, "fails": FLAG, "telemetry": (0, 4), "scope": FLAG,
    "ring_age": TICKS, "ring_step": (0, 200_000),
}  # fmt: skip
# Settings that `configure` takes, within the bounds of their table, and the heat that follows.
TUNED = tuple(row[0] for row in settings.SETTINGS if row[6] in (settings.SERVICE,
                                                                settings.CALIBRATION))  # fmt: skip
SETTINGS = {name: settings.SETTINGS[settings.index(name)][4:6] for name in TUNED}
HEAT = {"heat_share": (0, 1000), "excess_share": (0, 1000)}  # permille of the greatest value

BOUNDS = {**STATE, **SIGNALS, **INPUTS, **SETTINGS, **HEAT}
NAMES = tuple(BOUNDS)

MODULES = ("faults", "fault_table", "signal_table", "signals", "states", "sample_ring", "telemetry",
           "control_setup", "control_state", "rate", "parking", "proof", "axis", "watch",
           "control")  # fmt: skip
BEFORE = ("tables", "frames", "protocol")  # what telemetry imports
INTERRUPT = {  # functions that it runs
    "states": ("next_state",), "sample_ring": ("push",), "rate": None, "parking": None,
    "proof": None, "axis": None, "watch": None, "control": None,
}  # fmt: skip

HARNESS = '''
import gc
import micropython
from array import array
from binascii import a2b_base64
from penfw import control, faults, signals
from penfw.telemetry import TelemetryRing

NAMES = {names!r}
STATE, SIGNALS, SETTINGS = {state!r}, {signals!r}, {settings!r}
AT = dict([(name, number) for number, name in enumerate(NAMES)])
case = array("i", [0] * len(NAMES))
REFUSAL = OSError("a planted failure")


class Part:
    """Any of the board's parts."""

    def __init__(self, name, fails=False):
        self._at = AT.get(name, -1)
        self._fails = AT["fails"] if fails else -1

    def value(self, level=None):
        if level is None:
            return case[self._at]

    def read_u16(self):
        if self._fails >= 0 and case[self._fails]:
            raise REFUSAL
        return case[self._at]

    def duty_u16(self, duty):
        if not 0 <= duty <= 65535:
            raise ValueError

    def ticks_us(self):
        return case[AT_NOW]


AT_NOW = AT["now"]


class Board:
    motor = load_switch = analogue_switch = step_pin = step_direction = Part("")
    shunt, position, switched = Part("shunt", True), Part("position"), Part("switched")
    top_dead_centre, button = Part("tdc"), Part("button")
    cartridge_present, usb_power, home_switch = Part("cartridge"), Part("usb"), Part("home")
    ticks_us = Part("now").ticks_us


def get(name):
    return case[AT[name]]


ring = TelemetryRing(len(signals.NAMES), samples=3, push_ms=2)
pairs = [[array("i", signals.values), 0, 0, array("i", signals.values), 0, 0] for _ in range(2)]
for number in range(2):
    pairs[number].append(pairs[1 - number])
subject = control.Control(Board)


def prepare():
    """Brings the subject into the state of the case."""
    subject.configure(get)
    for name in STATE:
        setattr(subject, name, get(name))
    for name in SIGNALS:
        subject.values[signals.index(name)] = get(name)
    for n in range(16):
        subject.ring[n] = (get("now") - get("ring_age") - get("ring_step") * (15 - n)) & 0x3FFFFFFF
    full_mA = max(subject.shunt_zero, 65535 - subject.shunt_zero) * subject.shunt_q12 >> 12
    subject.heat_sum = 5 * (full_mA * full_mA >> 6) // 1000 * get("heat_share")
    subject.excess_q4 = (160000 << 4) // 1000 * get("excess_share")
    subject.error = None
    subject.pair = pairs[0] if get("scope") else None
    telemetry = get("telemetry")
    subject.push = ring.push if telemetry else None
    if telemetry == 1:  # nobody listens
        ring.configure((), (), 2)
    if telemetry >= 2:
        ring.configure((0,), ("B",), 2)
    if telemetry == 3:  # full
        ring._tail = (ring._head + 1) % 3
    if telemetry == 4:  # between two samples
        ring._left = 2


def run(tick=subject.tick, edge=subject.tachometer_edge, top=subject.top_dead_centre_edge):
    """One tick and both edges with the heap locked."""
    micropython.heap_lock()
    tick(None)
    try:
        edge(None)
        top(None)
    except MemoryError:
        subject.error = MemoryError
    micropython.heap_unlock()


def run_all(packed):
    """Prints what went wrong, by the case's number."""
    width = 4 * len(NAMES)
    for number in range(len(packed) // width):
        case[:] = array("i", packed[number * width : number * width + width])
        prepare()
        run()
        if subject.error is not None and not (get("fails") and subject.error is OSError):
            print("case", number, subject.error.__name__, subject.site)
'''


class Marker(ast.NodeTransformer):
    """Puts a mark into both ways out of every decision of some functions."""

    def __init__(self, module, functions, places):
        self._module = module
        self._functions = functions
        self._places = places
        self._inside = False

    def visit_FunctionDef(self, node):
        outer, chosen = self._inside, self._functions is None or node.name in self._functions
        self._inside = chosen and node.name != "__init__"
        self.generic_visit(node)
        self._inside = outer
        return node

    def _mark(self, node, way):
        self._places.append(f"{self._module}.py:{node.lineno} {way}")
        return len(self._places) - 1

    def _statement(self, node, way):
        return ast.parse(f"_marks[{self._mark(node, way)}] = 1").body[0]

    def visit_If(self, node):
        self.generic_visit(node)
        if self._inside:
            node.body.insert(0, self._statement(node, "true"))
            node.orelse.insert(0, self._statement(node, "false"))
        return node

    def visit_For(self, node):
        self.generic_visit(node)
        if self._inside:
            node.body.insert(0, self._statement(node, "a turn"))
            node.orelse.insert(0, self._statement(node, "no turn left"))
        return node

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        if self._inside:
            node.body.insert(0, self._statement(node, "raised"))
        return node

    def visit_IfExp(self, node):
        self.generic_visit(node)
        if self._inside:
            node.body = self._expression(node, node.body, "true")
            node.orelse = self._expression(node, node.orelse, "false")
        return node

    def _expression(self, node, value, way):
        call = ast.parse(f"_mark({self._mark(node, way)})", mode="eval").body
        return ast.BoolOp(ast.Or(), [call, value])


class Watcher(ast.NodeTransformer):
    """Shows every result of arithmetic to `_watch`; for CPython, whose ints have no end."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return self._watched(node)

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        value = self._watched(ast.BinOp(read, node.op, node.value))
        return ast.Assign([node.target], value)

    def _watched(self, value):
        return ast.Call(ast.Name("_watch", ast.Load()), [value], [])


def sources(change=lambda module, text: text, watched=False):
    """(text that defines the marks, {module: text}, places of the marks).

    `change` edits a module's text before it is marked.
    """
    places: list[str] = []
    texts = {}
    for module in MODULES:
        tree = ast.parse(change(module, (FIRMWARE / f"{module}.py").read_text()))
        if module in INTERRUPT:
            tree = Marker(module, INTERRUPT[module], places).visit(tree)
            tree = Watcher().visit(tree) if watched else tree
        texts[module] = ast.unparse(ast.fix_missing_locations(tree))
    return MARKS % len(places), texts, places


def before():
    """{module: text} of what telemetry imports."""
    return {module: (FIRMWARE / f"{module}.py").read_text() for module in BEFORE}


MARKS = """
import builtins
_marks = builtins._marks = bytearray(%d)
def _mark(number):
    _marks[number] = 1
    return 0
builtins._mark = _mark
"""


def harness():
    """Text of the harness."""
    words = {"names": NAMES, "state": tuple(STATE), "signals": tuple(SIGNALS), "settings": TUNED}
    text = HARNESS
    for word, value in words.items():
        text = text.replace(f"{{{word}!r}}", repr(value))
    return text


def packed(chosen):
    """Cases as text, for `run_all`."""
    words = array("i", [word for case in chosen for word in case])
    return binascii.b2a_base64(words.tobytes()).decode().strip()


def random_cases(count, seed=1):
    """Cases with many words at their bounds, and many that belong together."""
    draw = random.Random(seed)

    def word(bounds):
        low, high = bounds
        kind = draw.randrange(4)
        return (low, high, draw.randint(low, high), min(low + draw.randrange(8), high))[kind]

    for _ in range(count):
        case = {name: word(bounds) for name, bounds in BOUNDS.items()}
        yield related(case, draw.randrange)


# Nothing rare happens, and what then leads into the branches that are hardest to find.
CALM = {"faults": 0, "latched": 0, "fails": 0, "main_asks": 0, "shunt_zero": 14_894,
        "shunt": 14_894, "main_conditions": 0, "own_conditions": 0, "conditions": 0}  # fmt: skip
SCENES = (
    {"state": 2, "odd": 1, "main_conditions": 32 | 16, "conditions": -1},  # a start
    {"state": 0, "odd": 1, "main_conditions": 2048 | 32 | 16, "conditions": -1},  # proved
    *({"odd": 0, "law": 4, "proof_step": step} for step in (0, 5, 20, 24, 27, 31, 32, 39)),
    *({"odd": 0, "law": 4, "proof_step": step, "proof_zero": 16 * 14_894, "proof_sum": total,
       "head": head, "proof_head": 7, "tdc": 0}
      for step, total, head in ((30, 16 * 14_894, 7), (30, 16 * 20_000, 7), (38, 16 * 13_000, 7),
                                (46, 16 * 14_894, 7), (46, 16 * 15_894, 7), (46, 16 * 15_894, 8))),
    {"odd": 0, "law": 4, "proof_step": 33, "shunt": 40_000},
    {"slot": 0, "odd": 0, "law": 2, "park_phase": 2, "park_ms": 200, "tdc": 1, "park_tries": 2},
    {"odd": 1, "law": 4, "button": 0, "button_down": 0, "button_looks": 1},
    {"odd": 0, "law": 4, "faults": 1 << 20, "latched": 0},
    {"odd": 1, "state": 0, "main_asks": 1, "main_law": 4, "law": 0},
    *(
        {"odd": 1, "state": 2, "button": 1, "button_down": 1, "button_looks": 1,
         "pressed_ready": flag}
        for flag in FLAG
    ),
    {"odd": 1, "state": 6, "law": 1, "button": 0, "button_down": 0, "button_looks": 1},
    {"odd": 1, "state": 1, "main_conditions": 16, "conditions": -1},
    *({"odd": 1, "state": 6, "main_conditions": 256, "conditions": -1, "main_window": flag}
      for flag in FLAG),
    {"slot": 4, "odd": 1, "law": 1, "tdc_count": 5, "tdc_seen": 4, "tdc_edges": 0},
    {"slot": 4, "odd": 1, "law": 1, "tdc_count": 5, "tdc_seen": 4, "tdc_edges": 9},
    {"slot": 4, "odd": 1, "law": 1, "tdc_count": 5, "tdc_seen": 4, "tdc_edges": 6},
    {"slot": 8, "odd": 1, "state": 3, "usb": 1, "usb_seen": 1},
    {"slot": 5, "odd": 1, "state": 3, "cartridge": 1, "cartridge_out": 1},
    *({"slot": 0, "odd": 0, "law": 1, "integral": integral, "rate_ki": 5000, "ramp_mHz": ramp_mHz}
      for integral in (-1500 << 16, 1500 << 16) for ramp_mHz in (0, 150_000)),
    *({"slot": 0, "odd": 0, "law": 1, "main_rate_mHz": 0, "period0": 4000, "period1": 4000},) * 2,
    *({"slot": 0, "odd": 0, "law": 2, "park_phase": phase, "park_ms": 100, "tdc": 0, "tdc_count": 5,
       "park_count": 4, "age_us": age_us, "park_tries": tries}
      for phase in range(4) for age_us in (0, 50_000) for tries in (0, 1)),
    *({"slot": 0, "odd": 0, "law": 2, "park_phase": phase, "park_ms": park_ms, "tdc": 1,
       "age_us": age_us, "park_tries": tries}
      for phase in range(4) for park_ms in (0, 60, 200) for age_us in (0, 50_000)
      for tries in (0, 1)),
    {"slot": 0, "odd": 0, "law": 2, "park_phase": 1, "park_ms": 120, "tdc": 1, "age_us": 50_000,
     "park_tries": 2},
)  # fmt: skip


def related(case, choose):
    """Brings words of a case together that belong together; choose(n) is one of 0 .. n - 1.

    From words drawn each by itself hardly any case would get past the first decisions.
    """
    near = (0, 1, 2, 3, 5, 7, 21, 30)

    def maybe(name, value):
        if choose(4):
            low, high = BOUNDS[name]
            case[name] = min(max(value, low), high)

    now = case["now"]
    ago_us = (0, 900, 1000, 2400, 2600, 61_000, 160_000, 600_000)
    for name in ("last_us", "over_us", "tdc_us"):
        maybe(name, (now - ago_us[choose(8)]) & TICKS[1])
    maybe("last_us", (now - 1000) & TICKS[1])
    maybe("ring_age", ago_us[choose(8)])
    maybe("ring_step", (0, 600, 1100, 1600, 10_000)[choose(5)])
    for name in ("seen", "tdc_head", "stopped_head"):
        maybe(name, (case["head"] - near[choose(8)]) & COUNT[1])
    for name in ("tdc_seen", "park_count", "deeper_count"):
        maybe(name, case["tdc_count"])
    maybe("tdc_edges", near[choose(8)])
    maybe("fails", 0)
    maybe("main_asks", 0)
    maybe("faults", 0)
    maybe("latched", case["faults"])
    maybe("own_conditions", 1 << choose(11))
    maybe("conditions", case["main_conditions"] | case["own_conditions"])
    maybe("shunt_zero", 14_894)
    maybe("shunt", case["shunt_zero"] + near[choose(8)] * 100)
    maybe("button_down", 1 - case["button"])
    maybe("goal", case["main_depth"])
    maybe("steps", case["goal"] + choose(3) - 1)
    maybe("main_home", 0)
    maybe("overshoot", 0)
    maybe("position_home", 7_944)
    maybe("position", 7_944 + 500 * case["steps"] + 40 * choose(8))
    maybe("switched", (0, 30_000, 40_000, 65_000)[choose(4)])
    if not choose(3):
        case.update(CALM)
        case.update(last_us=(now - 1000) & TICKS[1], button_down=1 - case["button"])
        case.update(SCENES[choose(len(SCENES))])
    return [case[name] for name in NAMES]
