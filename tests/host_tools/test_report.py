"""Measures, puncture map and pictures, on traces made by hand where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from penfw import faults, states
from penloop import face, measures, panels, report
from penloop.puncture_map import (
    SWATH_MM,
    ZONES,
    Zone,
    ZonePunctures,
    needle_pattern,
    zone_punctures,
)
from pensim.operator import Hand
from pensim.trace import Column, Trace, TraceHeader

ROW_US = 1000


def trace(columns, operator=()):
    """A trace of 1 ms rows from columns of plain lists."""
    count = len(next(iter(columns.values())))
    pairs = [(Column(name, ""), np.array(rows, np.int64)) for name, rows in columns.items()]
    header = TraceHeader({"operator": list(operator)}, {})
    return Trace(np.arange(count) * ROW_US, pairs, header)


def treated(rate_mhz, contact=1000):
    count = len(rate_mhz)
    return {
        "pen.state": [states.RUNNING] * count,
        "plant.contact": [contact] * count,
        "plant.rate": rate_mhz,
    }


def test_the_held_rate_is_the_mean_of_windows_of_200_ms():
    made = trace(treated([110_000] * 200 + [112_000] * 200 + [90_000] * 150))
    held = measures.rate_held_hz(made)
    assert (held.low, held.high, held.count) == (110.0, 112.0, 2)  # the last window is not whole
    assert held.mean == pytest.approx(111.0)


def test_windows_lie_in_full_contact_only():
    columns = treated([110_000] * 900)
    columns["plant.contact"] = [0] * 100 + [500] * 50 + [1000] * 450 + [0] * 300
    columns["plant.rate"][:150] = [50_000] * 150
    columns["plant.rate"][600:] = [50_000] * 300
    held = measures.rate_held_hz(trace(columns))
    assert (held.low, held.high, held.count) == (110.0, 110.0, 2)


def test_without_contact_there_is_no_held_rate():
    assert measures.rate_held_hz(trace(treated([110_000] * 500, contact=0))) is None


def test_a_stroke_has_its_deepest_penetration_and_the_time_of_its_end():
    made = trace(
        {
            "plant.punctures": [0, 0, 0, 1, 1, 1, 1, 2, 2, 2],
            "plant.penetration": [0, 300, 640, 200, 0, 0, 500, 510, 0, 400],
        }
    )
    strokes = measures.strokes_in_skin(made)
    assert strokes.depth_mm.tolist() == [0.64, 0.51]
    assert strokes.time_s.tolist() == [0.003, 0.007]
    nothing = trace({"plant.punctures": [0, 0], "plant.penetration": [0, 0]})
    assert len(measures.strokes_in_skin(nothing).depth_mm) == 0


def test_reaction_times_count_from_the_physical_cause():
    stall = 1 << faults.STALL
    made = trace(
        {
            "pen.faults": [0] * 60 + [stall] * 140,
            "pen.duty": [30_000] * 61 + [0] * 139,
            "pen.state": [states.RUNNING] * 60 + [states.PARKING] * 90 + [states.FAULT] * 50,
            "plant.angle": [170_000] * 140 + [359_000] * 60,
            "plant.rate": [0] * 200,
        },
        operator=[(5_000, "press"), (10_000, "motor_jammed on"), (120_000, "motor_jammed off")],
    )
    (event,) = measures.fault_events(made)
    assert (event.name, event.reaction, event.cause) == ("stall", "PARK", "motor_jammed")
    assert event.since_cause_ms(event.latched_s) == pytest.approx(50.0)
    assert event.since_cause_ms(event.off_s) == pytest.approx(51.0)
    assert event.since_cause_ms(event.parked_s) == pytest.approx(140.0)


def test_a_park_that_was_not_reached_is_not_parked():
    word = 1 << faults.STALL | 1 << faults.PARK_NOT_REACHED
    made = trace(
        {
            "pen.faults": [0, word, word],
            "pen.duty": [0, 0, 0],
            "pen.state": [states.RUNNING, states.FAULT, states.FAULT],
            "plant.angle": [0, 0, 0],
            "plant.rate": [0, 0, 0],
        }
    )
    events = measures.fault_events(made)
    assert {event.parked_s for event in events} == {None}
    assert {event.since_cause_ms(event.latched_s) for event in events} == {None}


@pytest.mark.parametrize("count", [1, 6, 11, 12, 14, 36, 42])
def test_needles_stand_apart_and_within_the_swath(count):
    pattern = needle_pattern(count)
    assert pattern.shape == (count, 2)
    radii = np.hypot(*pattern.T)
    assert radii.max() <= SWATH_MM / 2
    apart = np.abs(pattern[:, None] - pattern[None]).sum(axis=2) + np.eye(count) * 10
    assert apart.min() > 0.25


def test_density_is_needles_times_rate_over_hand_speed_and_swath():
    moves = [
        Hand("forehead", 0.0, (row + 0.5) * 5e-3, 0.03, row * 3_000_000, True) for row in range(4)
    ]
    times = np.arange(0, 12, 1 / 110)
    strokes = measures.Strokes(times, np.full(len(times), 0.5))
    (zone,) = zone_punctures(strokes, moves, 12)
    assert len(zone) == 12 * len(times)
    expected = 12 * 110 / (3.0 * 0.5)
    assert zone.density_per_cm2() == pytest.approx(expected, rel=0.08)
    left = zone.x_mm.min() - ZONES["forehead"].left_mm
    assert -SWATH_MM / 2 <= left <= 0


def test_a_stroke_belongs_to_the_zone_under_the_hand_at_its_time():
    moves = [
        Hand("forehead", 0.0, 0.0, 0.03, 0, True),
        Hand("forehead", 0.03, 0.0, 0.0, 1_000_000, False),
        Hand("cheek", 0.0, 0.01, -0.02, 2_000_000, True),
        Hand("scar", 0.0, 0.0, 0.0, 4_000_000, True),
    ]
    strokes = measures.Strokes(np.array([0.5, 3.0, 5.0]), np.array([0.6, 0.5, 0.4]))
    forehead, cheek = zone_punctures(strokes, moves, 1)
    assert (forehead.x_mm[0], forehead.depth_mm[0]) == (ZONES["forehead"].left_mm + 15.0, 0.6)
    assert cheek.x_mm[0] == pytest.approx(ZONES["cheek"].left_mm - 20.0)
    assert cheek.y_mm[0] == pytest.approx(ZONES["cheek"].top_mm + 10.0)


def test_cells_of_the_map_hold_count_and_mean_depth():
    zone = Zone("z", "Z", 0, 0, 10, 10)
    xs, ys, depths = (np.array(v, float) for v in ([-0.2, 0.1, 0.2], [0.1, 0.1, 0.7], [1, 2, 3]))
    left, top, count, depth = report.cells(ZonePunctures(zone, 3, xs, ys, depths), 0.5)
    assert (left, top) == (-0.5, 0.0)
    assert count.tolist() == [[1, 1], [0, 1]]
    assert depth.tolist() == [[1.0, 2.0], [0.0, 3.0]]


def test_thinning_out_keeps_ends_extremes_and_the_moments_worth_a_look():
    times = np.arange(50_000) / 1e3
    values = np.zeros(50_000)
    values[31_234], values[7] = 5.0, -3.0
    line = panels.Series("line", "red", times, values)
    thin = panels.thinned(line, [], 1000)
    assert len(thin.values) <= 1004
    assert (thin.values.max(), thin.values.min()) == (5.0, -3.0)
    assert thin.time_s[thin.values.argmax()] == 31.234
    assert (thin.time_s[0], thin.time_s[-1]) == (0.0, times[-1])
    assert (np.diff(thin.time_s) > 0).all()
    closer = panels.thinned(line, [(10.0, 10.5)], 1000).time_s
    assert ((closer >= 10.0) & (closer <= 10.5)).sum() == 501
    dots = replace(line, dots=True)
    assert panels.thinned(dots, [], 1000) is dots


def test_the_face_is_symmetric_and_holds_the_zones():
    lines = face.face_lines()
    points = np.concatenate(lines)
    assert points[:, 0].max() == pytest.approx(-points[:, 0].min())
    for zone in ZONES.values():
        assert points[:, 0].min() < zone.left_mm
        assert zone.left_mm + zone.width_mm < points[:, 0].max()
        assert points[:, 1].min() < zone.top_mm
        assert zone.top_mm + zone.height_mm < points[:, 1].max()
