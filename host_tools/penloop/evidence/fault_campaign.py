"""Evidence: every part that can fail, in every situation, at the worst phase of the stroke."""

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import starmap
from multiprocessing import get_context

from penloop.campaigns.cases import CaseResult
from penloop.campaigns.driver import processes, run_cases
from penloop.evidence import accuracy, html
from penloop.evidence.fault_pictures import matrix, phases
from penloop.evidence.fault_runs import Pair, Reaction, pair, reaction
from penloop.evidence.fault_situations import EXPECTED, SITUATIONS, Situation
from penloop.evidence.section import Claim, Effort, Part, Section

SHORT_SITUATIONS = ("standby", "ready", "air", "skin cheek", "parking", "service")
GOOD_PENS, SHORT_GOOD_PENS = 100, 10
DOUBLE_MS = 1500  # by then the motor is off, whatever two parts do
LATE_WORST = 3  # pairs whose phases are drawn

# Two parts that fail one after another, 50 ms apart, and why it matters.
DOUBLES = (
    (("tachometer_open", "bridge_shorted"), "blind, then overspeed"),
    (("top_dead_centre_open", "bridge_shorted"), "the other sensor, then overspeed"),
    (("shunt_open", "motor_jammed"), "no current is seen, then a stall"),
    (("shunt_open", "bridge_shorted"), "no current is seen, then full voltage"),
    (("tachometer_open", "top_dead_centre_open"), "both sensors of the turn"),
    (("tachometer_open", "motor_jammed"), "blind, then a stall"),
    (("load_switch_shorted", "motor_jammed"), "one stop path, then a stall"),
    (("load_switch_shorted", "interrupts_held"), "one stop path, then a late interrupt"),
    (("position_open", "axis_jammed"), "depth is not seen, then does not move"),
    (("battery_open", "motor_jammed"), "voltage is not seen, then a stall"),
    (("bridge_open", "top_dead_centre_open"), "no drive, and no park to be seen"),
)


def make(effort: Effort) -> Section:
    """All pairs, double faults and fault-free treatments."""
    with ProcessPoolExecutor(effort.jobs, get_context("spawn")) as pool:
        pairs = list(_pairs(pool, effort))
        effort.progress(0.9, "double faults")
        doubles = list(pool.map(_double, [names for names, _why in DOUBLES]))
    effort.progress(0.95, "treatments without a fault")
    alarms = _false_alarms(effort)
    claims = (*_pair_claims(pairs), _double_claim(doubles), _alarm_claim(alarms))
    return Section(claims, _body(pairs, doubles), _data(pairs))


def _situations(short: bool) -> list[Situation]:
    return [one for one in SITUATIONS if not short or one.name in SHORT_SITUATIONS]


def _pairs(pool: ProcessPoolExecutor, effort: Effort) -> Iterator[Pair]:
    jobs = [
        (hazard, situation)
        for hazard, expected in EXPECTED.items()
        for situation in _situations(effort.short)
        if situation.name not in expected.not_in
    ]
    found = pool.map(partial(pair, short=effort.short), *zip(*jobs, strict=True))
    for number, one in enumerate(found, 1):
        effort.progress(0.9 * number / len(jobs), f"{one.hazard}, {one.situation.name}")
        yield one


def _double(names: tuple[str, ...]) -> Reaction:
    situation = next(one for one in SITUATIONS if one.name == "skin cheek")
    return reaction(names, situation, situation.fault_us)


def _false_alarms(effort: Effort) -> list[CaseResult]:
    """Treatments of varied pens that did not go as they should."""
    count = SHORT_GOOD_PENS if effort.short else GOOD_PENS
    campaign = accuracy.campaign(count)
    cases = starmap(accuracy.possible, ((campaign, number) for number in range(count)))
    with processes(effort.jobs) as workers:
        results = list(run_cases(campaign.template, cases, workers))
    return [result for result in results if not result.passed]


# Claims


def _pair_claims(pairs: list[Pair]) -> Iterator[Claim]:
    shown = [one for one in pairs if not one.unseen]
    hidden = [one for one in pairs if one.unseen]
    runs = sum(len(one.reactions) for one in pairs)
    yield Claim(
        "Every part that fails where it can be noticed is noticed, as what it is, and the motor is "
        "off or the needles parked in the time that its fault allows, at the worst phase of the "
        "stroke.",
        not any(one.verdict() for one in shown),
        f"{len(shown)} pairs of part and situation, {runs:,} runs{_wrongs(shown)}",
        "R-454",
    )
    yield Claim(
        "What nothing can show where it fails does no harm there, and is noticed at the next start,"
        " change of depth, cartridge or power-up.",
        not any(one.verdict() for one in hidden),
        f"{len(hidden)} pairs{_wrongs(hidden)}",
        "R-456",
    )
    deepest = max(one.excess_um for both in pairs for one in both.reactions)
    yield Claim(
        "After a fault no needle goes more than 0.05 mm deeper into the skin than was set.",
        deepest <= 50,
        f"deepest {deepest} um beyond it",
        "R-459",
    )


