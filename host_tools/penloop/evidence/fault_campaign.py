"""Evidence: every cause of a fault, in every state, at the moment that is worst."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import starmap
from multiprocessing import get_context

from penfw import faults
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.driver import processes, run_cases
from penloop.evidence import accuracy
from penloop.evidence.fault_doubles import (
    DOUBLE_MOMENTS,
    DOUBLES,
    SHORT_DOUBLE_MOMENTS,
    Double,
    double,
    never_last,
)
from penloop.evidence.fault_expectations import ELSEWHERE, EXPECTED, situations_of
from penloop.evidence.fault_pages import body, data
from penloop.evidence.fault_pairs import (
    DEEPER_UM,
    Pair,
    pair,
)
from penloop.evidence.fault_situations import (
    ACTS,
    Situation,
)
from penloop.evidence.section import Claim, Effort, Part, Section

SHORT_SITUATIONS = ("self-test", "ready", "fault", "air", "skin cheek", "parking", "service")
GOOD_PENS, SHORT_GOOD_PENS = 100, 10


def make(effort: Effort) -> Section:
    """All pairs, double faults and fault-free treatments."""
    with ProcessPoolExecutor(effort.jobs, get_context("spawn")) as pool:
        pairs = list(_pairs(pool, effort))
        effort.progress(0.9, "double faults")
        moments = SHORT_DOUBLE_MOMENTS if effort.short else DOUBLE_MOMENTS
        doubles = list(pool.map(partial(double, moments=moments), DOUBLES))
    effort.progress(0.95, "treatments without a fault")
    pens = SHORT_GOOD_PENS if effort.short else GOOD_PENS
    alarms = _false_alarms(pens, effort.jobs)
    claims = (*_pair_claims(pairs), _double_claim(doubles), _alarm_claim(alarms, pens))
    return Section(claims, body(pairs, doubles), data(pairs, doubles, pens, alarms))


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
    longest_ms = max(never_last(one.worst.off_ms) for one in doubles)
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


PART = Part("faults", "Every fault, in every state, at the worst moment", make)
