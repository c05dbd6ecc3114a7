"""What runs for hours keeps no more of a simulated pen than it needs."""

import pytest

from penloop import connection, server
from pensim import recorder

ROWS = 50


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(recorder, "BLOCK_ROWS", ROWS)


def test_a_command_on_a_simulated_pen_does_not_keep_its_trace():
    with connection.open_pen("sim://?cartridge=none") as pen:
        bench = pen._transport._port.bench
        pen.wait(3.0)
        assert len(bench.trace()) < 2 * ROWS


def test_a_served_pen_does_not_keep_its_trace(make_bench):
    class NoClient:
        def connected(self):
            return False

    bench = make_bench()
    served = server.PenServer(bench, NoClient(), pace=1000.0)
    while bench.now_s < 3.0:
        served.step()
    assert len(bench.trace()) < 2 * ROWS
