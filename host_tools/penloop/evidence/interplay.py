"""Evidence: control interrupt, main loop, host and button in every order, by Spin.

The model is interplay.pml; its constants and its transition table are made from the firmware's own
(`penfw.states`). That its interrupt does what the firmware's does is shown by a test that plays
both on the same words; main loop, host and person are written by hand, and no test holds them to
the code. What the firmware once did wrong, or could have, stands in the model behind switches: the
check has to find each, by the assertion that speaks of it.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from penfw import states
from penloop import palette
from penloop.errors import UserError
from penloop.evidence.html import section, table
from penloop.evidence.section import Claim, Effort, Part, Section

MODEL = Path(__file__).with_name("interplay.pml")
DEEPEST = 2_000_000  # steps of a path
MEMORY_MB = 8_000
LONGEST_S = 900
TRAIL_STEPS = 60  # of a found error, the last ones
STEP = re.compile(r"proc +\d+ \((\w+):\d+\) model\.pml:(\d+) \(state \d+\)\s+\[(.+)\]")
FAILED = re.compile(r"spin: model\.pml:(\d+), Error: assertion violated")
ASSERTION = re.compile(r"assert\((.*)\)(?:;|\s|$)")
NO_STATEMENT = ("sub-sequence", "IF", "DO", ".(goto)", "else")
NEEDED = ("spin", "gcc")

# The model's assertions, as they stand in it.
FRESH_PRESS = "consent"
PRESS_ENDS = "!idle || !button_down || law != LAW_RUN"
NOT_UNDER_FINGER = "!(following == LAW_RUN && button_down)"
STOP_KEPT = "!(state == SERVICE && law == LAW_RUN && !run_wanted)"
STOP_BEHIND = "!(stopped && law == LAW_RUN)"
NOBODY_THERE = "!(law && afar)"
NO_LAW_IN_WINDOW = "!(law && main_window)"
WRITTEN_STILL = "law == LAW_OFF"
WHERE_RUN = "law != LAW_RUN || state == RUNNING || state == SERVICE"
WHERE_PARK = "law != LAW_PARK || state == PARKING || state == SERVICE"
WHERE_PROVE = "law != LAW_PROVE || state == SELF_TEST"
NEVER_RUNS = "!(state == NEVER_RUNS && law == LAW_RUN)"

# What holds in every state that is reached, the requirement, and the assertions that say so.
PROPERTIES = (
    ("The motor enters RUNNING only behind a press and a release that the interrupt has seen in "
     "READY, and no press, and no FAULT, since", "R-201", (FRESH_PRESS,)),
    ("A press ends a run in RUNNING and in SERVICE before the interrupt has nothing more to do",
     "R-202", (PRESS_ENDS,)),
    ("No command runs the motor in SERVICE while the button is down", "R-207",
     (NOT_UNDER_FINGER,)),
    ("A host's stop is not lost: not on the way to a run, not right behind it", "R-214",
     (STOP_KEPT, STOP_BEHIND)),
    ("After an acknowledgement by the host the motor has no law before a fresh press", "R-215",
     (NOBODY_THERE,)),
    ("Flash is written only while the motor has no law, and no law begins meanwhile", "R-803",
     (WRITTEN_STILL, NO_LAW_IN_WINDOW)),
    ("The motor has a law in RUNNING, PARKING, SERVICE, and for the proof in SELF_TEST, only",
     "R-101", (WHERE_RUN, WHERE_PARK, WHERE_PROVE)),
)  # fmt: skip

# The switch of each old behaviour, what it was, and the assertion that it violates.
OLD = {
    "OLD_STOP": (
        "a stop in SERVICE looked at the law in force only, not at a run on its way", STOP_KEPT),
    "OLD_STOP_ORDER": (
        "a stop looked at the state before it called a start off, not after", STOP_BEHIND),
    "OLD_OBEY": (
        "a run on its way began under a press that the main loop had not seen", NOT_UNDER_FINGER),
    "OLD_READY": ("READY was entered with a START that the main loop had left behind", FRESH_PRESS),
    "OLD_PARKING": ("a fault began to park while flash was written", NO_LAW_IN_WINDOW),
    "NO_DOUBT": (
        "an acknowledgement by the host went on with the proof, without a press", NOBODY_THERE),
    "OLD_PRESS": (
        "a press from before the host's acknowledgement counted as the one after it", NOBODY_THERE),
    "OLD_SEEN": (
        "the host acknowledged a fault that the main loop had not seen yet", NOBODY_THERE),
    "OLD_WINDOW": (
        "a fault began to park between the look for a still motor and the window", WRITTEN_STILL),
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """What Spin has found.

    violated: the assertion that a state violates, as the model has it; empty where none does
    complete: every state was reached, within depth and memory
    trail: the last steps to the state, each with its process and the model's line
    """

    violated: str
    complete: bool
    states: int
    transitions: int
    depth: int
    seconds: float
    trail: tuple[str, ...] = ()


def make(effort: Effort) -> Section:
    """Short: one fault, and the cartridge stays in; else that it moves, and the old behaviours."""
    bounds = {"FAULTS": 1, "CARTRIDGES": 0 if effort.short else 1}
    effort.progress(0.0, "every order")
    found = check(effort.folder, bounds)
    claims = [_holds(text, number, said, found) for text, number, said in PROPERTIES]
    for state in ("RUNNING", "SERVICE"):
        reached = check(effort.folder, {"FAULTS": 1, "CARTRIDGES": 0, "NEVER_RUNS": state})
        claims.append(_would_find(f"a run of the motor in {state}", reached, NEVER_RUNS))
    old = {}
    if not effort.short:
        for number, (switch, (text, expected)) in enumerate(OLD.items(), 1):
            effort.progress(number / (len(OLD) + 1), switch)
            old[switch] = check(effort.folder, {"FAULTS": 1, "CARTRIDGES": 0, switch: 1})
            claims.append(_would_find(text, old[switch], expected))
    data = {"check": asdict(found), "old": {name: asdict(one) for name, one in old.items()}}
    return Section(tuple(claims), _body(found, old), data)


def source() -> str:
    """The whole model: constants and table of the firmware, then interplay.pml."""
    lines = [f"#define {name} {number}" for number, name in enumerate(states.STATES)]
    lines += [f"#define {name} {1 << bit}" for bit, name in enumerate(states.CONDITIONS)]
    lines += ["inline next_state() {", "    following = state;", "    if"]
    for state, rows in enumerate(states.ROWS):
        lines += [f"    :: state == {state} ->", "        if"]
        earlier: list[str] = []
        for required, forbidden, goal in rows:
            match = f"((c & {required}) == {required} && (c & {forbidden}) == 0)"
            first = " && ".join([*(f"!{one}" for one in earlier), match])
            lines.append(f"        :: {first} -> following = {goal}")
            earlier.append(match)
        lines += ["        :: else", "        fi"]
    lines += ["    fi", "}", ""]
    return "\n".join(lines) + MODEL.read_text()


def check(folder: Path, switches: Mapping[str, int | str], model: str = "") -> Check:
    """Explores the model, or another text, with these macros. Raises UserError."""
    for command in NEEDED:
        if shutil.which(command) is None:
            raise UserError(f"the check needs {command}", f"install it: apt-get install {command}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pml").write_text(model or source())
    (folder / "model.pml.trail").unlink(missing_ok=True)
    macros = [f"-D{name}={value}" for name, value in switches.items()]
    _run(["spin", *macros, "-a", "model.pml"], folder)
    options = ["-O1", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}"]
    _run(["gcc", *options, "-o", "pan", "pan.c"], folder)
    began_s = time.monotonic()
    text = _run([str(folder.resolve() / "pan"), f"-m{DEEPEST}"], folder)
    seconds = round(time.monotonic() - began_s, 1)
    violated = "assertion violated" in text
    asserted = ""
    trail: tuple[str, ...] = ()
    if violated:
        steps = _run(["spin", *macros, "-t", "-p", "model.pml"], folder)
        lines = (folder / "model.pml").read_text().splitlines()
        asserted = _asserted(steps, lines)
        trail = tuple(_readable(steps, lines))
    return Check(
        asserted,
        _is_complete(text, folder),
        _number(r"(\d+) states, stored", text),
        _number(r"([\d.e+]+) transitions", text),
        _number(r"depth reached (\d+)", text),
        seconds,
        trail,
    )


def _asserted(steps: str, model: list[str]) -> str:
    """The assertion that ends the way there."""
    at = FAILED.search(steps)
    line = model[int(at[1]) - 1] if at else ""
    found = ASSERTION.search(line)
    return found[1] if found else f"not known: {line.strip()}"


def assertions(model: str) -> set[str]:
    """Those that stand in a model."""
    return {found[1] for found in map(ASSERTION.search, model.splitlines()) if found}


def _readable(steps: str, model: list[str]) -> list[str]:
    """The last steps, each as the process and the model's own line."""
    shown: list[str] = []
    for process, number, done in STEP.findall(steps):
        line = f"{process:9}  {model[int(number) - 1].strip()}"
        if done not in NO_STATEMENT and "assert" not in done and line not in shown[-1:]:
            shown.append(line)
    return shown[-TRAIL_STEPS:]


