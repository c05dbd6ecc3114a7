"""A case: one run of a campaign's scenario with its own values. What a worker does.

A worker may be another process or another machine: it gets plain values only, and gives such.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pensim
from penloop import file_hash
from penloop.campaigns.moments import moments_of
from penloop.campaigns.places import Place, Value, with_values
from penloop.errors import UserError
from penloop.scenarios import execution
from penloop.scenarios.scenario import Scenario
from penloop.scenarios.scenario_reader import Document, scenario_of
from pensim import Firmware


@dataclass(frozen=True)
class Case:
    """One run: its number, its seed, and a value for each of the template's places."""

    number: int
    seed: int
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Template:
    """What all cases share.

    name, document: of the scenario
    places: what varies
    firmware: None is the one that is installed; `firmware_sha256` says which that has to be
    with_moments: results tell when something changed, see moments.py
    """

    name: str
    document: Document
    places: tuple[Place, ...] = ()
    engine: str = "cpython"
    firmware: Firmware | None = None
    firmware_sha256: str = ""
    with_moments: bool = False

    def document_of(self, case: Case) -> Document:
        """The scenario's document with the case's values and seed."""
        values = dict(zip(self.places, case.values, strict=True))
        return {**with_values(self.document, values), "seed": case.seed}

    def scenario(self, case: Case) -> Scenario:
        """The case as a scenario. Raises UserError where its values make none."""
        where = f"case {case.number}"
        return scenario_of(self.document_of(case), self.name, where, checked=True)


@dataclass(frozen=True)
class CaseResult:
    """What a case gave; equal for equal cases on any machine, but for the time it took."""

    case: Case
    margins: tuple[float, ...]  # of the expectations, in their order; empty after an error
    measures: tuple[float, ...] = ()  # of the scenario, in their order and units; so too
    error: str = ""  # why it could not be run to its end
    moments: tuple[int, ...] = ()  # us, where they were asked for
    possible: bool = True  # False: its values make no scenario
    simulation_s: float = field(default=0.0, compare=False)
    judging_s: float = field(default=0.0, compare=False)

    @property
    def margin(self) -> float:
        """The smallest margin; -inf when it could not be run."""
        return float("-inf") if self.error or not self.margins else min(self.margins)

    @property
    def passed(self) -> bool:
        """Whether it ran to its end and every expectation holds."""
        return self.margin > 0


def run_case(template: Template, case: Case) -> CaseResult:
    """Runs one case; one whose values make no scenario has an error, and so has one at which
    the program itself fails: it is one of many."""
    try:
        return _run(template, template.scenario(case), case)
    except UserError as mistake:
        return CaseResult(case, (), error=str(mistake), possible=False)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        return CaseResult(case, (), error=f"a mistake in penloop itself: {told}")


def _run(template: Template, scenario: Scenario, case: Case) -> CaseResult:
    outcome = execution.run(scenario, template.engine, case.seed, template.firmware, digest=False)
    margins = tuple(verdict.margin for verdict in outcome.verdicts)
    watched = template.with_moments and outcome.trace is not None
    return CaseResult(
        case,
        margins,
        outcome.measures,
        outcome.error,
        moments_of(outcome.trace, outcome.log) if watched and outcome.trace else (),
        simulation_s=outcome.simulation_s,
        judging_s=outcome.judging_s,
    )


def run_batch(template: Template, cases: Sequence[Case]) -> list[CaseResult]:
    """Runs cases one after another. Raises UserError where the firmware is another one."""
    if template.firmware is None and template.firmware_sha256 not in ("", installed_sha256()):
        raise UserError(
            "this worker has another firmware than the campaign",
            "install the same version of penloop on every worker",
        )
    return [run_case(template, case) for case in cases]


@lru_cache(maxsize=1)
def installed_sha256() -> str:
    """Hash of the firmware that came with this package."""
    return Firmware.installed().sha256


@lru_cache(maxsize=1)
def simulator_sha256() -> str:
    """Hash of the simulator that runs the cases: of its sources, so the same on each machine."""
    root = Path(pensim.__file__).parent
    paths = [path for kind in ("py", "pxd") for path in root.rglob(f"*.{kind}")]
    return file_hash.sha256(paths, root)
