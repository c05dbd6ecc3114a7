"""The interrupt and the main loop of a pen that stands."""

import pytest

from tests.system.figures.looks import Looks
from tests.system.figures.part import Part


@pytest.fixture
def looks(make_bench):
    """A pen in READY: its interrupt."""
    return Looks(make_bench())


@pytest.fixture
def part(make_bench):
    """A pen in STANDBY: its main loop."""
    return Part(make_bench())
