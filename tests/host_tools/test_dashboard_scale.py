"""The scale of the dashboard's live lanes: a few wild values do not flatten all others."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from penloop import dashboard

SCALE = Path(dashboard.__file__).parent / "assets" / "scale.js"
RUN = [100 + (n % 5) * 0.1 for n in range(1000)]  # Hz


def extremes(values, unit="Hz"):
    """What scale.js makes of the values of a lane."""
    node = shutil.which("node") or pytest.fail("no node: tools/setup.sh installs it")
    script = (
        f"import {{ usualExtremes }} from {json.dumps(SCALE.as_uri())};"
        f"const values = Float64Array.from({json.dumps(values)});"
        f"console.log(JSON.stringify(usualExtremes(values, {json.dumps(unit)})))"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_few_wild_rates_of_parking_do_not_flatten_the_lane_and_are_told():
    falling = [100 - n for n in range(0, 100, 2)]
    found = extremes([*RUN, *falling, 5000, 5000, 2400, *[0] * 300])
    assert (found["lowest"], found["beyond"]) == (0, 5000)
    assert found["highest"] == pytest.approx(100.4)


def test_a_wild_value_below_is_told_too():
    found = extremes([*RUN, -4000])
    assert (found["lowest"], found["beyond"]) == (100, -4000)


def test_what_lasts_is_shown_whole():
    found = extremes([*RUN, *[5000] * 40])
    assert found == {"lowest": 100, "highest": 5000}


def test_ordinary_motion_leaves_nothing_out():
    found = extremes([n / 10 for n in range(1000)])
    assert found == {"lowest": 0, "highest": 99.9}


def test_a_small_step_over_a_quiet_line_is_no_wild_value():
    assert extremes([*RUN, 130]) == {"lowest": 100, "highest": 130}


def test_counts_and_few_values_are_shown_whole():
    assert extremes([*RUN, 5000], "") == {"lowest": 100, "highest": 5000}
    assert extremes([100, 101, 5000]) == {"lowest": 100, "highest": 5000}
    assert extremes([]) == {"lowest": 0, "highest": 1}
