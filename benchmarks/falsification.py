"""How much sooner a search finds a planted weakness than chance does: runs until the first failure.

20 seeded tries each, on two processes, by the same code but for what proposes the cases. A try
that finds nothing within its budget counts as the whole budget, which only flatters chance.
"""

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.system.planted import WEAKNESSES

from penloop.campaigns.campaign import load
from penloop.campaigns.driver import processes, run_cases
from penloop.campaigns.falsification import GUIDED, RANDOM, Search
from pensim import Firmware

TRIES = 20
BUDGET = 2000  # runs
GOAL = 10.0  # times sooner, by the medians


def tries(weakness, method, count, workers):
    """Runs that each of the tries took, and how many found nothing."""
    with tempfile.TemporaryDirectory() as folder:
        firmware = Firmware.from_directory(weakness.plant(Path(folder) / "firmware"))
    campaign = load(weakness.campaign, firmware=firmware)
    campaign = replace(campaign, template=replace(campaign.template, with_moments=True))
    runs, missed = [], 0
    for seed in range(count):
        search = Search(
            campaign, lambda cases: run_cases(campaign.template, cases, workers), seed, method
        )
        for _result in search.results(BUDGET):
            pass
        runs.append(search.runs)
        missed += not search.least.failed
    return runs, missed


def main():
    """Prints medians and ratios."""
    with processes(2) as workers:
        for name, weakness in WEAKNESSES.items():
            medians = []
            for method in (GUIDED, RANDOM):
                began_s = time.monotonic()
                runs, missed = tries(weakness, method, TRIES, workers)
                medians.append(statistics.median(runs))
                print(f"falsification, {name}, {method}: median {medians[-1]:.0f} runs of "
                      f"{TRIES} tries ({min(runs)} to {max(runs)}), {missed} without a failure, "
                      f"{time.monotonic() - began_s:.0f} s", flush=True)  # fmt: skip
            print(f"falsification, {name}: {medians[1] / medians[0]:.1f} times sooner than by "
                  f"chance (goal {GOAL:.0f})", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
