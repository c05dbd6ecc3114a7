"""Evidence: interrupts that come late, twice or never, long collections, and a clock that wraps.

One treatment, many times. What a board really does (its profile's worst) has to go unnoticed; what
it should never do may end the treatment, never safety.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import as_file, files
from multiprocessing import get_context

from penfw import faults
from penloop import palette
from penloop.evidence import html
from penloop.evidence.never import violations
from penloop.evidence.section import Claim, Effort, Part, Section
from penloop.scenarios import execution
from penloop.scenarios.scenario import Scenario
from penloop.scenarios.scenario_reader import load
from penloop.svg import svg
from pensim import Bench, Trace
from pensim.board.chance import draw_between
from pensim.board.interrupt_disturbance import Disturbance, InterruptDisturbance
from pensim.board.profile import PICO, BoardProfile
from pensim.electronics import Wiring
from pensim.errors import SimulatorError

SHORT_SEEDS, SEEDS = 3, 100
SHORT_WRAPS, WRAPS = 12, 500
TICK_US, LOOK_US = 1000, 20_000  # of the control interrupt, and of its slots' round
STEPS_TRIED = 40  # the step between wraps is up to 1/40 below an even spread
CEILING_UM = 750  # what the treatment sets
LONGEST_GC = replace(PICO, gc_pause_us=(PICO.gc_pause_us[1],) * 2,
                     gc_interval_us=(PICO.gc_interval_us[0],) * 2)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A way in which time goes wrong; `real`: a board does that, so it has to go unnoticed."""

    title: str
    disturbance: Disturbance = field(default_factory=Disturbance)
    profile: BoardProfile = PICO
    real: bool = False


KINDS = (
    Kind("every interrupt up to 250 us late", Disturbance(late=1.0, late_us=250), real=True),
    Kind("the longest collections, as often as can be", profile=LONGEST_GC, real=True),
    Kind("both", Disturbance(late=1.0, late_us=250), LONGEST_GC, real=True),
    Kind("1 in 100 up to 1.4 ms late", Disturbance(late=0.01, late_us=1400)),
    Kind("1 in 100 up to 20 ms late", Disturbance(late=0.01, late_us=20_000)),
    Kind("1 in 1,000 lost", Disturbance(lost=0.001)),
    Kind("1 in 100 lost", Disturbance(lost=0.01)),
    Kind("1 in 5 lost", Disturbance(lost=0.2)),
    Kind("1 in 100 twice", Disturbance(doubled=0.01)),
    Kind("1 in 5 twice", Disturbance(doubled=0.2)),
    Kind("all at once", Disturbance(0.02, 3000, 0.02, 0.02), LONGEST_GC),
)


@dataclass(frozen=True)
class Treated:
    """What came of a treatment.

    wrong: what must never be; empty in a safe one
    failed: sentences of the scenario that do not hold
    told: faults
    """

    kind: str
    seed: int
    wrong: tuple[str, ...]
    failed: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def came(self) -> str:
        """In a word."""
        if self.wrong:
            return "unsafe"
        if self.told:
            return "stopped by a fault"
        return "not as exact" if self.failed else "unnoticed"


def make(effort: Effort) -> Section:
    """All kinds with many seeds, and the clock's wrap at many moments."""
    count, wraps = (SHORT_SEEDS, SHORT_WRAPS) if effort.short else (SEEDS, WRAPS)
    jobs = [(number, seed) for number in range(len(KINDS)) for seed in range(count)]
    with ProcessPoolExecutor(effort.jobs, get_context("spawn")) as pool:
        treated = []
        for done, one in enumerate(pool.map(treat, *zip(*jobs, strict=True), chunksize=4), 1):
            treated.append(one)
            effort.progress(0.7 * done / len(jobs), one.kind)
        moments_us = wrap_moments_us(wraps)
        digests = list(pool.map(digest_with_wrap, moments_us, chunksize=4))
    effort.progress(1.0, "clock wraps")
    undisturbed = digest_with_wrap(PICO.first_wrap_us)
    others = [us for us, one in zip(moments_us, digests, strict=True) if one != undisturbed]
    claims = (*_claims(treated), _wrap_claim(moments_us, others))
    return Section(claims, _body(treated), {"treatments": [asdict(one) for one in treated]})


def scenario() -> Scenario:
    """The treatment: a start, skin, a change of depth under way, a stop."""
    with as_file(files("penloop.evidence") / "campaigns") as folder:
        return load(folder / "timing.scenario.toml")


def treat(number: int, seed: int) -> Treated:
    """One treatment with the kind of that number; the clock wraps somewhere in it."""
    kind, what = KINDS[number], scenario()
    wrap_us = draw_between(seed, "wrap", number, (0, what.duration_us))
    with _bench(what, replace(kind.profile, first_wrap_us=wrap_us), seed) as bench:
        InterruptDisturbance(bench.board.processor, kind.disturbance, seed)
        error = _played(what, bench)
        trace, log = bench.trace(), bench.operator.log
    word = int(trace["pen.faults"].max()) if "pen.faults" in trace else 0
    return Treated(
        kind.title,
        seed,
        tuple(error + violations(trace, CEILING_UM)),
        tuple(one.text for one in what.expectations if not one.judge(trace, log).holds),
        tuple(row[1] for row in faults.FAULTS if word >> row[0] & 1),
    )


def _played(what: Scenario, bench: Bench) -> list[str]:
    try:
        execution.play(what, bench)
    except SimulatorError as error:
        return [str(error)]
    return []


def digest_with_wrap(first_wrap_us: int) -> str:
    """Of the undisturbed treatment, whose clock wraps then. Without a host: it is told the device's
    time, so that its frames are others."""
    what = replace(scenario(), link=())
    with _bench(what, replace(PICO, first_wrap_us=first_wrap_us), what.seed) as bench:
        execution.play(what, bench)
        return _digest(bench.trace())


