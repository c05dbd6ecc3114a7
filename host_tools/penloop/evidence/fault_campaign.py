"""Evidence: every cause of a fault, in every state, at the moment that is worst."""

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import starmap
from multiprocessing import get_context

from penfw import faults
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.driver import processes, run_cases
from penloop.evidence import accuracy, html
from penloop.evidence.fault_expectations import ELSEWHERE, EXPECTED, situations_of
from penloop.evidence.fault_pairs import (
    DEEPER_UM,
    UNBRAKED_MS,
    Pair,
    end_ms,
    limits_ms,
    pair,
)
from penloop.evidence.fault_pictures import matrix, phases
from penloop.evidence.fault_runs import Reaction, reaction
from penloop.evidence.fault_situations import (
    ACTS,
    BEAT_US,
    BY_NAME,
    CAUSES,
    LOOKS_US,
    Situation,
)
from penloop.evidence.section import Claim, Effort, Part, Section

SHORT_SITUATIONS = ("self-test", "ready", "fault", "air", "skin cheek", "parking", "service")
GOOD_PENS, SHORT_GOOD_PENS = 100, 10
DOUBLE_MS = 1500  # by then the motor is off, whatever two parts do
DOUBLE_SITUATIONS = ("air", "skin cheek", "skin scar")
DOUBLE_MOMENTS, SHORT_DOUBLE_MOMENTS = 12, 1
LATE_WORST = 3  # pairs whose moments are drawn

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
        moments = SHORT_DOUBLE_MOMENTS if effort.short else DOUBLE_MOMENTS
        doubles = list(pool.map(partial(_double, moments=moments), DOUBLES))
    effort.progress(0.95, "treatments without a fault")
    pens = SHORT_GOOD_PENS if effort.short else GOOD_PENS
    alarms = _false_alarms(pens, effort.jobs)
    claims = (*_pair_claims(pairs), _double_claim(doubles), _alarm_claim(alarms, pens))
    return Section(claims, _body(pairs, doubles), _data(pairs, doubles, pens, alarms))


def _pairs(pool: ProcessPoolExecutor, effort: Effort) -> Iterator[Pair]:
    jobs = [
        (cause, situation)
        for cause in EXPECTED
        for situation in situations_of(cause)
        if not effort.short or _in_short(cause, situation)
    ]
    found = pool.map(partial(pair, short=effort.short), *zip(*jobs, strict=True))
    for number, one in enumerate(found, 1):
        effort.progress(0.9 * number / len(jobs), f"{one.cause}, {one.situation.name}")
        yield one


def _in_short(cause: str, situation: Situation) -> bool:
    return cause in ACTS or situation.name in SHORT_SITUATIONS


@dataclass(frozen=True)
class Double:
    """Two parts that fail one after another, over moments and places."""

    parts: tuple[str, ...]
    why: str
    reactions: tuple[Reaction, ...]

    @property
    def worst(self) -> Reaction:
        """The one whose drive ends last."""
        return max(self.reactions, key=lambda one: _never_last(one.off_ms))

    def verdict(self) -> str:
        """What is wrong, or empty."""
        for one in self.reactions:
            if not one.names or one.state != "FAULT":
                return f"not noticed: ends in {one.state}"
            if not one.off_ms <= DOUBLE_MS:
                return "not off in time"
            if one.excess_um > DEEPER_UM:
                return f"needles {one.excess_um} um further out than set"
        return ""


def _never_last(value_ms: float) -> float:
    return math.inf if math.isnan(value_ms) else value_ms


def _double(row: tuple[tuple[str, ...], str], moments: int) -> Double:
    parts, why = row
    found = (
        reaction(parts, situation, situation.fault_us + round(number * BEAT_US / moments))
        for situation in map(BY_NAME.__getitem__, DOUBLE_SITUATIONS)
        for number in range(moments)
    )
    return Double(parts, why, tuple(found))


