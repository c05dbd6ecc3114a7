"""A recording made for the fit: steps of the rate in SERVICE, rests and, with needles, on skin."""

from collections.abc import Callable, Iterator
from typing import Any

from penhost import Pen
from penloop import service_state
from penloop.identification import evidence
from penloop.recordings.recording_file import RecordingFile

Tell = Callable[[str], None]

PERIOD_MS = 2
# mHz, one after another: steps up and down, below what a wrong feed-forward could overspeed.
STEPS_MHZ = (70_000, 130_000, 100_000) * 14
STEP_S = 0.5
RESTS_MHZ = (90_000, 120_000)
REST_S = 2.5  # most of it steady also where the gains let a step settle slowly
SKIN_MHZ = 95_000
DEPTHS_UM = (500, 1000, 1500)
REACTION_S = 1.5  # of the person who is told
ON_SKIN_S = 7.0
OFF_SKIN_S = 2.5


def perform(pen: Pen, recording: RecordingFile, skin: bool, tell: Tell) -> None:
    """Runs the motor and records it; leaves it stopped and its depth as it was."""
    depth = pen.get("depth").value
    pen.subscribe(evidence.USED, PERIOD_MS)  # last: samples fill the line
    blocks = pen.blocks()
    try:
        with service_state.parked_at_the_end(pen), pen.presence():
            _steps(pen, blocks, recording)
            if skin:
                _on_skin(pen, blocks, recording, tell)
    finally:
        pen.set({"depth": depth})


def _steps(pen: Pen, blocks: Iterator[Any], recording: RecordingFile) -> None:
    _take(blocks, recording, STEP_S)
    for rate_mHz in STEPS_MHZ:
        service_state.run(pen, rate_mHz)
        _take(blocks, recording, STEP_S)
    for rate_mHz in RESTS_MHZ:
        service_state.run(pen, rate_mHz)
        _take(blocks, recording, REST_S)


def _on_skin(pen: Pen, blocks: Iterator[Any], recording: RecordingFile, tell: Tell) -> None:
    service_state.run(pen, SKIN_MHZ)
    for depth_um in DEPTHS_UM:
        pen.set({"depth": depth_um})
        _take(blocks, recording, OFF_SKIN_S)
        tell(f"set the pen on the skin for {ON_SKIN_S:g} s, and move it")
        _take(blocks, recording, REACTION_S + ON_SKIN_S)
        tell("lift it off")
        _take(blocks, recording, REACTION_S)


def _take(blocks: Iterator[Any], recording: RecordingFile, seconds: float) -> None:
    end_us = None
    for block in blocks:
        recording.add(block, block.samples)
        times = block.samples["time_us"]
        end_us = times[0] + seconds * 1e6 if end_us is None else end_us
        if times[-1] >= end_us:
            return
