"""Evidence: how exactly pens of the line hold the stroke rate and the depth that are set.

A Monte Carlo of pens, cells, rooms, cartridges and skins, on the closed loop; every pen has the
shipped settings, none is tuned.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penfw.limits import lowest_rate_mHz
from penloop.campaigns.campaign import Campaign, load
from penloop.campaigns.cases import Case
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.driver import processes, run_cases
from penloop.evidence import accuracy_pictures, stamp
from penloop.evidence.accuracy_results import (
    CONFIDENCE,
    DEPTH_MM,
    DEPTHS_MM,
    DUTY_LIMIT,
    HEAD,
    RATE_PERCENT,
    RATES_HZ,
    STEP_MM,
    Results,
    Row,
    depths_of,
    most_outside,
    rates_of,
    results_of,
    rows_of,
)
from penloop.evidence.html import section, table
from penloop.evidence.section import Claim, Effort, Part, Section
from penloop.evidence.sources import source_sha256

SHORT_CASES, CASES = 60, 1200
SHORT_ENDS, ENDS = 20, 400


def make(effort: Effort) -> Section:
    """Runs the pens that are not there yet, and judges all."""
    folder = stamp.short(source_sha256(PART))
    count, of_ends = (SHORT_CASES, SHORT_ENDS) if effort.short else (CASES, ENDS)
    line = _play(campaign(count), effort.folder / folder, effort)
    ends = _play(campaign(of_ends, "accuracy_ends"), effort.folder / "ends" / folder, effort)
    claims = (*_claims(line.results, ""), *_claims(ends.results, f"At {_ENDS}: "))
    told = {**_data(line), "ends": _data(ends)}
    reused = _reused(line.reused + ends.reused, count + of_ends)
    return Section(claims, _body(line.results, ends.results), told, reused=reused)


@dataclass(frozen=True)
class Played:
    """A campaign's pens; `reused`: how many an earlier run on these very sources has left."""

    campaign: Campaign
    results: Results
    reused: int


def _play(pens: Campaign, folder: Path, effort: Effort) -> Played:
    data, count = DataSet(folder, pens), pens.plan.count
    reused = count - sum(len(gap) for gap in data.missing(count))
    _run(pens, data, effort)
    return Played(pens, results_of(data, count), reused)


def _reused(there: int, count: int) -> str:
    """The time does not tell of that."""
    return (
        f"{there:,} of {count:,} pens are of an earlier run on these very sources" if there else ""
    )


def campaign(count: int, name: str = "accuracy") -> Campaign:
    """As many treatments of varied pens, without a fault.

    "accuracy_ends" has depths and cells that "accuracy" leaves out: whose depth has to be unlocked
    in service, which are shallower, and that are nearly empty.
    """
    with as_file(files("penloop.evidence") / "campaigns") as folder:
        return load(folder / f"{name}.campaign.toml", cases=count)


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
    rate, depth, kind = (
        next(name for name in names if name.endswith(end))
        for end in (".stroke_rate", ".depth", ".kind")
    )
    needles = int(str(values[kind]).split()[0])
    slowest = lowest_rate_mHz(needles, round(float(values[depth]) * 1000)) / 1000
    drawn = next(v for v in pens.variables if v.place.name == rate)
    low, high = float(drawn.at(0.0)), float(drawn.at(1.0))
    share = (float(values[rate]) - low) / (high - low)
    values[rate] = round(slowest + share * (high - slowest), 3)
    return replace(case, values=tuple(values[name] for name in names))


def _claims(found: Results, where: str) -> Iterator[Claim]:
    off = found.worst_percent[found.free]
    yield _share_claim(
        f"{where}The stroke rate, the mean of each turn, stays within {RATE_PERCENT:g} % of what "
        f"is set at steady state, wherever the duty is below {DUTY_LIMIT:.0%}.",
        off <= RATE_PERCENT,
        f"farthest {np.max(off):.2f} %, 95 % of pens within {np.percentile(off, 95):.2f} %",
        "R-513",
    )
    low, high = found.nose_off_mm
    yield _share_claim(
        f"{where}The needles stand out of the nose as set, in steps of {STEP_MM:g} mm, within "
        f"{DEPTH_MM:g} mm, from contact until lift-off.",
        found.nose_holds,
        f"{np.nanmin(low):+.3f} to {np.nanmax(high):+.3f} mm",
        "R-508",
    )
    excess = found.deepest_mm - found.set_mm
    yield _share_claim(
        f"{where}No stroke goes deeper into the skin than {DEPTH_MM:g} mm below what is set.",
        excess <= DEPTH_MM,
        f"deepest {np.nanmax(excess):+.3f} mm from what was set",
        "R-509",
    )
    yield _share_claim(
        f"{where}No treatment without a defect ends in a fault, and each ends parked.",
        found.passed, f"{np.count_nonzero(~found.passed)} did", "R-453",
    )  # fmt: skip


def _share_claim(text: str, holds: NDArray[np.bool_], figures: str, requirement: str) -> Claim:
    """Of all pens; with what may be said of pens that were not drawn."""
    failed = int(np.count_nonzero(~holds))
    told = (
        f"{len(holds):,} pens, {failed} outside; {figures}; with {CONFIDENCE:.0%} confidence at "
        f"most {most_outside(failed, len(holds)):.2%} of such pens are outside"
    )
    return Claim(text, failed == 0, told, requirement)


def _body(found: Results, ends: Results) -> str:
    parts = [
        ("Stroke rate", _RATE_TEXT, accuracy_pictures.of_rate(found)),
        ("Depth", _DEPTH_TEXT, accuracy_pictures.of_depth(found)),
        ("By cartridge and zone", _MAP_TEXT, accuracy_pictures.by_cartridge(found)),
        (f"At {_ENDS}: rate", _RATE_TEXT, accuracy_pictures.of_rate(ends)),
        (f"At {_ENDS}: depth", _DEPTH_TEXT, accuracy_pictures.of_depth(ends)),
    ]
    for title, pens in ("", found), (f", at {_ENDS}", ends):
        for name, rows in _tables(pens).items():
            cells = (row.cells() for row in rows)
            parts.append((f"The {name} in figures{title}", _TABLE_TEXT[name], table(HEAD, cells)))
    return "".join(section(*part) for part in parts)


def _tables(found: Results) -> dict[str, list[Row]]:
    return {
        "rate": rows_of(rates_of(found), RATES_HZ),
        "depth": rows_of(depths_of(found), DEPTHS_MM),
    }


def _data(played: Played) -> dict[str, Any]:
    found = played.results
    rows = {name: [asdict(row) for row in rows] for name, rows in _tables(found).items()}
    return {"pens": len(found.set_hz), "campaign": played.campaign.fingerprint, **rows}


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


_ENDS = "depths from 0.1 to 2.5 mm, with cells from 5 % on"
_OFF = (
    f"Off: against what was set. At most: with {CONFIDENCE:.0%} confidence no greater share of "
    "such pens is outside."
)
_TABLE_TEXT = {
    "rate": f"Pens whose duty is below {DUTY_LIMIT:.0%}. Outside: more than {RATE_PERCENT:g} % "
    f"off. {_OFF}",
    "depth": f"Outside: beyond the nose more than {DEPTH_MM:g} mm off, or that below the step of "
    f"{STEP_MM:g} mm; in the skin more than {DEPTH_MM:g} mm deeper. {_OFF}",
}


PART = Part("accuracy", "Accuracy of stroke rate and depth", make)