def _false_alarms(count: int, jobs: int) -> list[CaseResult]:
    """Treatments of varied pens that did not go as they should."""
    campaign = accuracy.campaign(count)
    cases = starmap(accuracy.possible, ((campaign, number) for number in range(count)))
    with processes(jobs) as workers:
        results = list(run_cases(campaign.template, cases, workers))
    return [result for result in results if not result.passed]


# Claims


def _pair_claims(pairs: list[Pair]) -> Iterator[Claim]:
    shown = [one for one in pairs if not one.unseen]
    hidden = [one for one in pairs if one.unseen]
    reactions = [one for both in pairs for one in both.reactions]
    yield Claim(
        "Every part that fails, and every act that is a fault, is noticed where it can be, as what "
        "it is, and the motor is off or the needles are parked, within the times of that fault, at "
        "the worst moment that a search finds.",
        not any(one.verdict() for one in shown),
        f"{len(shown)} pairs of cause and situation, {len(reactions):,} runs{_wrongs(shown)}",
        "R-454",
    )
    yield Claim(
        "What nothing can show where it fails does no harm there, and is noticed at the next start,"
        " change of depth, cartridge or power-up; a pen in FAULT stays there.",
        not any(one.verdict() for one in hidden),
        f"{len(hidden)} pairs{_wrongs(hidden)}",
        "R-456",
    )
    deepest = max(one.excess_um for one in reactions)
    yield Claim(
        "After a fault no needle stands out more than 0.05 mm further than was set.",
        deepest <= DEEPER_UM,
        f"furthest {deepest:+d} um of what was set; no part of this pen drives the axis by itself",
        "R-459",
    )
    told = {number for expected in EXPECTED.values() for number in expected.told}
    missing = [row[1] for row in faults.FAULTS if row[0] not in told | set(ELSEWHERE)]
    yield Claim(
        "Each fault of the firmware's table has a cause here, or it is said where it is shown.",
        not missing,
        f"{len(told)} of {len(faults.FAULTS)} here; "
        + "; ".join(f"{faults.row(one)[1]}: {why}" for one, why in ELSEWHERE.items())
        + (f"; not so: {', '.join(missing)}" if missing else ""),
        "R-454",
    )


def _wrongs(pairs: list[Pair]) -> str:
    wrong = [(one, one.verdict()) for one in pairs]
    told = [f"{one.cause}, {one.situation.title}: {text}" for one, text in wrong if text]
    return f"; {len(told)} not so: {'; '.join(told)}" if told else ", none otherwise"


def _double_claim(doubles: list[Double]) -> Claim:
    wrong = [f"{' then '.join(one.parts)}: {text}" for one in doubles if (text := one.verdict())]
    longest_ms = max(_never_last(one.worst.off_ms) for one in doubles)
    runs = sum(len(one.reactions) for one in doubles)
    return Claim(
        "Two parts that fail one after another are noticed, and leave the motor off.",
        not wrong,
        f"{len(doubles)} pairs of parts, {runs} runs, off after {longest_ms:.0f} ms at most"
        + (f"; not so: {', '.join(wrong)}" if wrong else ""),
        "R-455",
    )


def _alarm_claim(alarms: list[CaseResult], pens: int) -> Claim:
    numbers = ", ".join(str(one.case.number) for one in alarms)
    return Claim(
        "Treatments of varied pens without a defect raise no fault.",
        not alarms,
        f"{len(alarms)} of {pens} did{': cases ' + numbers if alarms else ''}",
        "R-453",
    )


# The page


def _body(pairs: list[Pair], doubles: list[Double]) -> str:
    late = sorted((one for one in pairs if not one.unseen), key=_used, reverse=True)
    swept = [one for one in late if one.situation.span_us > LOOKS_US][:LATE_WORST]
    parts = [("Time to the end of the reaction", _MATRIX, matrix(pairs))]
    if swept:
        parts.append(("Over the moment of the fault", _MOMENTS, phases(swept)))
    parts.append(("Every pair", _TABLE, _table(pairs)))
    parts.append(("Two parts", _DOUBLES, _doubles_table(doubles)))
    return "".join(html.section(*part) for part in parts)


