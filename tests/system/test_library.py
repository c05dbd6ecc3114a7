"""penhost as a program uses it: the examples of its page, frames, and requests beside telemetry."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from penhost import Pen, PenError

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.S)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(example, capsys):
    exec(compile(example, str(PAGE), "exec"), {})
    assert "Traceback" not in capsys.readouterr().out


def test_a_recording_is_a_frame_by_time_with_units():
    with Pen("sim://") as pen:
        pen.subscribe(["battery", "depth"], 10)
        recording = pen.record(0.5)
    frame = recording.frame()
    assert list(frame.columns) == ["battery", "depth"]
    assert frame.attrs["units"] == {"battery": "mV", "depth": "um"}
    assert frame.index.name == "time"
    assert (np.diff(frame.index) == np.timedelta64(10, "ms")).all()
    assert (frame["battery"].to_numpy() == recording.samples["battery"]).all()


def test_a_frame_without_pandas_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with Pen("sim://") as pen:
        pen.subscribe(["battery"], 10)
        with pytest.raises(PenError, match="pip install"):
            pen.record(0.1).frame()


@pytest.mark.parametrize(
    "ask",
    [
        lambda pen: pen.get("depth"),
        lambda pen: pen.get_all(),
        lambda pen: pen.command("stop"),
        lambda pen: pen.status(),
        lambda pen: pen.faults(),
        lambda pen: pen.heartbeat(),
    ],
    ids=["get", "get all", "command", "status", "faults", "heartbeat"],
)
def test_requests_beside_telemetry_lose_no_sample_and_delay_none_for_long(ask):
    """Eight signals at 250 Hz fill half the line; samples wait for a request and its reply."""
    with Pen("sim://?cartridge=none") as pen:
        names = ["state", "rate", "duty", "current", "battery", "depth", "position", "inputs"]
        ask(pen)  # tables are read when they are first used
        pen.subscribe(names, 4)
        late_us, times = [], []
        for block in pen.blocks():
            late_us.append(pen.clock.now_us() - int(block.samples["time_us"][-1]))
            times.extend(block.samples["time_us"].tolist())
            assert block.lost == block.dropped == block.paused == 0
            if len(times) > 500:
                break
            ask(pen)
    assert (np.diff(times) == 4000).all()
    assert max(late_us) - min(late_us) < 60_000


def test_a_change_beside_telemetry_costs_no_more_samples_than_the_pen_has_announced():
    """The pen takes none while it erases its flash: these are told as paused."""
    with Pen("sim://?cartridge=none") as pen:
        pen.wait(1.0)
        pen.subscribe(["battery"], 4)
        blocks = []
        for block in pen.blocks():
            blocks.append(block)
            if len(blocks) == 20:
                pen.set({"led_brightness": 400})
            if len(blocks) == 120:
                break
        assert sum(block.lost for block in blocks) == 0
        assert pen.get("led_brightness").value == 400
