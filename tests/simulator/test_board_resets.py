"""Resets, hard and soft, and how a script ends."""

import pytest

from tests.simulator.board_script import run

COUNTED = """
import machine, os
boots = len(os.listdir()) - 1
open("boot%d" % boots, "w").close()
"""


def test_a_reset_starts_anew_with_inputs_and_says_its_cause():
    outcome = run(
        COUNTED
        + """
out = machine.Pin(2)
print(boots, machine.reset_cause(), out.value())
if boots == 0:
    out.init(machine.Pin.OUT, value=1)
    machine.PWM(machine.Pin(4), freq=1000, duty_u16=65535)
    machine.reset()
"""
    )
    assert outcome.lines == ["0 1 0", "1 3 0"]
    assert outcome.board.gpio.level(2) == 0


def test_a_soft_reset_stops_timers_and_interrupts_but_not_pwm_outputs_or_the_watchdog():
    duties = []

    def prepare(board):
        board.gpio.listen_duty(4, duties.append)

    outcome = run(
        COUNTED
        + """
import time
if boots == 0:
    out = machine.Pin(2, machine.Pin.OUT, value=1)
    machine.PWM(machine.Pin(4), freq=1000, duty_u16=40000)
    timer = machine.Timer(freq=1000, callback=print, hard=True)
    dog = machine.WDT(timeout=1000)
    machine.soft_reset()
print(boots, machine.reset_cause(), machine.Pin(2).value())
if boots == 1:
    time.sleep(5)
""",
        prepare=prepare,
    )
    assert outcome.lines == ["MPY: soft reboot", "1 1 1", "2 3 0"]
    assert duties == [40_000, 0]  # the watchdog's reset ends it


def test_a_script_may_catch_what_soft_reset_raises():
    outcome = run(
        """
        import machine, sys
        try:
            machine.soft_reset()
        except SystemExit:
            print("caught")
        sys.exit(3)
        """
    )
    assert outcome.lines == ["caught"]
    assert outcome.exit_code == 3


def test_code_that_cleans_up_does_not_run_after_a_reset():
    outcome = run(
        COUNTED
        + """
import time
try:
    if boots == 0:
        machine.WDT(timeout=10)
        time.sleep(1)
finally:
    print("finally", boots)
    machine.Pin(2, machine.Pin.OUT, value=1)
"""
    )
    assert outcome.lines == ["finally 1"]


@pytest.mark.parametrize(("ending", "code"), [("sys.exit()", 0), ("sys.exit(7)", 7), ("1 / 0", 1)])
def test_how_a_script_ends_is_known(ending, code):
    outcome = run(f"import sys\n{ending}\n")
    assert outcome.exit_code == code
    assert ("ZeroDivisionError: " in outcome.reports) == (code == 1)


def test_a_script_that_can_never_go_on_is_noticed():
    outcome = run("import machine\nmachine.lightsleep()")
    assert outcome.exit_code is None
    assert "nothing can happen any more" in outcome.reports