_MATRIX = (
    "Milliseconds from the cause to the end of drive (faults that cut) or to needles that stay "
    "retracted (faults that park), in the worst run; the colour is the share of what is allowed. "
    "Grey: nothing has to show it there, it is noticed afterwards."
)
_MOMENTS = (
    "The three that use the greatest share of their time. The moment runs over 100 ms: then all "
    "phases of the stroke have met all of the watches' 20 ms. It is searched by DIRECT, which "
    "divides where the latest were and where little is known."
)
_TABLE = (
    "The worst run of each. Drive: the share of the cell's voltage on the motor, by the true "
    "switches, is zero for good. Unbraked: the motor turns without drive and without brake after "
    f"the pen has noticed; {UNBRAKED_MS:.0f} ms are allowed where the bridge can brake. Furthest: "
    "how the needles stood out against what was set."
)
_DOUBLES = "50 ms apart, at several moments in air and in skin; the run whose drive ends last."


def _used(one: Pair) -> float:
    return one.share(one.worst)


def _table(pairs: list[Pair]) -> str:
    head = ("cause", "situation", "noticed as", "noticed", "allowed", "end", "allowed",
            "drive off", "parked", "unbraked", "turns", "furthest", "ends in", "")  # fmt: skip
    return html.table(head, (_row(one) for one in pairs))


def _row(one: Pair) -> list[str]:
    worst, expected = one.worst, one.expected
    shown = one.found if one.found is not None and not worst.names else worst
    sign = expected.sign(worst.names)
    if sign is None:
        times = ["", "afterwards", "", "", "", "", ""]
    else:
        noticed_ms, ended_ms = limits_ms(sign, expected, one.situation)
        times = [
            _ms(worst.told_ms), f"{noticed_ms} ms", _ms(end_ms(worst, expected)),
            f"{ended_ms} ms", _ms(worst.off_ms), _ms(worst.parked_ms), _ms(worst.unbraked_ms),
        ]  # fmt: skip
    return [
        CAUSES[one.cause], one.situation.title, ", ".join(shown.names) or "-", *times,
        f"{worst.turned_deg / 360:.1f}", f"{worst.excess_um:+d} um", shown.state,
        one.verdict() or "as it has to",
    ]  # fmt: skip


def _doubles_table(doubles: list[Double]) -> str:
    head = ("parts", "", "noticed as", "noticed", "drive off", "furthest", "ends in", "")
    rows = (
        [" then ".join(one.parts).replace("_", " "), one.why, ", ".join(one.worst.names),
         _ms(one.worst.told_ms), _ms(one.worst.off_ms), f"{one.worst.excess_um:+d} um",
         one.worst.state, one.verdict() or "as it has to"]
        for one in doubles
    )  # fmt: skip
    return html.table(head, rows)


def _ms(value: float) -> str:
    return "never" if math.isnan(value) else f"{value:.0f} ms"


def _data(
    pairs: list[Pair], doubles: list[Double], pens: int, alarms: list[CaseResult]
) -> dict[str, object]:
    """All runs, so that a page can be made anew from it; times in ms, null: never."""
    rows = [
        {"cause": one.cause, "mechanism": CAUSES[one.cause], "situation": one.situation.name,
         "verdict": one.verdict(), "limits_ms": {
             sign.name: limits_ms(sign, one.expected, one.situation)
             for sign in one.expected.signs},
         "worst_at_us": one.worst.at_us, "runs": [_plain(each) for each in one.reactions],
         "found": one.found and _plain(one.found)}
        for one in pairs
    ]  # fmt: skip
    both = [
        {"parts": one.parts, "verdict": one.verdict(), "limit_ms": DOUBLE_MS,
         "runs": [_plain(each) for each in one.reactions]}
        for one in doubles
    ]  # fmt: skip
    false = {"pens": pens, "alarms": [one.case.number for one in alarms]}
    return {"pairs": rows, "doubles": both, "fault_free": false}


def _plain(one: Reaction) -> dict[str, object]:
    return {key: None if value != value else value for key, value in asdict(one).items()}


PART = Part("faults", "Every fault, in every state, at the worst moment", make)
