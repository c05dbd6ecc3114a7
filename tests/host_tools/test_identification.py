"""The parts of `penloop identify`: evidence, windows, closed form, twin, verdicts."""

from dataclasses import replace

import numpy as np
import pytest

from penloop.errors import UserError
from penloop.identification import contact, evidence, windows
from penloop.identification.evidence import Evidence
from penloop.identification.fit import fit
from penloop.identification.model import NAMES, Guess
from penloop.identification.regression import regress
from penloop.identification.twin import replay
from penloop.identification.verdict import verdicts
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import PENS, SKINS
from pensim.trace import Column, Trace

BASE = Guess(PenParameters(), SKINS["cheek"])
R_OHM, K, J, FRICTION_NM = 1.3, 2.4e-3, 7e-8, 1.6e-4
PERIOD_S = 0.002


FINE_S = 0.0002


def evidence_with(duty, rate_hz, current_a, depth_m=None, period_s=PERIOD_S):
    """Evidence at 4 V."""
    count = len(duty)
    return Evidence(
        time_s=np.arange(count) * period_s,
        rate_hz=np.asarray(rate_hz, float),
        duty=np.asarray(duty, float),
        current_a=np.asarray(current_a, float),
        open_v=np.full(count, 4.0),
        battery_ohm=0.0,
        depth_m=depth_m,
        housing_c=25.0,
        needles=None,
        missing=(),
        about={},
    )


def step_response(steps=12, noise_a=0.0):
    """A motor under steps of the voltage, by the closed form of a first-order lag."""
    rng = np.random.default_rng(1)
    tau_s = R_OHM * J / K**2
    local_s = np.arange(0, 0.4, FINE_S)
    speed, duty, current = 2 * np.pi * 80.0, [], []
    speeds = []
    for number in range(steps):
        volts = (1.3, 2.0)[number % 2]
        end = (volts - R_OHM * FRICTION_NM / K) / K
        piece = end + (speed - end) * np.exp(-local_s / tau_s)
        duty += [volts / 4.0] * len(local_s)
        speeds += piece.tolist()
        current += ((volts - K * piece) / R_OHM).tolist()
        speed = end + (speed - end) * np.exp(-0.4 / tau_s)
    noisy = np.array(current) + noise_a * rng.standard_normal(len(current))
    return evidence_with(duty, np.array(speeds) / (2 * np.pi), noisy, period_s=FINE_S)


@pytest.fixture
def undelayed(monkeypatch):
    """Rates that are told at once, as the closed form's are."""
    monkeypatch.setattr(windows, "DELAY_S", 0.0)
    monkeypatch.setattr(windows, "DELAY_TURNS", 0.0)


@pytest.mark.parametrize("noise_a", [0.0, 0.01])
def test_the_closed_form_finds_the_parameters_of_a_step_response(undelayed, noise_a):
    run = step_response(noise_a=noise_a)
    found = regress(windows.means(run, windows.cut(run)), 0.0)
    assert found == pytest.approx([R_OHM, K, J, FRICTION_NM], rel=0.01)


def test_no_window_lies_over_a_gap_or_a_current_out_of_its_range(undelayed):
    run = step_response()
    cut = run.time_s + np.where(run.time_s > 2.0, 0.5, 0.0)
    over = run.current_a.copy()
    over[20_000] = -1.5
    found = windows.cut(replace(run, time_s=cut, current_a=over))
    assert found
    for low, high in found:
        assert not low <= 10_000 < high
        assert not low <= 20_000 < high


def test_windows_begin_and_end_steadily(undelayed):
    run = step_response()
    for low, high in windows.cut(run):
        assert np.ptp(run.rate_hz[low - 20 : low + 20]) < 0.02 * run.rate_hz[low]
        assert np.ptp(run.rate_hz[high - 20 : high + 20]) < 0.02 * run.rate_hz[high]


def on_and_off_skin(more_a):
    """A second off the skin, two in it, one off it, at one rate."""
    time_s = np.arange(0, 4, PERIOD_S)
    inside = (time_s > 1) & (time_s < 3)
    noise = np.random.default_rng(2).standard_normal(len(time_s)) * 0.005
    depth_m = np.full(len(time_s), 0.5e-3)
    current = 0.05 + more_a * inside + noise
    return evidence_with(np.full(len(time_s), 0.4), np.full(len(time_s), 95.0), current, depth_m)


def test_skin_is_seen_by_its_current():
    run = on_and_off_skin(0.03)
    found = contact.find(run, windows.means(run, windows.cut(run)))
    assert found.depths_m == (0.0005,)
    assert found.seconds == pytest.approx(2.0, abs=0.4)
    assert not found.touching[run.time_s < 0.7].any()


