"""A cause in a situation: the worst moment is searched, and what came of it is judged."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from penloop.evidence.fault_expectations import EXPECTED, Expected, Sign
from penloop.evidence.fault_runs import Reaction, reaction
from penloop.evidence.fault_situations import LOOKS_US, SELF_TEST_US, Situation

MOMENTS = 40  # of the search; within 20 ms a quarter of them is as close
SHORT_MOMENTS = 4
DEEPER_UM = 50
UNBRAKED_MS = 2.0
NEVER = 9.0  # the share of the allowed time that stands for it
PARKED_STATES = ("STANDBY", "READY")


@dataclass(frozen=True)
class Pair:
    """A cause and a situation, over the moments at which it may come."""

    cause: str
    situation: Situation
    reactions: tuple[Reaction, ...]  # by their time
    found: Reaction | None = None  # where nothing had to show it: what then did

    @property
    def expected(self) -> Expected:
        """What has to come of it."""
        return EXPECTED[self.cause]

    @property
    def unseen(self) -> bool:
        """Whether nothing has to show it here."""
        return may_be_unseen(self.expected, self.situation)

    @property
    def worst(self) -> Reaction:
        """That which uses most of its time."""
        return max(self.reactions, key=self.share)

    def share(self, one: Reaction) -> float:
        """Of its allowed time, to being noticed or to the end: the greater."""
        return share(one, self.expected, self.situation)

    def verdict(self) -> str:
        """What is wrong; empty when it is as it has to be."""
        verdicts = (_wrong(one, self.expected, self.situation) for one in self.reactions)
        if wrong := next(filter(None, verdicts), ""):
            return wrong
        return _not_found(self.found, self.expected) if self.found is not None else ""


def may_be_unseen(expected: Expected, situation: Situation) -> bool:
    """A pen in FAULT stays there; in SELF_TEST a part may fail behind its own test."""
    return situation.name in expected.unseen_in or situation.state in ("SELF_TEST", "FAULT")


def end_ms(one: Reaction, expected: Expected) -> float:
    """When the reaction had ended: needles retracted, or the drive off where that is its end."""
    sign = expected.sign(one.names)
    parks = expected.parks and not expected.off_ms and sign is not None and not sign.cut
    return one.parked_ms if parks else one.off_ms


def limits_ms(sign: Sign, expected: Expected, situation: Situation) -> tuple[int, int]:
    """To being noticed, and to the end. The self-test looks at the parts in its own order."""
    later_ms = SELF_TEST_US // 1000 if situation.state == "SELF_TEST" else 0
    ended_ms = expected.off_ms or sign.ended_ms + expected.late_ms
    return sign.noticed_ms + later_ms, ended_ms + later_ms


def share(one: Reaction, expected: Expected, situation: Situation) -> float:
    """Of the allowed time; 0 where nothing had to be noticed and nothing was."""
    sign = expected.sign(one.names)
    if sign is None:
        return 0.0 if may_be_unseen(expected, situation) and not one.names else NEVER
    noticed_ms, ended_ms = limits_ms(sign, expected, situation)
    shares = (one.told_ms / noticed_ms, end_ms(one, expected) / ended_ms)
    return NEVER if any(map(math.isnan, shares)) else max(shares)


def _wrong(one: Reaction, expected: Expected, situation: Situation) -> str:
    if one.error:
        return one.error
    if one.excess_um > DEEPER_UM:
        return f"needles {one.excess_um} um further out than set"
    if one.was != situation.state:
        return f"it came in {one.was}"
    if situation.state == "FAULT" and (one.off_ms > 0 or one.state != "FAULT"):
        return f"leaves the fault: drive off after {one.off_ms:.0f} ms, ends in {one.state}"
    if not one.names:
        return _wrong_unseen(one, expected, situation)
    sign = expected.sign(one.names)
    if sign is None:
        return f"told as {one.names[0]}"
    return _late(one, sign, expected, situation) or _wrong_end(one, expected)


def _wrong_unseen(one: Reaction, expected: Expected, situation: Situation) -> str:
    if not may_be_unseen(expected, situation):
        return "not detected"
    if situation.state == "PARKING" and (
        one.state not in PARKED_STATES or math.isnan(one.parked_ms)
    ):
        return f"says that it is parked, and is not: {one.state}"
    return ""


def _late(one: Reaction, sign: Sign, expected: Expected, situation: Situation) -> str:
    noticed_ms, ended_ms = limits_ms(sign, expected, situation)
    ended = end_ms(one, expected)
    if one.told_ms > noticed_ms:
        return f"noticed after {one.told_ms:.0f} ms, {noticed_ms} allowed"
    if math.isnan(ended):
        return "never off" if math.isnan(one.off_ms) else "never parked"
    return f"{ended:.0f} ms, {ended_ms} allowed" if ended > ended_ms else ""


def _wrong_end(one: Reaction, expected: Expected) -> str:
    if one.state != "FAULT":
        return f"ends in {one.state}"
    if expected.brakes and one.unbraked_ms > UNBRAKED_MS:
        return f"without drive and brake for {one.unbraked_ms:.0f} ms"
    return ""


def _not_found(one: Reaction, expected: Expected) -> str:
    if one.error:
        return one.error
    if not one.names:
        return f"not found afterwards: {one.state}"
    if expected.sign(one.names) is None:
        return f"found as {one.names[0]}"
    return "" if one.state == "FAULT" else f"found, but ends in {one.state}"


def pair(cause: str, situation: Situation, short: bool) -> Pair:
    """Plays it at the moments of the search; then what finds it, where nothing has to show it."""
    expected = EXPECTED[cause]
    once: Callable[[int], Reaction] = partial(reaction, (cause,), situation)
    moments = MOMENTS if situation.span_us > LOOKS_US else MOMENTS // 4
    found = searched(once, expected, situation, SHORT_MOMENTS if short else moments)
    unseen = [one for one in found if not one.names]
    later = None
    if unseen and expected.found_by and situation.state != "FAULT":
        later = reaction((cause,), situation, unseen[-1].at_us, expected.found_by)
    return Pair(cause, situation, tuple(found), later)


def searched(
    once: Callable[[int], Reaction], expected: Expected, situation: Situation, moments: int
) -> list[Reaction]:
    """DIRECT, a global search over all moments; all runs are kept.

    It divides where the latest were, and where little is known (Jones et al., J. Optim. Theory
    Appl. 79, 1993).
    """
    from scipy.optimize import direct

    found: dict[int, Reaction] = {}

    def earliness(after: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        at_us = situation.fault_us + round(float(after[0]))
        if at_us not in found:
            found[at_us] = once(at_us)
        return -share(found[at_us], expected, situation)

    direct(
        earliness, [(0, situation.span_us)], maxfun=moments, locally_biased=False,
        vol_tol=0.0, len_tol=0.0,
    )  # fmt: skip
    return [found[at_us] for at_us in sorted(found)]
