"""The runs that several benchmarks time."""

from pensim import Bench

SETTINGS = {"stroke_rate": 110_000, "depth": 750}


def in_contact(**options) -> Bench:
    """A pen that runs at 110 Hz in the cheek, noise and recorder on, the start-up over."""
    bench = Bench(settings=SETTINGS, **options)
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.0)
    bench.operator.touch("cheek")
    bench.run(0.5)
    return bench
