"""A pen that answers on a wire in memory, for tests of the client."""

import pytest

from penhost import Pen
from tests.host_tools.fake_pen import Wire


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def pen(wire):
    with Pen(wire) as pen:
        yield pen
