"""Needles in the skin: insertion, deflection, stall, energy, the log of punctures."""

from dataclasses import replace

import pytest

from pensim.plant.kernel import RING_SIZE
from pensim.plant.parameters import Battery, PenParameters, Skin
from pensim.plant.presets import CARTRIDGES, NO_CARTRIDGE, SKINS
from tests.simulator.test_plant_oracle import driven_kernel, run_to

STIFF = Skin(stiffness_n_per_m=1e6, damping_ns_per_m=1e5, puncture_force_n=0.0)


def test_stroke_takes_the_work_of_facts():
    """12 needles x 0.15 N x 1.5 mm / 2 = 1.35 mJ in, and 21 % of it again on the way out."""
    kernel = driven_kernel(PenParameters(skin=STIFF), 40_000, 1.5e-3, 0.0, 700.0)
    run_to(kernel, 8_000)
    assert kernel.strokes == 1
    assert not kernel.inside
    assert kernel.skin_work_j == pytest.approx(1.21 * 1.35e-3, rel=0.01)


def test_needle_force_per_needle_is_full_at_its_depth():
    skin = replace(STIFF, puncture_force_n=0.02)
    kernel = driven_kernel(PenParameters(skin=skin), 40_000, 1.5e-3, 0.0, 700.0)
    kernel.advance(1)
    while kernel.penetration() < 0.75e-3:
        run_to(kernel, kernel.now_us + 5)
    expected = 12 * (0.02 + 0.13 * kernel.penetration() / 1.5e-3)
    assert kernel.needle_force() == pytest.approx(expected, rel=1e-6)


def test_lubrication_and_tip_area_scale_the_work():
    def work(lubrication, force_factor):
        pen = PenParameters(
            skin=replace(STIFF, lubrication=lubrication),
            cartridge=replace(CARTRIDGES["12 needles"], force_factor=force_factor),
        )
        kernel = driven_kernel(pen, 40_000, 1.0e-3, 0.0, 700.0)
        run_to(kernel, 8_000)
        return kernel.skin_work_j

    assert work(0.5, 1.0) == pytest.approx(0.5 * work(1.0, 1.0), rel=0.01)
    assert work(1.0, 0.5) == pytest.approx(0.5 * work(1.0, 1.0), rel=0.01)


def test_softer_skin_gives_way_and_is_pierced_less_deep():
    depths = []
    for stiffness in (3000.0, 1000.0, 300.0):
        skin = Skin(stiffness_n_per_m=stiffness, damping_ns_per_m=0.022 * stiffness)
        kernel = driven_kernel(PenParameters(skin=skin), 36_000, 0.75e-3, 0.0, 690.0)
        run_to(kernel, 500_000)
        depths.append(kernel.drain_punctures()[-1][1])
    assert 750 > depths[0] > depths[1] > depths[2] > 300


def test_deflected_skin_relaxes_in_its_own_time():
    kernel = driven_kernel(PenParameters(), 32_000, 1.0e-3, 0.0, 690.0)
    run_to(kernel, 100_000)
    kernel.set_standoff(0.01)
    run_to(kernel, 110_000)
    kernel.set_duty_u16(0)
    kernel.record(110_000)
    before_um = kernel.row[8]
    run_to(kernel, 132_222)  # one time constant, 40 / 1800 s
    kernel.record(132_222)
    assert before_um > 20
    assert kernel.row[8] == pytest.approx(before_um * 0.3679, abs=1.0)


def test_every_stroke_in_contact_logs_one_puncture_with_its_depth():
    kernel = driven_kernel(PenParameters(), 32_000, 0.75e-3, 0.0, 690.0)
    run_to(kernel, 200_000)
    log = kernel.drain_punctures()
    assert len(log) == kernel.punctures == kernel.strokes
    times = [time_us for time_us, _ in log]
    assert times == sorted(times)
    assert all(600 < deep_um < 750 for _, deep_um in log)
    assert kernel.drain_punctures() == []


def test_log_keeps_the_last_punctures_when_nobody_drains_it():
    kernel = driven_kernel(PenParameters(), 40_000, 0.5e-3, 0.0, 840.0)
    run_to(kernel, 1_000_000)
    log = kernel.drain_punctures()
    assert kernel.punctures > RING_SIZE
    assert len(log) == RING_SIZE
    assert log[-1][0] > 990_000


@pytest.mark.parametrize("change", ["standoff", "contact", "cartridge", "skin"])
def test_no_puncture_without_contact(change):
    kernel = driven_kernel(PenParameters(), 32_000, 0.75e-3, 0.0, 690.0)
    run_to(kernel, 50_000)
    if change == "standoff":
        kernel.set_standoff(1e-3)
    elif change == "contact":
        kernel.set_contact(0.0, 20.0)
    elif change == "cartridge":
        kernel.set_cartridge(NO_CARTRIDGE)
    else:
        kernel.set_skin(SKINS["none"])
    run_to(kernel, 110_000)
    before = kernel.punctures
    run_to(kernel, 200_000)
    assert before > 0
    assert kernel.punctures == before
    assert kernel.strokes > before + 8