def test_no_skin_is_seen_where_there_is_none():
    run = on_and_off_skin(0.0)
    assert not contact.find(run, windows.means(run, windows.cut(run))).touching.any()


def driven(pen, duty):
    """What a pen's twin measures under a duty."""
    still = np.zeros(len(duty))
    return replay(evidence_with(duty, still, still), pen)


def test_a_twin_settles_where_the_closed_form_says():
    pen = PENS["reference"]
    run = driven(pen, np.full(2000, 0.45))
    rate_hz, current_a = run.rate_hz[-500:].mean(), run.current_a[-500:].mean()
    speed = 2 * np.pi * rate_hz
    ohm = pen.motor.resistance_ohm * (1 + 0.0039 * 3) + BASE.circuit_ohm
    torque = 0.13e-3 + 2e-8 * speed
    assert current_a == pytest.approx(torque / 2.67e-3, rel=0.02)
    assert speed == pytest.approx((0.45 * 4.0 - ohm * current_a) / 2.67e-3, rel=0.003)


def test_the_same_twin_is_the_same_run():
    duty = np.full(800, 0.45)
    assert (driven(PENS["worn"], duty).rate_hz == driven(PENS["worn"], duty).rate_hz).all()


def stepping(seconds):
    """Duty in steps, as the experiment makes them, and then constant."""
    steps = np.repeat([0.45, 0.55, 0.36, 0.6, 0.4, 0.5] * 3, 200)
    return np.concatenate([steps, np.full(int(seconds / PERIOD_S), 0.45)])


def test_the_fit_finds_a_twin_again_from_another_base():
    hidden = BASE.with_values(BASE.values() * [1.2, 0.9, 1.15, 1.2, 1.0, 1.0, 1.0])
    run = driven(hidden.pen, stepping(1.0))
    noise = np.random.default_rng(3).standard_normal(len(run.duty)) * 0.005
    found = fit(replace(run, current_a=run.current_a + noise), BASE, None)
    told = verdicts(found, BASE, None, NAMES[:4])
    assert all(one.told for one in told), told
    for one, true in zip(told, hidden.values()):
        assert one.value == pytest.approx(true, rel=0.003)


def test_a_constant_rate_tells_neither_inertia_nor_friction():
    found = fit(driven(PENS["reference"], np.full(4000, 0.45)), BASE, 12)
    told = {one.parameter.name: one for one in verdicts(found, BASE, 12, NAMES)}
    assert told["torque_constant"].told
    assert "0 steps of the rate off the skin, 6 are needed" in told["inertia"].trouble
    assert "all at one rate" in told["friction"].trouble
    assert "hardly changes" in told["resistance"].trouble
    assert told["puncture_force"].trouble == "no needles in skin"
    assert all("penloop " in one.remedy for one in told.values() if not one.told)


def trace(**columns):
    """A recording of 4 s whose signals are as given, and else plausible."""
    count = 2000
    usual = {"rate": 95_000, "duty": 26_000, "current": 50, "battery": 4000, "state": 6}
    values = {name: np.full(count, value, np.int64) for name, value in usual.items()}
    values |= {name: column for name, column in columns.items() if column is not None}
    kept = [name for name in values if columns.get(name, 0) is not None]
    time_us = np.arange(count) * 2000
    return Trace(time_us, [(Column("pen." + name, ""), values[name]) for name in kept])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda: trace(duty=None), "no duty"),
        (lambda: trace(rate=np.zeros(2000, np.int64)), "did not turn"),
        (lambda: _times(trace(), lambda t: t // 10), "shorter than 2 s"),
        (lambda: _times(trace(), lambda t: t * 10), "50 samples a second"),
        (lambda: _times(trace(), lambda t: t % 3_000_000), "goes back"),
    ],
)
def test_a_recording_that_will_not_do_says_what_to_record(spoil, told):
    with pytest.raises(UserError, match=told) as error:
        evidence.evidence_of(spoil(), "run.parquet", 0.08)
    assert "record" in str(error.value).rpartition(": ")[2] or "penloop" in str(error.value)


def _times(whole, change):
    return Trace(change(whole.time_us), whole.columns()[1:])


def test_samples_that_are_stamped_again_after_a_flash_write_are_passed_over():
    again = _times(trace(), lambda t: t - np.where(t > 3_000_000, 14_000, 0))
    seen = evidence.evidence_of(again, "run.parquet", 0.08)
    assert len(seen.time_s) == 2000 - 7
    assert (np.diff(seen.time_s) > 0).all()


def test_signals_that_are_missing_are_told():
    assert evidence.evidence_of(trace(), "run.parquet", 0.08).missing == ("housing", "depth")


def test_a_file_that_is_no_recording_is_told(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_text("no")
    with pytest.raises(UserError):
        evidence.read(path, 0.08)
