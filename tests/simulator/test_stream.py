"""Traces that are written while they are recorded."""

import signal
import subprocess
import sys

import pytest

from pensim.errors import ScenarioError
from pensim.stream import TraceStream, read_stream
from pensim.trace import read_parquet


def record(make_bench, path=None):
    bench = make_bench(seed=2)
    stream = TraceStream(path, bench.recorder, bench.header()) if path else None
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    bench.run(20.0)
    return bench, stream


def test_a_streamed_trace_is_the_one_in_memory(make_bench, tmp_path):
    plain, _ = record(make_bench)
    _, stream = record(make_bench, tmp_path / "trace.arrows")
    stream.close()
    assert stream.digest.hexdigest() == plain.trace().digest()
    assert read_stream(tmp_path / "trace.arrows").digest() == plain.trace().digest()


def test_a_clean_end_leaves_parquet_and_nothing_else(make_bench, tmp_path):
    bench, stream = record(make_bench, tmp_path / "trace.arrows")
    stream.to_parquet(tmp_path / "trace.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["trace.parquet"]
    trace = read_parquet(tmp_path / "trace.parquet")
    assert trace.digest() == stream.digest.hexdigest()
    assert trace.header.reproduce["seed"] == bench.seed


STORY = """
import sys
from pathlib import Path
from pensim import Bench
from pensim.pacing import Pacer
from pensim.stream import TraceStream

bench = Bench()
bench.recorder.on_beat = Pacer(2.0).keep_up
stream = TraceStream(Path(sys.argv[1]), bench.recorder)
while True:
    bench.run(0.1)
    print(bench.now_s, flush=True)
"""


@pytest.mark.parametrize("life_s", [1.3, 1.9])
def test_a_killed_recording_loses_at_most_one_second(tmp_path, life_s):
    path = tmp_path / "trace.arrows"
    process = subprocess.Popen(
        [sys.executable, "-c", STORY, str(path)], stdout=subprocess.PIPE, text=True
    )
    lived_s = 0.0
    while lived_s < 2.0 * life_s:
        lived_s = float(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    lived_s = float((process.stdout.read().split() or [lived_s])[-1])
    kept_s = read_stream(path).time_s[-1]
    assert lived_s - kept_s < 1.0 * 2.0  # a second of wall time at twice real time


def test_a_file_without_rows_is_told(tmp_path):
    path = tmp_path / "empty.arrows"
    path.write_bytes(b"")
    with pytest.raises(ScenarioError, match="no recorded rows"):
        read_stream(path)
