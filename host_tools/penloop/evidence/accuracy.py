"""Evidence: how exactly pens of the line hold the stroke rate and the depth that are set.

A Monte Carlo of pens, cells, rooms, cartridges and skins, on the closed loop; every pen has the
shipped settings, none is tuned.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penfw.limits import lowest_rate_mHz
from penloop import palette
from penloop.campaigns.campaign import Campaign, load
from penloop.campaigns.cases import Case
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.driver import processes, run_cases
from penloop.evidence.section import Claim, Effort, Part, Section
from penloop.evidence.sources import source_sha256
from penloop.svg import svg

SHORT_CASES, CASES = 60, 1200
RATE_PERCENT = 2.0  # DESIGN.md, at steady state, wherever the duty is below 95 %
DUTY_LIMIT = 0.95
DEPTH_MM = 0.05  # DESIGN.md, of the axis against its sensor
FASTEST_MHZ = 150_000
CONFIDENCE = 0.95

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Results:
    """Columns of all pens, in the order of the cases."""

    set_hz: Column
    held_hz: Column
    slowest_hz: Column
    fastest_hz: Column
    duty: Column
    set_mm: Column
    nose_mm: Column
    deepest_mm: Column
    reached_mm: Column
    passed: NDArray[np.bool_]
    kind: NDArray[np.object_]
    zone: NDArray[np.object_]

    @property
    def worst_percent(self) -> Column:
        """The turn whose mean is farthest from what is set, percent."""
        off = np.stack([self.slowest_hz - self.set_hz, self.fastest_hz - self.set_hz])
        return 100.0 * np.max(np.abs(off), axis=0) / self.set_hz

    @property
    def held_percent(self) -> Column:
        """The mean of the whole contact against what is set, percent."""
        return 100.0 * (self.held_hz / self.set_hz - 1.0)


def make(effort: Effort) -> Section:
    """Runs the pens that are not there yet, and judges all."""
    count = SHORT_CASES if effort.short else CASES
    pens = campaign(count)
    data = DataSet(effort.folder / source_sha256(PART)[:12], pens)
    reused = _reused(data, count)
    _run(pens, data, effort)
    results = _results(data, count)
    claims = tuple(_claims(results))
    told = {"pens": count, "campaign": pens.fingerprint}
    return Section(claims, _body(results), told, reused=reused)


def _reused(data: DataSet, count: int) -> str:
    """What an earlier run on these very sources has left, as the time does not tell of that."""
    there = count - sum(len(gap) for gap in data.missing(count))
    return (
        f"{there:,} of {count:,} pens are of an earlier run on these very sources" if there else ""
    )


def campaign(count: int) -> Campaign:
    """As many treatments of varied pens, without a fault."""
    with as_file(files("penloop.evidence") / "campaigns") as folder:
        return load(folder / "accuracy.campaign.toml", cases=count)


def _run(pens: Campaign, data: DataSet, effort: Effort) -> None:
    gaps = data.missing(pens.plan.count)
    todo = sum(len(gap) for gap in gaps)
    cases = (possible(pens, number) for gap in gaps for number in gap)
    with processes(effort.jobs) as workers:
        for done, _one in enumerate(data.write(run_cases(pens.template, cases, workers)), 1):
            effort.progress(done / todo, f"{done} of {todo} pens")


def possible(pens: Campaign, number: int) -> Case:
    """A case whose rate is one that the pen allows at its depth with its needles."""
    case = pens.plan.case(number)
    names = [variable.place.name for variable in pens.variables]
    values = dict(zip(names, case.values, strict=True))
    needles = int(str(values["step.1.kind"]).split()[0])
    slowest = lowest_rate_mHz(needles, round(float(values["settings.depth"]) * 1000)) / 1000
    drawn = next(v for v in pens.variables if v.place.name == "settings.stroke_rate")
    low, high = float(drawn.at(0.0)), float(drawn.at(1.0))
    share = (float(values["settings.stroke_rate"]) - low) / (high - low)
    values["settings.stroke_rate"] = round(slowest + share * (high - slowest), 3)
    return replace(case, values=tuple(values[name] for name in names))


def _results(data: DataSet, count: int) -> Results:
    def column(name: str) -> Any:
        return data.column(name, count)

    return Results(
        column("settings.stroke_rate_Hz"),
        column("measure.held_Hz"),
        1e6 / column("measure.longest_turn"),
        1e6 / column("measure.shortest_turn"),
        column("measure.duty_u16") / 65535,
        column("settings.depth_mm"),
        column("measure.nose_mm"),
        column("measure.deepest_mm"),
        column("measure.reached_mm"),
        column("passed"),
        column("step.1.kind"),
        column("step.3.zone"),
    )


def _claims(found: Results) -> Iterator[Claim]:
    free = found.duty < DUTY_LIMIT
    off = found.worst_percent[free]
    yield _share_claim(
        f"The stroke rate, the mean of each turn, stays within {RATE_PERCENT:g} % of what is set "
        f"at steady state, wherever the duty is below {DUTY_LIMIT:.0%}.",
        off <= RATE_PERCENT,
        f"farthest {np.max(off):.2f} %, 95 % of pens within {np.percentile(off, 95):.2f} %",
        "R-513",
    )
    nose = found.nose_mm - found.set_mm
    # The pen rounds the depth down to a step of 0.025 mm.
    held = np.maximum(nose, -nose - 0.025)
    yield _share_claim(
        f"The needles stand out of the nose as set, in steps of 0.025 mm, within {DEPTH_MM:g} mm.",
        held <= DEPTH_MM,
        f"{np.min(nose):+.3f} to {np.max(nose):+.3f} mm",
        "R-508",
    )
    excess = found.deepest_mm - found.set_mm
    yield _share_claim(
        f"No stroke goes deeper into the skin than {DEPTH_MM:g} mm below what is set.",
        excess <= DEPTH_MM,
        f"deepest {np.max(excess):+.3f} mm from what was set",
        "R-509",
    )
    yield _share_claim(
        "No treatment without a defect ends in a fault, and each ends parked.", found.passed,
        f"{np.count_nonzero(~found.passed)} did", "R-453",
    )  # fmt: skip


def _share_claim(text: str, holds: NDArray[np.bool_], figures: str, requirement: str) -> Claim:
    """Of all pens; with what may be said of pens that were not drawn."""
    from scipy.stats import binomtest

    failed = int(np.count_nonzero(~holds))
    high = binomtest(failed, len(holds)).proportion_ci(CONFIDENCE, method="exact").high
    told = (
        f"{len(holds):,} pens, {failed} outside; {figures}; with {CONFIDENCE:.0%} confidence at "
        f"most {high:.2%} of such pens are outside"
    )
    return Claim(text, failed == 0, told, requirement)


def _body(found: Results) -> str:
    return "".join(
        f'<section><h2>{title}</h2><p>{text}</p><div class="figure">{picture}</div></section>'
        for title, text, picture in (
            ("Stroke rate", _RATE_TEXT, _rate_picture(found)),
            ("Depth", _DEPTH_TEXT, _depth_picture(found)),
            ("By cartridge and zone", _MAP_TEXT, _map_picture(found)),
        )
    )


_RATE_TEXT = (
    "Each dot is a pen: the farthest that the mean of a turn was from what was set, while the"
    " needles worked in skin, from half a second after contact on. Grey: duty saturated."
)
_DEPTH_TEXT = (
    "Left: needles beyond the nose against what was set. Right: how deep strokes went into the "
    "skin, from half a second after contact on. Skin gives way and hands stand off, so less than "
    "set; never more."
)
_MAP_TEXT = "The worst pen of each pair of cartridge and zone."


def _axes(count: int, height_in: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, height_in), layout="constrained")
    cells = figure.subplots(1, count, squeeze=False)[0]
    for axes in cells:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=palette.GRID, lw=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8, colors=palette.MUTED)
    return figure, cells


def _rate_picture(found: Results) -> str:
    figure, (over, spread) = _axes(2, 3.4)
    free = found.duty < DUTY_LIMIT
    for rows, colour in ((free, palette.TRUE), (~free, palette.SET)):
        over.scatter(found.set_hz[rows], found.worst_percent[rows], s=7, color=colour, lw=0,
                     alpha=0.7)  # fmt: skip
    over.axhline(RATE_PERCENT, color=palette.ALARM, lw=1, ls="--")
    over.set_ylim(0, max(2.3, float(np.max(found.worst_percent)) * 1.05))
    over.set_xlabel("stroke rate set, Hz")
    over.set_ylabel("farthest from it, %")
    spread.hist(found.held_percent[free], 60, color=palette.TRUE)
    spread.set_xlabel("mean of the whole contact against what was set, %")
    spread.set_ylabel("pens")
    return svg(figure)


def _depth_picture(found: Results) -> str:
    figure, (nose, skin) = _axes(2, 3.6)
    limits = (0.0, float(np.max(found.set_mm)) * 1.05)
    for axes, values in ((nose, found.nose_mm), (skin, found.reached_mm)):
        axes.plot(limits, limits, color=palette.SET, lw=1, ls="--")
        axes.plot(limits, (limits[0] + DEPTH_MM, limits[1] + DEPTH_MM), color=palette.ALARM, lw=1,
                  ls=":")  # fmt: skip
        axes.scatter(found.set_mm, values, s=7, color=palette.TRUE, lw=0, alpha=0.7)
        axes.set_xlabel("depth set, mm")
    nose.set_ylabel("needles beyond the nose, mm")
    skin.set_ylabel("deepest stroke in the skin, mm")
    return svg(figure)


def _map_picture(found: Results) -> str:
    figure, cells = _axes(2, 3.2)
    excess = found.deepest_mm - found.set_mm
    for axes, values, title in (
        (cells[0], found.worst_percent, "rate: farthest from set, %"),
        (cells[1], excess, "depth in the skin beyond what is set, mm"),
    ):
        _map(axes, found, values)
        axes.set_title(title, fontsize=9, loc="left", color=palette.INK)
    return svg(figure)


def _map(axes: Any, found: Results, values: Column) -> None:
    kinds = sorted(set(found.kind), key=lambda kind: int(kind.split()[0]))
    zones = sorted(set(found.zone))
    table = np.full((len(kinds), len(zones)), np.nan)
    for row, kind in enumerate(kinds):
        for column, zone in enumerate(zones):
            chosen = values[(found.kind == kind) & (found.zone == zone)]
            if len(chosen):
                table[row, column] = np.max(chosen)
                axes.text(column, row, f"{table[row, column]:.2f}", ha="center", va="center",
                          fontsize=8)  # fmt: skip
    axes.imshow(table, cmap="Oranges", aspect="auto", alpha=0.6)
    axes.grid(visible=False)
    axes.set_xticks(range(len(zones)), [zone.replace("_", " ") for zone in zones], fontsize=8)
    axes.set_yticks(range(len(kinds)), kinds, fontsize=8)
    axes.tick_params(axis="x", rotation=30, length=0)


PART = Part("accuracy", "Accuracy of stroke rate and depth", make)
