"""The model of a cluster's load against closed forms, and its figures against its document."""

import re
from dataclasses import replace

import pytest
from tools.scheduler_load import AIM_S, WORKERS, Load, measured, utilisation, wall_s

from tests.house.sources import ROOT

EVEN = Load([0.1], 10, client_s=1e-3, client_case_s=0.0, scheduler_s=4e-3, network_s=0.0)


@pytest.mark.parametrize("workers", [10, 100, 200, 300, 600])
def test_batches_flow_as_the_narrowest_part_allows(workers):
    """Four batches a worker keep every part busy: min(N / t, 1 / s)."""
    bound = min(workers / 1.0, 1 / 4e-3)
    assert EVEN.most_a_second(workers) == pytest.approx(bound)
    assert utilisation(EVEN, workers) * workers / 1.0 == pytest.approx(bound, rel=0.02)


def test_cases_that_cost_the_client_more_make_it_the_narrowest():
    slow_client = replace(EVEN, client_case_s=1e-3)
    assert slow_client.saturated_by == pytest.approx(1.0 / 11e-3)
    assert utilisation(slow_client, 200) * 200 == pytest.approx(1 / 11e-3, rel=0.02)


def test_longer_batches_serve_more_workers():
    longer = replace(EVEN, cases=40)
    assert utilisation(EVEN, 500) == pytest.approx(0.5, abs=0.02)
    assert utilisation(longer, 500) > 0.97


def test_a_run_ends_when_its_last_round_has_come_back():
    assert wall_s(EVEN, 2, 8) == pytest.approx(4.0, rel=0.02)
    assert wall_s(EVEN, 2, 2) == pytest.approx(1e-3 + 2e-3 + 1.0 + 2e-3, rel=0.01)


def test_the_document_has_the_model_s_figures():
    text = (ROOT / "docs" / "campaigns.md").read_text()
    rows = re.findall(r"^\| ([\d,]+) \| (\d+) % \|", text, re.MULTILINE)
    told = {int(number.replace(",", "")): int(share) for number, share in rows}
    assert set(told) == set(WORKERS)
    load = measured(AIM_S)
    assert f"{load.saturated_by:.0f} workers" in text
    for workers, percent in told.items():
        bound = load.most_a_second(workers) * load.batch_s / workers * 100
        assert percent <= bound + 1
        if workers <= 200:
            assert utilisation(load, workers) * 100 == pytest.approx(percent, abs=1)
