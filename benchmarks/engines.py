"""The same run on the three engines by turns, compared with the in-process one.

Three pens run side by side; each engine's figure is its quickest span, as whatever else the
machine does only makes a span longer. Slower engines have shorter ones, so that none is more
likely to be disturbed.
"""

import time
from contextlib import ExitStack

from benchmarks.scenes import in_contact
from pensim.engines import ENGINES

SPAN_S = 0.6
REPEATS = 40
GOALS = {"cpython": 1, "micropython": 3, "micropython32": 12}


def us_per_ms(bench):
    """Wall microseconds for a simulated millisecond."""
    span_s = SPAN_S / GOALS[bench.engine]
    start_s = time.perf_counter()
    bench.run(span_s)
    return (time.perf_counter() - start_s) / span_s * 1e3


def exchanges_per_ms(bench):
    """How often the processor hands over to the firmware: interrupts and requests."""
    engine = bench.board.processor.engine
    count = 0

    def counted(method):
        def call(argument):
            nonlocal count
            count += 1
            return method(argument)

        return call

    engine.interrupt, engine.resume = counted(engine.interrupt), counted(engine.resume)
    bench.run(SPAN_S)
    return count / SPAN_S / 1000


def main():
    """Prints each engine's time as a multiple of the in-process engine's."""
    with ExitStack() as stack:
        benches = {name: stack.enter_context(in_contact(engine=name)) for name in ENGINES}
        turns = [[us_per_ms(bench) for bench in benches.values()] for _ in range(REPEATS)]
        best_us = dict(zip(ENGINES, map(min, zip(*turns))))
        for name, bench in benches.items():
            print(f"engine {name:14s} {best_us[name]:7.2f} us a simulated ms, "
                  f"{best_us[name] / best_us['cpython']:5.2f} times cpython (goal {GOALS[name]}), "
                  f"{exchanges_per_ms(bench):4.2f} exchanges a simulated ms")  # fmt: skip


if __name__ == "__main__":
    main()
