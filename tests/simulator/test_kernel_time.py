"""The kernel's contract with the runner: time, edges, checkpoint."""

import random

import pytest

from pensim.plant.parameters import PenParameters
from pensim.plant.presets import NO_CARTRIDGE, SKINS
from tests.simulator.test_plant_oracle import driven_kernel, new_kernel, run_to

AIR = PenParameters(cartridge=NO_CARTRIDGE)
STATE = """t_us now_us theta omega lift energy sector alpha turns strokes turn_us levels changed
    pending inside deflection deflection_t_us touch_floor hole contact ramping penetration_row
    skin_work_j punctures travel speed2 shunt_a peak_a friction_heat_j""".split()


def state(kernel):
    return [getattr(kernel, name) for name in STATE]


def on_skin(duty_u16=32_000, zone="cheek"):
    pen = PenParameters(skin=SKINS[zone])
    return driven_kernel(pen, duty_u16, 0.75e-3, 0.0, duty_u16 * 0.0215)


def test_call_ends_at_its_time_or_at_an_edge_before_it():
    kernel, ends = on_skin(), random.Random(1)
    for _ in range(2000):
        start, until = kernel.now_us, kernel.now_us + ends.choice([0, 1, 2, 200, 800, 3000])
        reached = kernel.advance(until)
        assert start <= reached <= until
        assert reached == until or kernel.changed
        assert abs(kernel.t_us - reached) < 1.0 if kernel.changed else 0.5 + 1e-9
        assert isinstance(reached, int)


def test_call_to_the_present_changes_nothing():
    kernel = on_skin()
    run_to(kernel, 12_345)
    before = state(kernel)
    assert kernel.advance(12_345) == 12_345
    assert state(kernel) == before


def test_levels_and_changed_bits_tell_the_same_story():
    kernel = on_skin()
    levels = kernel.levels
    for n in range(1, 500):
        kernel.advance(n * 200)
        assert kernel.levels == levels ^ kernel.changed
        levels = kernel.levels


def test_restore_gives_the_identical_continuation():
    kernel, ends = on_skin(12_000, "scar"), random.Random(2)
    for _ in range(300):
        run_to(kernel, kernel.now_us + ends.randrange(1, 3000))
        kernel.save()
        before = state(kernel)
        until = kernel.now_us + ends.randrange(1, 5000)
        first = (kernel.advance(until), state(kernel))
        kernel.restore()
        assert state(kernel) == before
        second = (kernel.advance(until), state(kernel))
        assert second == first


def test_restore_forgets_punctures_that_did_not_happen():
    kernel = on_skin()
    run_to(kernel, 50_000)
    kernel.drain_punctures()
    kernel.save()
    run_to(kernel, 100_000)
    kernel.restore()
    assert kernel.drain_punctures() == []
    run_to(kernel, 100_000)
    assert len(kernel.drain_punctures()) == pytest.approx(5, abs=1)


def test_shorter_run_after_restore_shows_no_edge_that_the_longer_one_did_not():
    kernel, ends = on_skin(), random.Random(3)
    for _ in range(2000):
        kernel.save()
        reached = kernel.advance(kernel.now_us + 5000)
        kernel.restore()
        before = kernel.levels
        for back in (1, 1, ends.randrange(1, 400)):
            if reached - back > kernel.now_us:
                kernel.restore()
                assert kernel.advance(reached - back) == reached - back
                assert (kernel.changed, kernel.levels) == (0, before)
        run_to(kernel, reached + ends.randrange(3))


def turns_in_a_second(duty_u16, *spans_us):
    """Turns of a kernel on skin when its calls take `spans_us` by turns."""
    kernel, n = on_skin(duty_u16), 0
    while kernel.now_us < 1_000_000:
        run_to(kernel, min(kernel.now_us + spans_us[n % len(spans_us)], 1_000_000))
        n += 1
    return kernel.turns + kernel.theta / 6.283185307179586


@pytest.mark.parametrize(("duty_u16", "spread"), [(12_000, 2e-4), (32_000, 1e-4), (42_000, 1e-4)])
def test_splitting_calls_otherwise_leaves_the_mean_speed(duty_u16, spread):
    """Calls end steps, so the spread is the integrator's own accuracy (a tenth of the 0.1 %
    that is asked), and vanishes with it in fine calls."""
    coarse = [
        turns_in_a_second(duty_u16, *spans_us)
        for spans_us in ((200, 800), (1000,), (137, 613, 250), (20,))
    ]
    assert max(coarse) / min(coarse) - 1.0 < spread
    fine = turns_in_a_second(duty_u16, 20), turns_in_a_second(duty_u16, 17, 3)
    assert fine[0] == pytest.approx(fine[1], rel=1e-6)


def test_resting_pen_takes_long_calls():
    kernel = new_kernel(AIR)
    assert kernel.advance(3_600_000_000) == 3_600_000_000
    assert (kernel.omega, kernel.changed) == (0.0, 0)


def test_rocking_about_dead_centre_counts_one_stroke():
    kernel = new_kernel(AIR)
    kernel.set_bridge_faults(False, True)
    kernel.place(3.1, 40.0)
    for _ in range(10):
        run_to(kernel, kernel.now_us + 2_000)
        kernel.omega = -kernel.omega
    assert kernel.strokes <= 1


def test_time_of_a_turn_is_that_between_dead_centres():
    kernel = driven_kernel(AIR, 32_000, 0.0, 0.0, 700.0)
    run_to(kernel, 300_000)
    strokes = kernel.strokes
    run_to(kernel, 500_000)
    mean_us = 200_000 / (kernel.strokes - strokes)
    assert kernel.turn_us == pytest.approx(mean_us, rel=0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda kernel: kernel.place(4.0, 0.0), "wrap it first"),
        (lambda kernel: kernel.set_pwm_frequency(0.0), "not above 0"),
        (lambda kernel: kernel.set_extra_friction(-1.0), "friction only resists"),
        (lambda kernel: kernel.set_contact(1.5, 0.0), "share 0"),
        (lambda kernel: kernel.set_contact(1.0, -2.0), "rate >= 0"),
    ],
)
def test_impossible_input_is_refused_with_a_remedy(call, words):
    with pytest.raises(ValueError, match=words):
        call(new_kernel(AIR))
