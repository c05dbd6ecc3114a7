"""What a recording shows of a pen: the signals of the fit, in SI units, on the pen's own time."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop.errors import UserError
from penloop.recordings.recording_file import read_recording
from pensim.trace import Trace

Floats = NDArray[np.float64]

NEEDED = ("rate", "duty", "current", "battery")
USED = ("state", *NEEDED, "housing", "depth")
RECORD = f"penloop record run.parquet --signals {','.join(USED)} --rate 500"
SHORTEST_S = 2.0
SLOWEST_S = 0.0045  # between samples: the pen measures every 4 ms
RAILS_A = (-1.45, 5.0)  # of the shunt's amplifier
AGAIN_SHARE = 0.02
AMBIENT_C = 25.0
SMOOTH_S = 0.3  # the battery is measured every 20 ms, with noise


@dataclass(frozen=True)
class Evidence:
    """Arrays of one length; `housing_c` is at the beginning, `depth_m` None without the signal.

    open_v: the battery's voltage without its noise and without the drop by the motor's current
    """

    time_s: Floats
    rate_hz: Floats
    duty: Floats
    current_a: Floats
    open_v: Floats
    battery_ohm: float
    depth_m: Floats | None
    housing_c: float
    needles: int | None
    missing: tuple[str, ...]
    about: dict[str, str]

    @property
    def sampling_s(self) -> float:
        """The usual time between samples."""
        return float(np.median(np.diff(self.time_s)))

    @property
    def drive_v(self) -> Floats:
        """Voltage at the bridge's output, mean over a PWM period."""
        drop_v = self.battery_ohm * self.duty * self.current_a
        return np.asarray(self.duty * (self.open_v - drop_v))

    @property
    def saturated(self) -> NDArray[np.bool_]:
        """Where the current is at a rail of its amplifier."""
        low, high = RAILS_A
        return (self.current_a < low) | (self.current_a > high)

    def seen_as(self, rate_hz: Floats, current_a: Floats) -> "Evidence":
        """The same run with what a twin has measured."""
        return replace(self, rate_hz=rate_hz, current_a=current_a)


def read(path: Path, battery_ohm: float) -> Evidence:
    """The evidence of a recording. Raises UserError, with what to record instead."""
    return evidence_of(_trace(path), str(path), battery_ohm)


def _trace(path: Path) -> Trace:
    try:
        return read_recording(path)
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}", f"record one: {RECORD}") from None
    except Exception:  # whatever a foreign file makes its reader say
        raise UserError(f"{path} is no recording of a pen", f"record one: {RECORD}") from None


def evidence_of(trace: Trace, name: str, battery_ohm: float) -> Evidence:
    """The evidence of a trace. Raises UserError."""
    missing = tuple(signal for signal in USED if f"pen.{signal}" not in trace)
    lacking = [signal for signal in NEEDED if signal in missing]
    if lacking:
        raise UserError(f"{name} has no {', '.join(lacking)}", f"record them: {RECORD}")
    trace = _forward(trace, name)
    time_s = trace.time_s
    _check_times(time_s, name)
    rate_hz = trace["pen.rate"] / 1e3
    if rate_hz.max() < 20.0:
        raise UserError(
            f"in {name} the motor did not turn", "penloop identify --record run.parquet"
        )
    duty, current_a = trace["pen.duty"] / 65535.0, trace["pen.current"] / 1e3
    battery_v = trace["pen.battery"] / 1e3
    steps = max(int(SMOOTH_S / np.median(np.diff(time_s))), 1)
    drop_v = battery_ohm * duty * current_a
    return Evidence(
        time_s=time_s,
        rate_hz=rate_hz,
        duty=duty,
        current_a=current_a,
        open_v=_smooth(battery_v + drop_v, steps),
        battery_ohm=battery_ohm,
        depth_m=None if "depth" in missing else trace["pen.depth"] / 1e6,
        housing_c=AMBIENT_C if "housing" in missing else float(trace["pen.housing"][0]) / 1e3,
        needles=trace.header.environment.get("cartridge", {}).get("needles"),
        missing=missing,
        about=_about(trace, name),
    )


def _forward(trace: Trace, name: str) -> Trace:
    """Without the few samples that a pen stamps again after it wrote its flash."""
    latest = np.maximum.accumulate(trace.time_us)
    later = np.concatenate([[True], trace.time_us[1:] > latest[:-1]])
    if later.mean() < 1 - AGAIN_SHARE:
        raise UserError(f"the time of {name} goes back", f"record anew: {RECORD}")
    kept = [(column, values[later]) for column, values in trace.columns()[1:]]
    return Trace(trace.time_us[later], kept, trace.header)


def _check_times(time_s: Floats, name: str) -> None:
    if len(time_s) < 2 or time_s[-1] - time_s[0] < SHORTEST_S:
        raise UserError(f"{name} is shorter than {SHORTEST_S:g} s", f"record longer: {RECORD}")
    if np.median(np.diff(time_s)) > SLOWEST_S:
        told = f"{name} has {1 / np.median(np.diff(time_s)):.0f} samples a second"
        raise UserError(told, f"250 are needed: {RECORD}")


def _smooth(values: Floats, steps: int) -> Floats:
    """Running mean; at the ends of what is there."""
    kernel = np.ones(steps)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def _about(trace: Trace, name: str) -> dict[str, str]:
    pen: dict[str, Any] = trace.header.environment.get("pen", {})
    known = {"pen": pen.get("pen_id"), "firmware": pen.get("firmware_hash")}
    return {"recording": name, **{key: str(value) for key, value in known.items() if value}}
