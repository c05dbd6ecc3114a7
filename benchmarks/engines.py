"""The same run on the three engines by turns, compared with the in-process one."""

import statistics
import time

from benchmarks.scenes import in_contact
from pensim.engines import ENGINES

SPAN_S = 2.0
REPEATS = 3
GOALS = {"cpython": 1, "micropython": 3, "micropython32": 12}


def spent_s(engine):
    """Wall seconds of the span."""
    with in_contact(engine=engine) as bench:
        start = time.perf_counter()
        bench.run(SPAN_S)
        return time.perf_counter() - start


def main():
    """Prints each engine's time as a multiple of the in-process engine's."""
    turns = [{engine: spent_s(engine) for engine in ENGINES} for _ in range(REPEATS)]
    for engine in ENGINES:
        ratio = statistics.median(turn[engine] / turn["cpython"] for turn in turns)
        best = min(turn[engine] for turn in turns) / SPAN_S * 1000
        print(f"engine {engine:14s} {best:7.2f} us a simulated ms, {ratio:5.2f} times cpython "
              f"(goal {GOALS[engine]})")  # fmt: skip


if __name__ == "__main__":
    main()
