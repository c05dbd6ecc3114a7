"""Cost and memory of long runs: 10, 100 and 1,000 simulated seconds, the trace streamed to a file.

Time is the processor's (other programs do not count), memory the peak of the process.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scenes import in_contact
from pensim.stream import TraceStream

SPANS_S = (10, 100, 1000)


def run(span_s):
    """(processor seconds, peak memory MiB) of one run, in this process.

    A short run comes first: what the first use of the file format loads is no part of the cost.
    Short spans are run several times, the best counts.
    """
    streamed_s(1)
    spent_s = min(streamed_s(span_s) for _ in range(max(50 // span_s, 1)))
    return spent_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def streamed_s(span_s):
    """Processor seconds of a run whose trace goes to a file."""
    bench = in_contact()
    with tempfile.TemporaryDirectory() as folder:
        stream = TraceStream(Path(folder) / "trace.arrows", bench.recorder)
        start = time.process_time()
        bench.run(span_s)
        stream.close()
        return time.process_time() - start


def main():
    """Prints the growth of time and memory."""
    rows = []
    for span_s in SPANS_S:
        code = f"from benchmarks.growth import run; print(*run({span_s}))"
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        spent_s, memory_mib = map(float, out.stdout.split())
        rows.append((span_s, spent_s, memory_mib))
    base = rows[-1][1] / rows[-1][0]
    for span_s, spent_s, memory_mib in rows:
        print(
            f"growth: {span_s:5d} simulated s: {spent_s:7.2f} s of processor time, "
            f"{spent_s / span_s / base:.2f} of the long run's cost a second, {memory_mib:.0f} MiB"
        )


if __name__ == "__main__":
    main()
