"""The same seed and scenario give the same bytes, whatever the hash seed, the pace and pauses."""

import os
import signal
import subprocess
import sys
import time

import pytest

STORY = """
import sys
from pensim import Bench
from pensim.pacing import Pacer

bench = Bench(seed=11, engine=sys.argv[1])
if sys.argv[2] != "0":
    bench.recorder.on_beat = Pacer(float(sys.argv[2])).keep_up
print("started", flush=True)
bench.operator.at(0.3, bench.operator.insert_cartridge)
bench.run(1.0)
bench.operator.click()
bench.run(1.0)
bench.operator.touch("cheek")
bench.run(3.0)
print(bench.trace().digest())
bench.close()
"""


def start(hash_seed="0", pace="0", engine="cpython"):
    return subprocess.Popen(
        [sys.executable, "-c", STORY, engine, pace],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def digest(process):
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.split()[-1]


@pytest.fixture(scope="module")
def reference():
    return digest(start("1"))


def test_another_hash_seed_changes_nothing(reference):
    assert digest(start("4242")) == reference


def test_ten_times_real_time_changes_nothing(reference):
    began = time.monotonic()
    assert digest(start(pace="10")) == reference
    assert time.monotonic() - began > 0.45


def test_a_pause_of_two_seconds_in_the_middle_changes_nothing(reference):
    process = start(pace="10")
    assert process.stdout.readline() == "started\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGSTOP)
    time.sleep(2.0)
    process.send_signal(signal.SIGCONT)
    assert digest(process) == reference


def test_reading_in_many_small_pieces_of_time_gives_the_same_story(make_bench):
    traces = []
    for pieces in (1, 100):
        bench = make_bench(seed=3)
        bench.operator.insert_cartridge()
        for _ in range(pieces):
            bench.run(1.0 / pieces)
        traces.append(bench.trace())
    assert (traces[0]["pen.state"] == traces[1]["pen.state"]).all()


def test_the_header_says_what_reproduces_the_trace(make_bench):
    bench = make_bench(seed=3, settings={"stroke_rate": 90000})
    bench.operator.insert_cartridge()
    bench.run(0.5)
    header = bench.trace().header
    assert header.reproduce["seed"] == 3
    assert header.reproduce["settings"]["stroke_rate"] == 90000
    assert header.reproduce["firmware"] == bench.firmware.sha256
    assert header.reproduce["operator"][0][1] == "insert 12 needles"
    assert header.environment["engine"] == "cpython"
    again = make_bench(seed=3, settings={"stroke_rate": 90000})
    again.operator.insert_cartridge()
    again.run(0.5)
    assert again.trace().header.digest() == header.digest()
    assert again.trace().digest() == bench.trace().digest()
