"""A simulated pen in SERVICE for `penloop tune`, and its search cut short."""

from contextlib import contextmanager

from penloop import connection
from penloop.commands import tune
from penloop.tuning import design, proposal, twin
from pensim.serial_port import SimulatedPort


def serve(bench, monkeypatch):
    """Has every command connect to the pen on this bench, at the port `bench`."""

    def open_port(_port):
        return SimulatedPort.on_bench(bench)

    @contextmanager
    def connected(_port):
        from penhost import Pen

        with Pen(open_port(_port)) as pen, connection.stopped_on_interruption(pen):
            yield pen

    monkeypatch.setattr(tune, "connected", connected)


def cut_short(monkeypatch):
    """A handful of candidates instead of sixty."""
    monkeypatch.setattr(design, "COMPENSATIONS", (600,))
    monkeypatch.setattr(design, "INTEGRAL_PHASES_DEG", (70.0,))
    monkeypatch.setattr(design, "SHARES", (1.0,))
    monkeypatch.setattr(proposal, "MOST", 0)
    monkeypatch.setattr(proposal, "PROOF_SEEDS", (2,))


def law(bench):
    """The settings of the law as they are in force on the pen."""
    from penhost import Pen

    with Pen(SimulatedPort.on_bench(bench)) as pen:
        return {name: value.value for name, value in pen.get_all(twin.LAW).items()}
