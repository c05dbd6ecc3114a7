"""A simulated pen that stays while commands come and go, with the person at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from penhost import Pen
from penloop import connection
from pensim import Bench
from pensim.serial_port import SimulatedPort


@contextmanager
def kept_pen(**options: Any) -> Iterator[Bench]:
    """The bench of a pen, READY, that every command run meanwhile talks to."""
    with Bench(**{"seed": 3, **options}) as bench:
        bench.operator.insert_cartridge()
        bench.run(1.0)
        with Pen(SimulatedPort.on_bench(bench)) as pen, connection.held(pen):
            yield bench


def enter_service(bench: Bench) -> None:
    """As a person does, by holding the button, with no cartridge in."""
    bench.operator.remove_cartridge()
    bench.run(0.5)
    bench.operator.click(3.2)
    bench.run(4.0)
