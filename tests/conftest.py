"""Fixtures that tests of several packages share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pensim import Bench
from pensim.engines import ENGINES
from tests.verification import Verification


def pytest_configure(config: pytest.Config) -> None:
    """The mark `verifies`, and the verification of the requirements."""
    config.pluginmanager.register(Verification(config), "verification")


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    """Makes benches and closes them at the end."""
    benches: list[Bench] = []

    def make(**options: Any) -> Bench:
        benches.append(Bench(**options))
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def running(make_bench: Callable[..., Bench]) -> Callable[..., Bench]:
    """A bench whose pen runs since about a second, in the air, or on a zone's skin."""

    def make(zone: str = "", **options: Any) -> Bench:
        bench = make_bench(**options)
        bench.operator.at(0.3, bench.operator.insert_cartridge)
        bench.run(1.0)
        bench.operator.click()
        bench.run(1.2)
        if zone:
            bench.operator.touch(zone)
            bench.run(0.5)
        return bench

    return make


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every engine by turns."""
    return request.param


@pytest.fixture(autouse=True, scope="session")
def memory_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests remember of pens is not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield
