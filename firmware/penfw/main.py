# The board's /main.py: switches the motor off, then starts the version of the firmware that is to
# run. It is itself no part of a version, and the flasher replaces it by one rename.
#
# /version holds three words: the version that runs, the one before it or "-", and the first one's
# trial: "kept", or how often it was started without having shown that it works (penfw/trial.py).
# One that has failed twice, or that the watchdog has bitten, gives way to the one before.
import sys

from machine import Pin

MOTOR_OUTPUTS = (25, 26) if sys.platform == "esp32" else (2, 3)  # as in the pin maps
for number in MOTOR_OUTPUTS:  # before any import that can fail: a PWM outlives a soft reset
    Pin(number, Pin.OUT, value=0)

import os  # noqa: E402

from machine import Timer, reset, reset_cause  # noqa: E402

STARTS = 2  # that a version on trial gets
TRIAL_MS = 10000  # in which each has to show that it works
TRIAL_TIMER = 3 if sys.platform == "esp32" else -1
WDT_RESET = 3
KEPT = "kept"


def content(path):
    """A small file's text; empty where it is not there or is no text."""
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def complete(version):
    """Whether a version is there: its manifest is written last."""
    return bool(content("/versions/" + version + "/manifest"))


def words():
    """The three words of /version, or what comes nearest when it is damaged; none without any."""
    found = content("/version").split()
    right = len(found) == 3 and (found[2] == KEPT or found[2].isdigit())
    if right and complete(found[0]):
        return found
    left = [name for name in found[1:2] + versions() if complete(name)]
    return [left[0], "-", KEPT] if left else ()


def versions():
    """The names of all versions."""
    try:
        return sorted(os.listdir("/versions"))
    except OSError:
        return []


def decide(current, previous, trial):
    """The same three words, as this start makes them."""
    if trial == KEPT:
        return current, previous, trial
    starts = int(trial)
    bitten = starts and reset_cause() == WDT_RESET and "intended" not in os.listdir("/")
    if bitten or starts >= STARTS:  # the first version on a board has none to give way to
        return (current if previous == "-" else previous), "-", KEPT
    return current, previous, str(starts + 1)


def note(decided):
    """Writes /version; a power cut leaves the old words or the new ones."""
    try:
        with open("/version.new", "w") as file:
            file.write(" ".join(decided))
        os.rename("/version.new", "/version")
    except OSError as error:  # a full flash keeps no version from running
        sys.print_exception(error)


def start_again(_timer=None):
    """A start on trial has failed: the next one decides."""
    try:
        open("/intended", "w").close()  # this reset is no watchdog's
    finally:
        reset()


def run(trial_timer):
    """Runs the firmware; returns where it leads to the REPL."""
    from penfw import startup

    startup.run(trial_timer)


def run_on_trial():
    """Runs a version that has to show that it works before the timer ends it."""
    timer = Timer(TRIAL_TIMER)
    timer.init(mode=Timer.ONE_SHOT, period=TRIAL_MS, callback=start_again)
    try:
        run(timer)
    except Exception as error:
        sys.print_exception(error)
        start_again()
    finally:
        timer.deinit()


def handed_over():
    """How the last start ended: "asked" by a host, "failed", or "" for neither."""
    how = content("/handover")
    try:
        if how:
            os.rename("/handover", "/intended")  # its reset was no watchdog's
    except OSError:  # a flash that is damaged is no reason to stay at the prompt for ever
        return ""
    return how


how = handed_over()
found = words()
on_trial = bool(found) and found[2] != KEPT
if how != "asked" and (on_trial or not how):  # a version on trial that failed is started again
    if found:
        decided = decide(*found)
        if list(decided) != content("/version").split():
            note(decided)
        sys.path.insert(0, "/versions/" + decided[0])
        on_trial = decided[2] != KEPT
    if on_trial:
        run_on_trial()
    else:
        run(None)
