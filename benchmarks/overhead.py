"""The full simulation over its own parts, replayed bare in a for-loop on recorded inputs.

The parts are the plant (its integration, its inputs and its sensors) and the firmware (interrupts
and main loop, with the board calls that they make). What the full simulation adds is grants,
events, pins, recorder and bookkeeping.
"""

import statistics
import time
from array import array

from benchmarks.scenes import in_contact
from pensim.board.near._layout import REASON
from pensim.engines import new_words
from pensim.engines.cpython import CPythonEngine
from pensim.plant import Kernel, kernel_name
from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS

SPAN_S = 2.0
REPEATS = 7
INPUTS = REASON  # words that the simulator writes before a grant
SETTERS = ("set_duty_u16", "set_load_switch", "set_protrusion", "set_contact", "set_skin",
           "set_standoff", "set_cartridge", "place")  # fmt: skip


class _Tape:
    """Calls of the two parts in their order: (function name, argument, words or payload)."""

    def __init__(self):
        self.calls = []


class _RecordingKernel:
    """Stands between the simulation and its plant."""

    def __init__(self, kernel, tape):
        self._kernel = kernel
        self._tape = tape

    def __getattr__(self, name):
        value = getattr(self._kernel, name)
        if name in ("advance", "sense", "save", "restore", *SETTERS):

            def call(*arguments):
                self._tape.calls.append((name, arguments, None))
                return value(*arguments)

            return call
        return value


class _RecordingEngine:
    """Stands between the processor and its engine."""

    def __init__(self, engine, words, tape):
        self._engine = engine
        self._words = words
        self._tape = tape
        self.probe = engine.probe
        self.close = engine.close

    def interrupt(self, number):
        self._tape.calls.append(("interrupt", number, self._words[:INPUTS]))
        return self._engine.interrupt(number)

    def resume(self, payload):
        self._tape.calls.append(("resume", payload, self._words[:]))
        return self._engine.resume(payload)


def record():
    """(tape, index of the first timed call, digest): the scene, recorded from power-up."""
    import pensim.bench as bench_module

    tape = _Tape()
    real_kernel = bench_module.Kernel
    bench_module.Kernel = lambda *arguments: _RecordingKernel(real_kernel(*arguments), tape)
    import pensim.board.board as board_module

    real_start = board_module.start_engine
    board_module.start_engine = lambda name, link: _RecordingEngine(
        real_start(name, link), link.words, tape
    )
    try:
        bench = in_contact()
        first = len(tape.calls)
        bench.run(SPAN_S)
        link = bench.board._link(1)
    finally:
        bench_module.Kernel = real_kernel
        board_module.start_engine = real_start
    return tape, first, bench, link


def replay_s(tape, first, bench, link):
    """Seconds that the recorded calls take from `first` on, on fresh parts."""
    link.words = new_words("cpython")
    engine = CPythonEngine(link)
    codes, row = array("i", [0] * 4), array("i", [0] * len(PLANT_SIGNALS))
    kernel = Kernel(flatten(bench.parameters, bench.seed), codes, row)
    _play(tape.calls[:first], engine, kernel, link.words)
    start = time.perf_counter()
    _play(tape.calls[first:], engine, kernel, link.words)
    return time.perf_counter() - start


def _play(calls, engine, kernel, words):
    interrupt, resume, advance, sense = (
        engine.interrupt,
        engine.resume,
        kernel.advance,
        kernel.sense,
    )
    for name, argument, inputs in calls:
        if name == "advance":
            advance(argument[0])
        elif name == "interrupt":
            words[:INPUTS] = inputs
            interrupt(argument)
        elif name == "sense":
            sense(argument[0])
        elif name == "resume":
            words[:] = inputs
            resume(argument)
        else:
            getattr(kernel, name)(*argument)


def full_s():
    """Seconds of the full simulation for the same span."""
    bench = in_contact()
    start = time.perf_counter()
    bench.run(SPAN_S)
    return time.perf_counter() - start


def measure():
    """(ratio, full us a ms, parts us a ms): medians of several runs taken by turns."""
    tape, first, bench, link = record()
    full, parts = [], []
    for _ in range(REPEATS):
        full.append(full_s())
        parts.append(replay_s(tape, first, bench, link))
    ratio = statistics.median(f / p for f, p in zip(full, parts, strict=True))
    scale = 1e6 / (SPAN_S * 1000)
    return ratio, min(full) * scale, min(parts) * scale


def main():
    """Prints the overhead of the kernel that runs."""
    ratio, full_us, parts_us = measure()
    goal = 1.5 if kernel_name() == "compiled" else 1.35
    print(
        f"overhead, {kernel_name()} kernel: full simulation {full_us:.2f} us a simulated ms, its "
        f"parts {parts_us:.2f} us: ratio {ratio:.2f} (goal {goal})"
    )


if __name__ == "__main__":
    main()