def _digest(trace: Trace) -> str:
    """Of all columns but for the light, which blinks by the clock."""
    dark = ~sum(1 << pin for pin in Wiring().led)
    found = hashlib.sha256()
    for column, values in trace.columns():
        found.update((values & dark if column.name.startswith("board.") else values).tobytes())
    return found.hexdigest()


def wrap_moments_us(count: int) -> list[int]:
    """Spread over the treatment, by the step that meets the phases of tick and look best."""
    longest_us = scenario().duration_us // count
    steps_us = range(longest_us - longest_us // STEPS_TRIED, longest_us + 1)
    return min((_stepped(step_us, count) for step_us in steps_us), key=_unmet)


def _stepped(step_us: int, count: int) -> list[int]:
    return [round((number + 0.618) * step_us) for number in range(count)]


def _unmet(moments_us: list[int]) -> float:
    """Both greatest gaps, each as a share of its period."""
    return sum(largest_gap_us(moments_us, period) / period for period in (TICK_US, LOOK_US))


def largest_gap_us(moments_us: list[int], period_us: int) -> int:
    """Between two phases of the period that are met next to each other."""
    phases = sorted({moment % period_us for moment in moments_us})
    return max(
        later - phase
        for phase, later in zip(phases, [*phases[1:], phases[0] + period_us], strict=True)
    )


def _bench(what: Scenario, profile: BoardProfile, seed: int) -> Bench:
    return execution.make_bench(what, "cpython", seed, profile=profile)


def _claims(treated: list[Treated]) -> Iterator[Claim]:
    real = {kind.title for kind in KINDS if kind.real}
    noticed = [one for one in treated if one.kind in real and one.came != "unnoticed"]
    unsafe = [one for one in treated if one.wrong]
    count = sum(one.kind in real for one in treated)
    yield Claim(
        "What the board itself does to its time goes unnoticed: the treatment holds rate, depth "
        "and park, without a fault.",
        not noticed,
        f"{count} treatments{_some(noticed)}",
        "R-817",
    )
    yield Claim(
        "Interrupts that come late, twice or never, and collections of any length, never drive the "
        "motor where it may not be, never put the needles deeper, and never end the firmware.",
        not unsafe,
        f"{len(treated)} treatments{_some(unsafe)}",
        "R-818",
    )
    grave = [one for one in treated if one.kind in ("1 in 5 lost", "1 in 100 up to 20 ms late")]
    silent = [one for one in grave if "control deadline missed" not in one.told]
    yield Claim(
        "An interrupt that misses its deadline is noticed.",
        not silent,
        f"{len(grave)} treatments with such interrupts{_some(silent)}",
        "R-407",
    )


def _wrap_claim(moments_us: list[int], others: list[int]) -> Claim:
    told = ", ".join(f"{us / 1e6:.4f} s" for us in others[:5])
    return Claim(
        "The moment at which the clock wraps changes nothing: the trace is the same to the bit, "
        "but for the light's blinking.",
        not others,
        f"{len(moments_us)} moments of the treatment: of the tick's millisecond a phase every "
        f"{largest_gap_us(moments_us, TICK_US)} us or less, of the look's 20 ms every "
        f"{largest_gap_us(moments_us, LOOK_US)} us or less{f'; not at {told}' if others else ''}",
        "R-819",
    )


def _some(treated: list[Treated]) -> str:
    told = [f"{one.kind}, seed {one.seed}: {'; '.join(one.wrong or one.told or one.failed)}"
            for one in treated[:3]]  # fmt: skip
    return f"; {len(treated)} not so, such as {' | '.join(told)}" if treated else ", none otherwise"


# The page

COLOURS = {
    "unnoticed": palette.TRUE, "not as exact": "#8fc7bf", "stopped by a fault": "#f0c443",
    "unsafe": palette.ALARM,
}  # fmt: skip


def _body(treated: list[Treated]) -> str:
    rows = ([kind.title, "yes" if kind.real else "no", *_counts(treated, kind)] for kind in KINDS)
    text = "Of each kind, how many treatments went how. What a board really does is above the line."
    return html.section("What comes of it", text, _picture(treated)) + html.section(
        "In numbers", "", html.table(("kind", "a board does it", *COLOURS, "faults"), rows)
    )


def _counts(treated: list[Treated], kind: Kind) -> list[str]:
    those = [one for one in treated if one.kind == kind.title]
    told = sorted({name for one in those for name in one.told})
    counts = [sum(one.came == came for one in those) for came in COLOURS]
    return [*map(str, counts), ", ".join(told)]


def _picture(treated: list[Treated]) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 1.0 + 0.34 * len(KINDS)), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(KINDS)
    for came, colour in COLOURS.items():
        shares = [_share(treated, kind, came) for kind in KINDS]
        axes.barh(range(len(KINDS)), shares, left=left, color=colour, label=came, height=0.7)
        left = [start + share for start, share in zip(left, shares, strict=True)]
    axes.axhline(sum(kind.real for kind in KINDS) - 0.5, color=palette.MUTED, linewidth=0.8)
    axes.set_yticks(range(len(KINDS)), [kind.title for kind in KINDS], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the treatments, %", fontsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper right", ncols=len(COLOURS), frameon=False, fontsize=9)
    return svg(figure)


def _share(treated: list[Treated], kind: Kind, came: str) -> float:
    those = [one.came for one in treated if one.kind == kind.title]
    return 100.0 * those.count(came) / max(len(those), 1)


PART = Part("timing", "Interrupts, collections and clocks that do not keep their time", make)