def _is_complete(text: str, folder: Path) -> bool:
    """Whether nothing was left out. Raises UserError where the end is none of Spin's."""
    if "errors:" not in text:
        last = " ".join(text.split()[-20:])
        raise UserError(f"Spin's verifier ended early: {last}", f"see {folder}")
    cut = ("Search not completed", "max search depth too small", "memory limit")
    return not any(word in text for word in cut)


def _run(command: list[str], folder: Path) -> str:
    """Output of a command. Raises UserError when it fails or takes too long."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S,
            errors="replace", env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{command[0]} takes more than {LONGEST_S} s", "is the model larger?"
        ) from None
    if done.returncode and "errors:" not in done.stdout and "-t" not in command:
        told = " ".join((done.stdout + done.stderr).split()[:40])
        raise UserError(f"{Path(command[0]).name} failed: {told}", f"see {folder}")
    return done.stdout


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(float(found[1])) if found else 0


def _told(found: Check) -> str:
    size = f"{found.states:,} states, {found.transitions:,} steps, {found.seconds:g} s"
    if found.violated:
        return f"violated: {found.violated}; {size}"
    return f"all of {size}" if found.complete else f"not all was explored: {size}"


def _holds(text: str, requirement: str, asserted: tuple[str, ...], found: Check) -> Claim:
    """A property holds when all was explored, and the model asserts it."""
    missing = sorted(set(asserted) - assertions(source()))
    told = f"not asserted: {', '.join(missing)}" if missing else _told(found)
    holds = found.complete and not found.violated and not missing
    return Claim(f"{text}.", holds, f"{told}; asserted: {'; '.join(asserted)}", requirement)


def _would_find(text: str, found: Check, expected: str) -> Claim:
    shown = f"{found.violated}, after {found.states:,} states" if found.violated else _told(found)
    if found.violated != expected:
        shown += f"; {expected} was to be violated"
    return Claim(f"The check would find this: {text}.", found.violated == expected, shown)


def _body(found: Check, old: dict[str, Check]) -> str:
    rows = [("as it is", _told(found))]
    rows += [(OLD[name][0], _told(one)) for name, one in old.items()]
    body = section(
        "What was explored",
        "The interrupt may enter between any two statements of the main loop that touch a shared "
        "word. Button levels, commands and the main loop's choices come in any order, as often as "
        "they like; a sudden fault of either class comes once, a lost link at any time, and the "
        "cartridge is taken out or put in once. Times are not modelled, but that the interrupt "
        "looks several times while the main loop sleeps. Constants and transition table are made "
        "from the firmware's, and a test plays the model's interrupt against the firmware's on the "
        "same words. Main loop, person and host are modelled by hand: their likeness to the code "
        "is a reader's judgement, not a test's.",
        _picture(found, old) + table(("behaviour", "found"), rows),
    )
    for name, one in {"as it is": found, **old}.items():
        if one.trail:
            steps = escape("\n".join(one.trail))
            title = OLD[name][0] if name in OLD else name
            body += section(f"The way there: {title}", "", f"<pre>{steps}</pre>")
    return body + section("The model", "", f"<pre>{escape(MODEL.read_text())}</pre>")


def _picture(found: Check, old: dict[str, Check]) -> str:
    """How many states were looked at: all, or until an old behaviour was found."""
    from matplotlib.figure import Figure

    from penloop.svg import svg

    named = {"as it is: all": found} | old
    figure = Figure(figsize=(9.0, 0.6 + 0.35 * len(named)), layout="constrained")
    ax = figure.subplots()
    colours = [palette.ALARM if one.violated else palette.TRUE for one in named.values()]
    ax.barh([*named], [max(one.states, 1) for one in named.values()], color=colours, height=0.6)
    ax.set_xscale("log")
    ax.set_xlabel("states until the end (green) or until a violation (red)")
    ax.invert_yaxis()
    return svg(figure)


PART = Part("interplay", "Interrupt, main loop, host and button in every order", make)
