"""The measures that every run gets without being asked: what a firmware's change may do."""

from collections.abc import Callable
from functools import lru_cache
from math import nan

from penloop import measures
from penloop.measures import Spread
from penloop.scenarios import vocabulary
from penloop.scenarios.measure import Figure, Measure, read_measure
from penloop.scenarios.vocabulary import Log
from pensim import Trace

_SENTENCES = {
    "time to the first start": "time from power-up to start",
    "length of the treatment": "time from start to stop",
    "time from the stop to parked": "time from stop to parked",
    "greatest depth in skin": "greatest needle depth",
    "punctures": "final punctures",
    "strokes": "final strokes",
    "peak current": "greatest peak current",
    "lowest battery voltage": "least battery",
    "hottest winding": "greatest winding temperature",
}


@lru_cache(maxsize=1)
def usual_measures() -> tuple[Measure, ...]:
    """In the order in which they are shown; a fault that never came has no time."""
    return (
        _held("rate held in skin, lowest", lambda spread: spread.low),
        _held("rate held in skin, mean", lambda spread: spread.mean),
        _held("rate held in skin, highest", lambda spread: spread.high),
        _turns("slowest turn in skin", lambda spread: spread.low),
        _turns("fastest turn in skin", lambda spread: spread.high),
        *(read_measure(name, text) for name, text in _SENTENCES.items()),
        Measure("charge used", "of the cell", "uAh", _charge),
        *(_fault_time(name) for name in vocabulary.FAULTS),
    )


def _held(name: str, choose: Callable[[Spread], float]) -> Measure:
    figure = _of_spread(measures.rate_held_hz, choose)
    return Measure(name, "true, means of 0.2 s in full contact", "mHz", figure)


def _turns(name: str, choose: Callable[[Spread], float]) -> Measure:
    figure = _of_spread(measures.rate_of_turns_hz, choose)
    return Measure(name, "true rate of a single turn", "mHz", figure)


def _of_spread(spread_hz: Callable[[Trace], Spread | None], choose: Callable[[Spread], float]) -> (
    Figure
):  # fmt: skip
    def figure(trace: Trace, _log: Log) -> float:
        spread = spread_hz(trace)
        return nan if spread is None else 1e3 * choose(spread)

    return figure


def _charge(trace: Trace, _log: Log) -> float:
    return 1e3 * measures.battery_used_mah(trace)


def _fault_time(fault: str) -> Measure:
    def figure(trace: Trace, log: Log) -> float:
        times_us = vocabulary.occurrences(trace, log, f"fault {fault}")
        return float(times_us[0]) if times_us else nan

    return Measure(f"fault {fault} at", f"time from power-up to fault {fault}", "us", figure)
