"""Evidence: parking and proof end by themselves, whatever their inputs, by the firmware's own code.

Each law is followed from its beginning with every sequence of inputs: one value of each range that
the law tells apart. What can go on is a graph; its longest way is the bound, a circle has none.
"""

from collections.abc import Callable
from itertools import product

from penfw.states import PARKING, SELF_TEST
from penloop.evidence.played_interrupt import Q12, ZERO, Interrupt
from penloop.evidence.power import LAW_OFF, LAW_PARK, LAW_PROVE
from penloop.evidence.section import Claim

STEP_MS = {LAW_PARK: 4, LAW_PROVE: 2}  # of a step where nothing rarer takes its tick
PARK_WORDS = ("park_phase", "park_ms", "park_tries")
PROOF_WORDS = ("proof_step",)
AGES_US = (0, 5_000, 10_000, 25_000, 35_000, 90_000, 1_000_000)  # of the last edge
GAPS_US = (1_000, 25_000)  # between the last two
EDGES = range(6)  # since the top
CURRENTS_MA = (-4_000, -60, 0, 60, 100, 250, 4_000)
FOREVER = -1
MOST_WORDS = 1_000  # sets of them that are followed; a law without a bound has ever new ones

Words = dict[str, int]
Kept = tuple[int, ...]


def claims(interrupt: Interrupt) -> tuple[Claim, Claim]:
    """That PARKING ends, and the proof."""
    park, proof = parking(interrupt), proving(interrupt)
    return (
        Claim(
            "Parking ends by itself, with needles parked or by a fault that cuts, whatever top "
            "dead centre, tachometer and time say.",
            park != FOREVER,
            _told(park, LAW_PARK, len(_park_inputs())),
            "R-108",
        ),
        Claim(
            "The proof in SELF_TEST ends by itself, whatever current and motion say.",
            proof != FOREVER,
            _told(proof, LAW_PROVE, len(_proof_inputs())),
            "R-108",
        ),
    )


def _told(steps: int, law: int, inputs: int) -> str:
    if steps == FOREVER:
        return f"it can go on for ever with some sequence of {inputs} inputs a step"
    return (
        f"the firmware's own law, with every sequence of {inputs} inputs a step: at most {steps} "
        f"steps, {steps * STEP_MS[law]} ms where no press or request takes their ticks"
    )


def parking(interrupt: Interrupt) -> int:
    """Steps of the law at most, or FOREVER."""
    begun = {"state": PARKING, "law": LAW_PARK, "gate": 1, "head": 100, "tdc_count": 1}
    begun |= dict.fromkeys(PARK_WORDS, 0)
    return _longest(interrupt, begun, PARK_WORDS, _park_inputs(), interrupt.control._park_law)


def proving(interrupt: Interrupt) -> int:
    """Steps of the proof at most, or FOREVER."""
    control = interrupt.control
    begun = {"state": SELF_TEST, "law": LAW_PROVE, "gate": 0, "proof_zero": 16 * ZERO}
    begun |= dict.fromkeys(PROOF_WORDS, 0)

    def step() -> None:
        control._prove(interrupt.inputs["shunt"], control.values)

    return _longest(interrupt, begun, PROOF_WORDS, _proof_inputs(), step)


def _park_inputs() -> list[Words]:
    return [
        {"tdc": tdc, "park_count": count, "age_us": age_us, "tdc_head": 100 - edges,
         "gap_us": gap_us}
        for tdc, count, age_us, gap_us, edges in product((0, 1), (0, 1), AGES_US, GAPS_US, EDGES)
    ]  # fmt: skip


def _proof_inputs() -> list[Words]:
    return [
        {"tdc": tdc, "head": head, "shunt": min(max(ZERO + mA * 4096 // Q12, 0), 65_535),
         "proof_sum": 16 * ZERO + mean_mA * 65_536 // Q12}
        for tdc, head, mA, mean_mA in product((0, 1), (0, 1), CURRENTS_MA, CURRENTS_MA)
    ]  # fmt: skip


def _longest(
    interrupt: Interrupt, begun: Words, kept: tuple[str, ...], inputs: list[Words],
    step: Callable[[], None],
) -> int:  # fmt: skip
    """`kept` are the words that the law goes on from."""
    control = interrupt.control
    first = tuple(begun[name] for name in kept)
    following: dict[Kept, set[Kept]] = {}
    waiting = {first}
    while waiting:
        if len(following) == MOST_WORDS:
            return FOREVER
        words = waiting.pop()
        following[words] = set()
        for one in inputs:
            _prepare(interrupt, begun | dict(zip(kept, words, strict=True)), one)
            step()
            if control.law != LAW_OFF and not control.faults & control.cut_mask:
                following[words].add(tuple(getattr(control, name) for name in kept))
        waiting |= following[words] - set(following)
    return _longest_way(following, first)


def _prepare(interrupt: Interrupt, begun: Words, one: Words) -> None:
    words = begun | one
    for name in ("tdc", "shunt"):
        if name in words:
            interrupt.inputs[name] = words.pop(name)
    gap_us = words.pop("gap_us", 0)
    interrupt.become(words)
    interrupt.control.ring[99 & 15], interrupt.control.ring[98 & 15] = 2_000_000 + gap_us, 2_000_000


def _longest_way(following: dict[Kept, set[Kept]], first: Kept) -> int:
    """By taking away, again and again, what leads to known ends only; the rest is a circle."""
    known: dict[Kept, int] = {}
    while first not in known:
        ready = [words for words, later in following.items()
                 if words not in known and later <= known.keys()]  # fmt: skip
        if not ready:
            return FOREVER
        known |= {
            words: 1 + max((known[one] for one in following[words]), default=0) for words in ready
        }
    return known[first]
