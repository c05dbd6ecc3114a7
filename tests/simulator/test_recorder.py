"""The recorder: a row a tick, whole blocks, every puncture."""

import numpy as np

from pensim import recorder


def test_every_stroke_into_skin_is_a_puncture_with_its_time_and_depth(running):
    bench = running("cheek", settings={"depth": 750, "stroke_rate": 110000})
    start_us = bench.board.now_us
    bench.run(1.0)
    times, depths = np.array([p for p in bench.punctures if p[0] > start_us]).T
    assert 107 <= len(times) <= 111
    assert np.all(np.abs(np.diff(times) - 9091) < 910)  # the rate holds within 10 %
    assert np.all((depths > 450) & (depths < 750))
    assert len(bench.punctures) == bench.trace()["plant.punctures"][-1]


def test_rows_go_on_over_the_end_of_a_block(make_bench, monkeypatch):
    whole = make_bench()
    whole.run(0.5)
    monkeypatch.setattr(recorder, "BLOCK_ROWS", 100)
    pieces = make_bench()
    pieces.run(0.5)
    assert pieces.trace().digest() == whole.trace().digest()


def test_a_trace_handed_over_in_chunks_has_the_same_rows(make_bench, monkeypatch):
    monkeypatch.setattr(recorder, "BLOCK_ROWS", 100)
    whole = make_bench()
    whole.run(0.5)
    chunked = make_bench()
    chunks = []
    chunked.recorder.on_chunk = chunks.append
    chunked.run(0.5)
    chunked.recorder.flush()
    assert len(chunks) > 3
    assert sum(len(chunk.time_us) for chunk in chunks) == len(whole.trace().time_us)
    for name in ("plant.angle", "plant.battery"):
        joined = np.concatenate([chunk[name] for chunk in chunks])
        assert np.array_equal(joined, whole.trace()[name])
