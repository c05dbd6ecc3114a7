"""Campaigns on a Dask cluster: a scheduler and workers that have only the wheel, as processes."""

import sys

import pandas as pd
import pytest

from penloop.campaigns import batches
from penloop.campaigns.cases import Case, Template
from penloop.campaigns.cluster import dask_workers
from penloop.campaigns.driver import processes, run_cases
from penloop.errors import UserError
from tests.house.distribution import Environment, build_wheel, copy_repository
from tests.house.sources import ROOT
from tests.system.cluster import Cluster
from tests.system.penloop_process import penloop, until
from tests.system.small_campaign import Deadly, case, template

CASES = 400


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of an environment with the wheel and what it requires for a cluster."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build_wheel(copy_repository(folder / "repository"), folder, PENLOOP_NO_COMPILE="1")
    environment = Environment.with_only(folder / "environment", "cluster")
    environment.install(wheel)
    return environment.python


@pytest.fixture
def bare(tmp_path):
    """The Python of an environment that has Dask but not penloop."""
    return Environment.with_only(tmp_path / "bare", "cluster").python


@pytest.fixture
def cluster(installed, tmp_path):
    found = Cluster(installed, tmp_path)
    yield found
    found.close()


@pytest.fixture
def short_batches(monkeypatch):
    """So that a campaign of seconds has many."""
    monkeypatch.setattr(batches, "LEAST_S", 0.2)
    monkeypatch.setattr(batches, "AIM_S", 0.25)


def busy(workers):
    """Addresses of workers with a task, and how many each has."""
    return {where: len(keys) for where, keys in workers._client.processing().items() if keys}


def test_the_environment_of_the_workers_has_no_other_extra(installed):
    environment = Environment(installed.parents[1])
    where = "import penloop, distributed; print(penloop.__file__)"
    assert environment.evaluate(where).startswith(str(environment.root))
    for module in ("scipy", "optuna", "matplotlib", "pytest"):
        found = f"from importlib.util import find_spec; print(find_spec({module!r}))"
        assert environment.evaluate(found) == "None"


def test_a_worker_killed_in_the_middle_loses_nothing_and_nothing_counts_twice(
    cluster, installed, short_batches
):
    with processes(1) as workers:
        expected = list(run_cases(template(), map(case, range(CASES)), workers))
    victim = cluster.add_worker(installed)
    cluster.add_worker(installed)
    with dask_workers(cluster.address) as workers:
        until(lambda: workers.count == 2 or workers.look(), "two workers")
        run = run_cases(template(), map(case, range(CASES)), workers)
        found = [next(run) for _ in range(20)]
        until(lambda: len(busy(workers)) == 2, "work for both")
        cluster.kill(victim)
        found += run
        until(lambda: workers.count == 1 or workers.look(), "the loss of one")
    assert [result.case.number for result in found] == list(range(CASES))
    assert found == expected


def test_the_command_gives_the_same_data_set(cluster, installed, tmp_path):
    cluster.add_worker(installed)
    file = ROOT / "examples" / "campaigns" / "tolerances.campaign.toml"
    tables = []
    for number, way in enumerate((["-j", "1"], ["--scheduler", cluster.address])):
        out = tmp_path / str(number)
        code, _said, error = penloop("campaign", str(file), "--cases", "6", *way, "--out", str(out))
        assert code in (0, 1), error
        tables.append(pd.read_parquet(out / "cases"))
    pd.testing.assert_frame_equal(*tables)
    assert list(tables[0]["case"]) == list(range(6))


def test_a_worker_that_comes_later_gets_work(cluster, installed, short_batches):
    with dask_workers_with_one(cluster, installed) as workers:
        run = run_cases(template(), map(case, range(4000)), workers)
        next(run)
        cluster.add_worker(installed)
        assert any(workers.count == 2 and len(busy(workers)) == 2 for _ in run)
        run.close()


def dask_workers_with_one(cluster, installed):
    cluster.add_worker(installed)
    return dask_workers(cluster.address)


def test_a_case_that_kills_its_workers_is_named(installed, tmp_path):
    """Each has a nanny, which starts the next one."""
    cluster = Cluster(installed, tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    try:
        cluster.add_worker(installed, nanny=True)
        with dask_workers(cluster.address) as workers:
            deadly = Case(2, 2, (Deadly(),))
            coming = [case(0), case(1), deadly, case(3)]
            found = list(run_cases(template(), coming, workers))
    finally:
        cluster.close()
    assert [bool(result.error) for result in found] == [False, False, True, False]
    assert found[2].error.startswith("case 2 ended its worker 3 times")


def test_a_lost_scheduler_is_told(cluster, installed):
    with dask_workers_with_one(cluster, installed) as workers:
        run = run_cases(template(), map(case, range(10_000)), workers)
        next(run)
        cluster.kill(cluster.scheduler.pid)
        with pytest.raises(UserError, match="is lost: start it and its workers again; the same"):
            list(run)


def test_a_cluster_without_a_worker_is_waited_for_then_told(cluster, capsys):
    with (
        pytest.raises(UserError, match=r"no worker came .* start some with dask worker tcp://"),
        dask_workers(cluster.address, patience_s=0.3),
    ):
        pass
    assert "has no worker; waiting for one" in capsys.readouterr().err


def test_another_firmware_on_a_worker_is_told(cluster, installed):
    other = Template("on", template().document, firmware_sha256="another")
    with (
        dask_workers_with_one(cluster, installed) as workers,
        pytest.raises(UserError, match=r"^this worker has another firmware than the campaign: "),
    ):
        list(run_cases(other, [Case(0, 0)], workers))


def test_the_scheduler_needs_no_penloop_and_a_worker_without_it_tells(bare, installed, tmp_path):
    cluster = Cluster(bare, tmp_path)
    try:
        with dask_workers_with_one(cluster, installed) as workers:
            assert next(run_cases(template(), [case(0)], workers)).passed
        cluster.close()
        cluster = Cluster(bare, tmp_path)
        with (
            dask_workers_with_one(cluster, bare) as workers,
            pytest.raises(UserError, match="a worker has no module penloop: install"),
        ):
            list(run_cases(template(), [case(0)], workers))
    finally:
        cluster.close()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nonsense", "missing port number in address 'nonsense': give an address such as tcp://"),
        ("carrier://pigeon:1", "unknown address scheme 'carrier'"),
        ("tcp://127.0.0.1:1", "no scheduler answers at tcp://127.0.0.1:1: start one with"),
    ],
)
def test_an_address_without_a_scheduler_is_told(address, told, monkeypatch):
    monkeypatch.setattr("penloop.campaigns.cluster.CONNECT_S", 3.0)
    with pytest.raises(UserError) as raised, dask_workers(address):
        pass
    assert told in str(raised.value)


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'penloop\[cluster\]'"), dask_workers("x:1"):
        pass
