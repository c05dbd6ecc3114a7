"""The law that steers the rate, against its formula in floats."""

import itertools
import random

import numpy as np
import pytest

from tests.system.figures.looks import RUN


def expected_duty(control, ramp_mHz, rate_mHz, age_us, current_mA):
    """The law in volts: feed-forward, proportional part, resistance; within current and cell."""
    emf_V = control.emf_q16 / 65536
    wanted_mV = ramp_mHz * emf_V + max(ramp_mHz - rate_mHz, -150_000) * control.kp_q16 / 65536
    wanted_mV += control.integral / 65536 + current_mA * control.ir_q12 / 4096
    told_mV = min(rate_mHz, 1e9 / 6 / (age_us + 1)) * emf_V
    by_current = (told_mV - control.limit_mV, told_mV + control.limit_mV)
    by_cell = (0, control.battery_mV)
    allowed_mV = float(np.clip(np.clip(wanted_mV, *by_current), *by_cell))
    limited = (wanted_mV > by_current[1]) + 2 * (allowed_mV >= control.battery_mV)
    clear = min(abs(wanted_mV - bound) for bound in by_current + by_cell) > 5
    return allowed_mV, wanted_mV, limited, clear


def law_cases(count, seed=1):
    draw = random.Random(seed)
    for _ in range(count):
        rate_mHz = draw.randrange(1_000, 170_000)
        yield {
            "wanted_mHz": draw.choice([0, 25_000, 60_000, 110_000, 150_000]),
            "rate_mHz": rate_mHz,
            "ramp_mHz": max(0, rate_mHz + draw.randrange(-60_000, 40_000)),
            "age_us": draw.choice([0, 100, 1_000, 5_000, 40_000, 300_000]),
            "current_mA": draw.randrange(-800, 2_500),
            "integral_mV": draw.choice([draw.randrange(-1_400, 1_400), -1_500, 1_500]),
            "battery_mV": draw.choice([2_800, 3_700, 4_200]),
        }


def test_the_rate_law_gives_the_voltage_of_its_formula(looks):
    control = looks.control
    limits = set()
    for case in law_cases(600):
        period_us = 1_000_000_000 // case["rate_mHz"]
        looks.set(law=RUN, main_rate_mHz=case["wanted_mHz"], ramp_mHz=case["ramp_mHz"])
        looks.set(period0=period_us, period1=period_us, period2=period_us, age_us=case["age_us"])
        looks.set(integral=case["integral_mV"] << 16, battery_mV=case["battery_mV"])
        looks.signal("current", case["current_mA"])
        ramp_mHz = min(case["ramp_mHz"] + control.slew_mHz, case["wanted_mHz"])
        rate_mHz = 1_000_000_000 // period_us
        volts, wanted, limited, clear = expected_duty(
            control, ramp_mHz, rate_mHz, case["age_us"], case["current_mA"]
        )
        before = control.integral
        control._rate_law(control.values)
        assert control.duty * case["battery_mV"] / 65_535 == pytest.approx(volts, abs=4), case
        assert looks.signal("rate_target") == control.ramp_mHz == ramp_mHz
        assert looks.signal("rate") == rate_mHz
        if not clear:
            continue  # a rounding decides
        assert looks.signal("limited") == limited, case
        limits.add(limited)
        error_mHz = max(ramp_mHz - rate_mHz, -150_000)
        held = volts != wanted and (volts < wanted) != (error_mHz < 0)
        grown = before + (0 if held else error_mHz * control.ki_q16)
        assert control.integral == np.clip(grown, -(1_500 << 16), 1_500 << 16), case
    assert limits == {0, 1, 2, 3}


def test_the_rate_is_that_of_the_middle_one_of_three_turns(looks):
    for periods in itertools.permutations((9_000, 10_000, 12_000)):
        looks.set(law=RUN, **dict(zip(("period0", "period1", "period2"), periods, strict=True)))
        looks.control._rate_law(looks.control.values)
        assert looks.signal("rate") == 100_000


def test_what_would_be_less_than_no_voltage_is_none(looks):
    looks.set(law=RUN, main_rate_mHz=0, ramp_mHz=0, age_us=0, integral=-1_000 << 16)
    looks.set(period0=900_000, period1=900_000, period2=900_000)
    looks.signal("current", 0)
    looks.control._rate_law(looks.control.values)
    assert looks.control.duty == looks.signal("duty") == 0
