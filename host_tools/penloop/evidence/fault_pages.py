"""The page of the fault campaign, and the same for scripts."""

import math
from dataclasses import asdict

from penloop.campaigns.cases import CaseResult
from penloop.evidence import html
from penloop.evidence.fault_doubles import DOUBLE_MS, Double
from penloop.evidence.fault_pairs import UNBRAKED_MS, Pair, end_ms, limits_ms
from penloop.evidence.fault_pictures import matrix, phases
from penloop.evidence.fault_runs import Reaction
from penloop.evidence.fault_situations import CAUSES, LOOKS_US

DRAWN = 3  # pairs, over the moments
GOOD = "good"


def body(pairs: list[Pair], doubles: list[Double]) -> str:
    """HTML in sections."""
    swept = [one for one in pairs if not one.unseen and one.situation.span_us > LOOKS_US]
    swept = sorted(swept, key=_spread, reverse=True)[:DRAWN]
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
    "The three whose end depends most on the moment. The moment runs over 100 ms: then all "
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


def _spread(one: Pair) -> float:
    """Between the earliest and the latest end, as a share of what is allowed."""
    sign = one.expected.sign(one.worst.names)
    ends_ms = [end_ms(each, one.expected) for each in one.reactions]
    if sign is None or any(map(math.isnan, ends_ms)):
        return math.inf
    return (max(ends_ms) - min(ends_ms)) / limits_ms(sign, one.expected, one.situation)[1]


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
        one.cause.replace("_", " "), one.situation.title, ", ".join(shown.names) or "-", *times,
        f"{worst.turned_deg / 360:.1f}", f"{worst.excess_um:+d} um", shown.state,
        one.verdict() or GOOD,
    ]  # fmt: skip


def _doubles_table(doubles: list[Double]) -> str:
    head = ("parts", "", "noticed as", "noticed", "drive off", "furthest", "ends in", "")
    rows = (
        [" then ".join(one.parts).replace("_", " "), one.why, ", ".join(one.worst.names),
         _ms(one.worst.told_ms), _ms(one.worst.off_ms), f"{one.worst.excess_um:+d} um",
         one.worst.state, one.verdict() or GOOD]
        for one in doubles
    )  # fmt: skip
    return html.table(head, rows)


def _ms(value: float) -> str:
    return "never" if math.isnan(value) else f"{value:.0f} ms"


def data(
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
