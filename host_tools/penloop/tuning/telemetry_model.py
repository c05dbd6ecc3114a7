"""What the pen would tell of a motor with given constants, and when.

A motor answers within a few milliseconds, so it counts when what happens: a voltage is written at
the end of the tick that a row tells of, a current passes the shunt's filter and is sampled at the
beginning of one, every 4 ms, and the rate is the median of the last three that were measured every
4 ms, each over the last whole turn up to the last edge. `delay_s` is from that edge, were it always
new, to the row.
"""

import numpy as np
from scipy.signal import lfilter

from penloop.tuning.capture import GAP_S, PERIOD_S, Capture, Values

GRID_S = 0.5e-3
WRITE_S = 0.15e-3  # from the beginning of a tick to its writing of the duty: 0.1 to 0.2 ms
ROUND_S = 0.05e-3  # by which times of rows may be off
SHUNT_FILTER_S = 0.5e-3
LAW_S = 4e-3  # from one run of the law to the next, and from measurement to measurement
# 4 ms for the median, 2 ms from measurement to law, 1 ms on the mean from law to row.
DELAY_S = 7e-3
EDGES = 6.0  # of the tachometer a turn
SWING_HZ = 50.0  # at which swing_a is told
SLOWEST_HZ = 25.0  # of a rate that the swing is worked out for
FIRST_S = 0.05  # of a capture, for the rate that it begins with
BEGIN_S = 0.15  # of a capture, left out of the comparison: its first turns begin before it
AFTER_GAP_S = 0.08  # left out too: what the voltage was meanwhile is not known


class Stretch:
    """One capture on an even grid of time, at whose times voltages are written."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        start_s, end_s = capture.time_s[0], capture.time_s[-1]
        self.grid_s = np.arange(start_s + WRITE_S, end_s + GRID_S, GRID_S)
        written_s, sampled = _when(capture)
        begun = np.searchsorted(written_s + WRITE_S - ROUND_S, self.grid_s, side="right")
        self.volts = capture.volts[begun - 1]
        self.first_hz = float(capture.rate_hz[capture.time_s < start_s + FIRST_S].mean())
        self.kept = (capture.time_s > start_s + BEGIN_S) & capture.behind_gaps(AFTER_GAP_S)
        rate_hz = np.interp(self.grid_s + DELAY_S, capture.time_s, capture.rate_hz)
        self.swing = (SWING_HZ / np.maximum(rate_hz, SLOWEST_HZ)) ** 3
        self.edge_age_s = 0.5 / (EDGES * capture.rate_hz[self.kept])
        self.sampled_s = sampled[0]
        self.current_a = np.interp(self.grid_s, *sampled)

    def model(self, values: Values) -> tuple[Values, Values, Values]:
        """Rate as the pen would measure it, the current of the same turns, and the measured one.

        `values` are those of response.NAMES, in their order.
        The current swings within a turn, and the law answers that with voltage; only means over
        whole turns tell the motor from the membrane.
        """
        emf, ohm, inertia, friction_a, friction_as, swing_a, delay_s = values
        drag_a = friction_a + swing_a * self.swing
        rate_hz = _speed(self.volts, self.first_hz, emf, ohm, inertia, drag_a, friction_as)
        ends_s = self.capture.time_s[self.kept] - delay_s - self.edge_age_s
        # The middle one of three turns' rates; delay_s is that of the middle one in time.
        befores = (LAW_S, 0.0, -LAW_S)
        spans_s = [_turn_before(self.grid_s, rate_hz, ends_s - before_s) for before_s in befores]
        current_a = self._sampled((self.volts - emf * _middles(rate_hz)) / ohm)
        modelled, measured = (
            (_integral(self.grid_s, one, ends_s) - _integral(self.grid_s, one, ends_s - spans_s[1]))
            / spans_s[1]
            for one in (current_a, self.current_a)
        )
        return 1.0 / np.median(spans_s, axis=0), modelled, measured

    def _sampled(self, current_a: Values) -> Values:
        """As it is behind the filter, and between the samples: what lies there goes unseen."""
        share = np.exp(-GRID_S / SHUNT_FILTER_S)
        filtered, _rest = lfilter([0.0, 1.0 - share], [1.0, -share], current_a, zi=[current_a[0]])
        return np.interp(
            self.grid_s, self.sampled_s, np.interp(self.sampled_s, self.grid_s, filtered)
        )


def _when(capture: Capture) -> tuple[Values, tuple[Values, Values]]:
    """In which tick the voltage of each row was written; times and values of the currents.

    Rows by turns have a new current and a new voltage, and repeat the other. Behind a single lost
    row comes one of the kind before it, which repeats what the lost one had new.
    """
    since_row_s = capture.since_row_s
    single = (since_row_s > 1.5 * PERIOD_S) & (since_row_s <= GAP_S)
    measures = np.diff(capture.current_a, prepend=np.nan) != 0.0
    whole = np.maximum.accumulate(np.where(single, 0, np.arange(len(single))))
    measures = measures[whole]
    before_s = capture.time_s - PERIOD_S
    written_s = np.where(single & measures, before_s, capture.time_s)
    told = measures | single
    sampled_s = np.where(measures, capture.time_s, before_s)[told]
    return written_s, (sampled_s, capture.current_a[told])


def _speed(volts: Values, first_hz: float, emf: float, ohm: float, inertia: float,
           drag_a: Values, friction_as: float) -> Values:  # fmt: skip
    """Exact for voltages that are constant over each step of the grid."""
    stiffness = emf / ohm + friction_as
    share = np.exp(-GRID_S * stiffness / inertia)
    goal_hz = (volts / ohm - drag_a) / stiffness
    driven, _rest = lfilter([0.0, 1.0 - share], [1.0, -share], goal_hz, zi=[first_hz])
    return np.maximum(driven, 0.1)


def _integral(grid_s: Values, values: Values, times: Values) -> Values:
    sums = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * GRID_S)])
    return np.interp(times, grid_s, sums)


def _middles(values: Values) -> Values:
    """Of each step of the grid."""
    return 0.5 * (values + np.append(values[1:], values[-1]))


def _turn_before(grid_s: Values, rate_hz: Values, ends_s: Values) -> Values:
    """How long the whole turn took that ends at each time."""
    turns = np.concatenate([[0.0], np.cumsum(0.5 * (rate_hz[1:] + rate_hz[:-1]) * GRID_S)])
    began_s = np.interp(np.interp(ends_s, grid_s, turns) - 1.0, turns, grid_s)
    return np.maximum(ends_s - began_s, 1e-4)
