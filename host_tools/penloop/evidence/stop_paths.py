"""Both stop paths are proved: a part that stops nothing is found, and no good pen is refused."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

import numpy as np

from penloop import palette
from penloop.campaigns.driver import Workers, processes
from penloop.evidence.section import Claim, Effort, Part, Section
from penloop.evidence.stop_path_pens import (
    TOLERANCES,
    Outcome,
    Proof,
    Trial,
    run_all,
    tolerated,
)
from penloop.svg import svg
from pensim.plant.parameters import Battery, PenParameters, Thermal

PENS, PENS_SHORT = 1000, 60
STUCK_PENS, STUCK_PENS_SHORT = 200, 10  # of them, with each stuck path
STATED_MA, STATED_SHARE = 100.0, 0.30  # PEN.md's pulse
PULSE_MS = 2.0
GREATEST_TURN_DEG = 5.0
LATEST_MS = 150.0
PREFIX = "stop path: "
PROOFS = (False, True, True)  # of a pen whose paths work: at its start, and before each run

# What fails, and the fault that names it.
STUCK = {
    "load_switch_shorted": "stop path: load switch",
    "bridge_shorted": "stop path: bridge",
    "load_switch_open": "stop path: test current",
    "bridge_open": "stop path: test current",
}
VOLTS = (3.0, 4.2)
COLD = Thermal(ambient_c=5.0, winding_c=5.0, housing_c=5.0)
HOT = Thermal(ambient_c=40.0, winding_c=100.0, housing_c=52.0)
WARMTH = {"cold, 5 °C": COLD, "hot, winding 100 °C": HOT}
WHEN = {"at the start": False, "before a run": True}


@dataclass(frozen=True)
class Corner:
    """A failed part at one voltage and warmth, and when it is met."""

    hazard: str
    volts: float
    warmth: str
    when: str

    def trial(self) -> Trial:
        """As it runs; the cell gives that voltage at any charge."""
        cell = Battery(open_circuit_v=(self.volts + 0.0032,) * 11)  # less the board's 40 mA
        parameters = PenParameters(battery=cell, thermal=WARMTH[self.warmth])
        return Trial(1, parameters, 0.0, self.hazard, WHEN[self.when], {"battery_critical": 2900})


def make(effort: Effort) -> Section:
    """Both paths broken in every corner, then pens of every tolerance."""
    count = PENS_SHORT if effort.short else PENS
    stuck_count = STUCK_PENS_SHORT if effort.short else STUCK_PENS
    corners = [Corner(hazard, volts, warmth, when)
               for hazard in STUCK for volts in VOLTS for warmth in WARMTH
               for when in WHEN]  # fmt: skip
    pens = [tolerated(number, count) for number in range(count)]
    stuck = [replace(tolerated(number, count), hazard=hazard, before_run=bool(number % 2))
             for number in range(stuck_count) for hazard in STUCK]  # fmt: skip
    with processes(effort.jobs) as workers:
        trials = [*(corner.trial() for corner in corners), *stuck, *pens]
        outcomes = list(_told(trials, workers, effort))
    at_corners, rest = outcomes[: len(corners)], outcomes[len(corners) :]
    of_stuck, of_pens = rest[: len(stuck)], rest[len(stuck) :]
    found = dict(zip(corners, at_corners, strict=True))
    return _section(found, list(zip(stuck, of_stuck, strict=True)), of_pens)


def _told(trials: list[Trial], workers: Workers, effort: Effort) -> Iterator[Outcome]:
    for done, outcome in enumerate(run_all(trials, workers), 1):
        effort.progress(done / len(trials), f"{done} of {len(trials)} pens")
        yield outcome


def _section(
    corners: dict[Corner, Outcome], stuck: list[tuple[Trial, Outcome]], pens: list[Outcome]
) -> Section:
    proofs = [proof for pen in pens for proof in pen.proofs]
    claims = (
        _corners_found(corners),
        _stuck_found(stuck),
        _no_false_alarm(pens, proofs),
        _every_run_is_proved(pens),
        _pulse_as_stated(proofs),
        _charge_bounded(proofs),
        _motor_stays(proofs),
        _soon_enough(proofs),
    )
    data = {
        "tolerances": {name: spread.told for name, spread in TOLERANCES.items()},
        "corners": [{**asdict(corner), "first_fault": outcome.first_fault}
                    for corner, outcome in corners.items()],
        "pens": [_plain(outcome) for outcome in pens],
    }  # fmt: skip
    body = _figure(proofs) + _corner_table(corners) + _tolerance_table()
    return Section(claims, body, data)


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "found": sorted(outcome.found)}


# The claims


def _corners_found(corners: dict[Corner, Outcome]) -> Claim:
    right = sum(_is_found(corner.hazard, outcome) for corner, outcome in corners.items())
    return Claim(
        "Each stop path that does not work is found at 3.0 and 4.2 V, cold and hot, "
        "at the start and before a run, before the motor is let run.",
        right == len(corners),
        f"{right} of {len(corners)} corners end in FAULT, first by the fault that names the path, "
        f"and {_ran(corners.values())} were in RUNNING before it",
        "R-306",
    )


def _is_found(hazard: str, outcome: Outcome) -> bool:
    named = outcome.first_fault == STUCK[hazard] and outcome.state == "FAULT"
    return named and not outcome.ran_first


def _ran(outcomes: Iterable[Outcome]) -> int:
    return sum(outcome.ran_first for outcome in outcomes)


def _stuck_found(stuck: list[tuple[Trial, Outcome]]) -> Claim:
    right = sum(_is_found(trial.hazard, outcome) for trial, outcome in stuck)
    return Claim(
        "A path that does not work is found in pens of every tolerance, before the motor is let "
        "run.",
        right == len(stuck),
        f"{right} of {len(stuck)} pens with a failed path end in FAULT, first by its fault, and "
        f"{_ran(outcome for _trial, outcome in stuck)} were in RUNNING before it",
        "R-306",
    )


def _no_false_alarm(pens: list[Outcome], proofs: list[Proof]) -> Claim:
    alarms = [pen for pen in pens if any(name.startswith(PREFIX) for name in pen.found)]
    waiting = [pen for pen in pens if pen.state == "SELF_TEST"]
    anew = sum(pen.parked_anew for pen in pens)
    return Claim(
        "No good pen gives a false alarm.",
        not alarms and not waiting,
        f"{len(alarms)} false alarms and {len(waiting)} pens that wait for a hand, in "
        f"{len(proofs)} proofs of {len(pens)} pens; {anew} parked the needles anew first, as "
        "they stood at the very edge of their sensor",
        "R-307",
    )


def _every_run_is_proved(pens: list[Outcome]) -> Claim:
    others = [pen for pen in pens if not _is_proved(pen)]
    told = ", ".join(f"{one.number} ({one.state}, {len(one.proofs)})" for one in others[:3])
    return Claim(
        "Good pens run, each after a proof at its start and one before each of its two runs.",
        bool(pens) and not others,
        f"{len(pens) - len(others)} of {len(pens)} pens end in RUNNING with three proofs"
        f"{f'; not pen {told}' if told else ''}",
        "R-307",
    )


def _is_proved(pen: Outcome) -> bool:
    return pen.state == "RUNNING" and tuple(proof.before_run for proof in pen.proofs) == PROOFS


def _pulse_as_stated(proofs: list[Proof]) -> Claim:
    least, greatest = _range(proof.current_mA for proof in proofs)
    low, high = STATED_MA * (1 - STATED_SHARE), STATED_MA * (1 + STATED_SHARE)
    return Claim(
        "The pulse is 100 mA ± 30 % for 2 ms.",
        low <= least and greatest <= high,
        f"its mean over the 2 ms is {least:.0f} to {greatest:.0f} mA by the plant",
        "R-305",
    )


def _charge_bounded(proofs: list[Proof]) -> Claim:
    limit_uC = STATED_MA * (1 + STATED_SHARE) * PULSE_MS
    _, greatest = _range(proof.charge_uC for proof in proofs)
    return Claim(
        "A pulse's charge is bounded by 260 µC.",
        greatest <= limit_uC,
        f"at most {greatest:.0f} µC, in pens whose paths both work",
        "R-305",
    )


def _motor_stays(proofs: list[Proof]) -> Claim:
    _, one = _range(proof.turned_deg for proof in proofs)
    _, whole = _range(proof.turned_in_all_deg for proof in proofs)
    return Claim(
        "A pulse turns the motor by less than 5°, braked.",
        one < GREATEST_TURN_DEG,
        f"at most {one:.1f}° a pulse and {whole:.1f}° a proof, which has two with current; "
        "top dead centre and tachometer unchanged, else the pen had not gone on",
        "R-305",
    )


def _soon_enough(proofs: list[Proof]) -> Claim:
    delays_ms = [proof.lasted_ms for proof in proofs if proof.before_run]
    longest_ms = max(delays_ms, default=math.inf)
    return Claim(
        "The proof delays a run by less than 150 ms.",
        longest_ms < LATEST_MS,
        f"at most {longest_ms:.0f} ms in SELF_TEST, of {len(delays_ms)} proofs behind READY",
        "R-315",
    )


def _range(values: Any) -> tuple[float, float]:
    found = list(values)
    return min(found), max(found)


# The page


def _figure(proofs: list[Proof]) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    judged = np.array([proof.measured_mA for proof in proofs if len(proof.measured_mA) == 3])
    words = ("load switch open", "PWM at zero", "both paths on")
    colours = (palette.PEN, palette.SET, palette.TRUE)
    bins = list(np.arange(-40, 200, 4))
    for column, word, colour in zip(judged.T, words, colours, strict=True):
        left.hist(column, bins, color=colour, alpha=0.75, label=word)
    for limit_mA in (30, 45, 180):
        left.axvline(limit_mA, color=palette.ALARM, lw=1.0, ls="--")
    left.set_title("What the pens measured, and their limits", loc="left", fontsize=10)
    left.set_xlabel("mean of 16 samples, mA")
    left.set_ylabel("proofs")
    left.set_yscale("log")
    left.set_xlim(-45, 270)  # the legend stands right of the limits
    left.legend(frameon=False, fontsize=8)
    right.hist([proof.turned_deg for proof in proofs], 30, color=palette.TRUE)
    right.axvline(GREATEST_TURN_DEG, color=palette.ALARM, lw=1.0, ls="--")
    right.set_title("What a pulse turns the motor", loc="left", fontsize=10)
    right.set_xlabel("degrees")
    right.set_yscale("log")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return f'<section class="figure">{svg(figure)}</section>'


def _corner_table(corners: dict[Corner, Outcome]) -> str:
    head = "<th>part</th><th>cell</th><th>motor</th><th>met</th><th>first fault</th>"
    rows = "".join(
        f"<tr><td>{corner.hazard.replace('_', ' ')}</td><td>{corner.volts:.1f} V</td>"
        f"<td>{corner.warmth}</td><td>{corner.when}</td>"
        f"<td>{escape(outcome.first_fault or 'none')}</td></tr>"
        for corner, outcome in corners.items()
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    text = (
        "<p>A shorted bridge turns the motor, some strokes, until the load switch's one-shot has "
        "run out after 30 ms: nothing can cut it sooner. At the start the needles are at depth "
        "zero.</p>"
    )
    return f"<section><h2>Failed paths</h2>{text}{table}</section>"


def _tolerance_table() -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(spread.told)}</td></tr>"
        for name, spread in TOLERANCES.items()
    )
    head = "<thead><tr><th>what varies</th><th>how</th></tr></thead>"
    text = (
        "<p>A Latin hypercube. Within a control tick the simulated ADC gives one reading, so the "
        "mean of 16 samples there averages over two of them; noise is up to 10 mA RMS.</p>"
    )
    return f"<section><h2>Pens</h2>{text}<table>{head}<tbody>{rows}</tbody></table></section>"


PART = Part("stop-paths", "Both stop paths, proved at every start and before each run", make)