def test_contact_comes_and_goes_linearly():
    kernel = driven_kernel(PenParameters(), 32_000, 0.75e-3, 0.0, 690.0)
    kernel.set_contact(0.0, 0.0)
    kernel.set_contact(1.0, 20.0)
    run_to(kernel, 20_000)
    assert kernel.contact == pytest.approx(0.4, abs=1e-3)
    run_to(kernel, 60_000)
    assert kernel.contact == 1.0
    kernel.set_contact(0.25, 10.0)
    run_to(kernel, 100_000)
    assert kernel.contact == pytest.approx(0.6, abs=1e-3)


def test_tough_skin_stalls_a_slow_motor_and_not_a_fast_one():
    pen = PenParameters(skin=SKINS["scar"])
    slow = driven_kernel(pen, 9_000, 1.5e-3, 0.0, 157.0)  # 25 Hz
    run_to(slow, 300_000)
    assert abs(slow.omega) < 0.1
    assert slow.strokes <= 1
    fast = driven_kernel(pen, 36_000, 1.5e-3, 0.0, 691.0)  # 110 Hz
    run_to(fast, 300_000)
    assert fast.strokes > 25
    assert fast.omega > 500.0


def test_same_slow_motor_turns_in_the_air():
    kernel = driven_kernel(PenParameters(), 9_000, 1.5e-3, 0.0, 157.0)
    kernel.set_standoff(0.01)
    run_to(kernel, 300_000)
    assert kernel.strokes > 5


def test_stalled_motor_kicks_back_when_its_drive_goes():
    kernel = driven_kernel(PenParameters(skin=SKINS["scar"]), 9_000, 1.5e-3, 0.0, 157.0)
    run_to(kernel, 100_000)
    stalled_at, depth = kernel.theta, kernel.penetration()
    assert depth > 100e-6
    kernel.set_duty_u16(0)
    speeds = []
    for n in range(101, 250):
        run_to(kernel, n * 1000)
        speeds.append(kernel.omega)
    assert min(speeds) < -10.0
    assert kernel.theta < stalled_at - 1.0
    assert not kernel.inside
    assert kernel.omega == 0.0
    assert [deep_um for _, deep_um in kernel.drain_punctures()] == [
        pytest.approx(depth * 1e6, abs=1)
    ]


def test_reentry_into_a_hole_meets_its_friction_only():
    kernel = driven_kernel(PenParameters(skin=SKINS["scar"]), 9_000, 1.5e-3, 0.0, 157.0)
    run_to(kernel, 100_000)
    hole, fresh = kernel.hole, kernel.gain_puncture + kernel.gain_depth * kernel.hole
    kernel.set_protrusion(1.45e-3)  # back by less than the hole is deep
    kernel.set_duty_u16(10_000)
    run_to(kernel, 101_000)
    assert 0.0 < kernel.penetration() < hole
    assert kernel.needle_force() <= 0.21 * fresh


def test_energy_is_conserved_in_contact_over_a_second():
    """What the cell gives is winding and circuit heat, friction, skin work and what is stored."""
    pen = PenParameters(battery=Battery(resistance_ohm=0.0, quiescent_a=0.0))
    kernel = driven_kernel(pen, 32_000, 0.75e-3, 0.0, 690.0)
    kernel.flush()
    stored = kernel.energy
    run_to(kernel, 1_000_000)
    kernel.flush()
    supplied = kernel.voc * kernel.battery_charge_c
    spent = kernel.winding_heat_j + kernel.circuit_ohm * kernel.current2_a2s
    spent += kernel.friction_heat_j + kernel.skin_work_j + kernel.energy - stored
    assert supplied > 0.1
    assert spent == pytest.approx(supplied, rel=0.005)
    assert spent == pytest.approx(supplied, rel=1e-6)


def test_skin_work_is_force_times_way():
    """The kernel's sum against a sum over fine samples of force and needle travel."""
    kernel = driven_kernel(PenParameters(), 32_000, 0.75e-3, 0.0, 690.0)
    work, force, way = 0.0, 0.0, kernel.radius * kernel.lift
    for until_us in range(5, 30_000, 5):
        run_to(kernel, until_us)
        next_force, next_way = kernel.needle_force(), kernel.radius * kernel.lift
        work += 0.5 * (force + next_force) * (next_way - way)
        force, way = next_force, next_way
    assert work == pytest.approx(kernel.skin_work_j, rel=0.01)