def _wrongs(pairs: list[Pair]) -> str:
    wrong = [(one, one.verdict()) for one in pairs]
    told = [f"{one.hazard}, {one.situation.title}: {text}" for one, text in wrong if text]
    return f"; {len(told)} not so: {'; '.join(told)}" if told else ", none otherwise"


def _double_claim(doubles: list[Reaction]) -> Claim:
    wrong = [
        " then ".join(names)
        for (names, _why), one in zip(DOUBLES, doubles, strict=True)
        if not one.off_ms <= DOUBLE_MS or one.state != "FAULT" or one.excess_um > 50
    ]
    longest = max(one.off_ms for one in doubles)
    return Claim(
        "Two parts that fail one after another leave the motor off.",
        not wrong,
        f"{len(DOUBLES)} pairs of parts, off after {longest:.0f} ms at most"
        + (f"; not so: {', '.join(wrong)}" if wrong else ""),
        "R-455",
    )


def _alarm_claim(alarms: list[CaseResult]) -> Claim:
    numbers = ", ".join(str(one.case.number) for one in alarms)
    return Claim(
        "Treatments of varied pens without a defect raise no fault.",
        not alarms,
        f"{len(alarms)} did{': cases ' + numbers if alarms else ''}",
        "R-453",
    )


# The page


def _body(pairs: list[Pair], doubles: list[Reaction]) -> str:
    late = sorted((one for one in pairs if not one.unseen), key=_used, reverse=True)
    swept = [one for one in late if len(one.reactions) > 2][:LATE_WORST]
    parts = [("Time to the end of the reaction", _MATRIX, matrix(pairs))]
    if swept:
        parts.append(("Over the phase of the stroke", _PHASES, phases(swept)))
    parts.append(("Every pair", "", _table(pairs)))
    parts.append(("Two parts", "", _doubles_table(doubles)))
    return "".join(html.section(*part) for part in parts)


_MATRIX = (
    "Milliseconds from the moment at which the part fails to the end of drive (faults that cut) or "
    "to needles that stay retracted (faults that park), at the worst phase; the colour is the "
    "share of what is allowed. Grey: nothing can show it there, it is noticed afterwards."
)
_PHASES = "The three that use the greatest share of their time, over the moment of the fault."


def _used(one: Pair) -> float:
    end_ms = one.worst.end_ms(EXPECTED[one.hazard].parks)
    limit_ms = EXPECTED[one.hazard].limit_ms(one.worst.cut)
    return math.inf if math.isnan(end_ms) else end_ms / limit_ms


def _table(pairs: list[Pair]) -> str:
    head = ("part", "situation", "noticed as", "noticed", "drive off", "parked", "allowed",
            "turned", "deeper", "ends in", "")  # fmt: skip
    return html.table(head, (_row(one) for one in pairs))


def _row(one: Pair) -> list[str]:
    worst, expected = one.worst, EXPECTED[one.hazard]
    shown = one.found if one.unseen and one.found is not None else worst
    allowed = "afterwards" if one.unseen else f"{expected.limit_ms(worst.cut)} ms"
    return [
        one.hazard.replace("_", " "), one.situation.title, ", ".join(shown.names) or "-",
        *("" if one.unseen else _ms(value) for value in (worst.told_ms, worst.off_ms,
                                                         worst.parked_ms)),
        allowed, f"{worst.turned_deg:.0f}°", f"{worst.excess_um} um", shown.state,
        one.verdict() or "as it has to",
    ]  # fmt: skip


def _doubles_table(doubles: list[Reaction]) -> str:
    head = ("parts", "", "noticed as", "drive off", "deeper", "ends in")
    rows = (
        [" then ".join(names).replace("_", " "), why, ", ".join(one.names), _ms(one.off_ms),
         f"{one.excess_um} um", one.state]
        for (names, why), one in zip(DOUBLES, doubles, strict=True)
    )  # fmt: skip
    return html.table(head, rows)


def _ms(value: float) -> str:
    return "never" if math.isnan(value) else f"{value:.0f} ms"


def _data(pairs: list[Pair]) -> dict[str, object]:
    rows = [
        {"part": one.hazard, "situation": one.situation.name, "verdict": one.verdict(),
         "worst": {k: None if v != v else v for k, v in asdict(one.worst).items()}}
        for one in pairs
    ]  # fmt: skip
    return {"pairs": rows}


PART = Part("faults", "Every fault, in every state, at the worst phase", make)
