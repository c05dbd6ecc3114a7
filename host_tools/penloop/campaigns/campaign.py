"""Campaign files: a scenario, what varies, how many cases and how they are chosen.

about = "A hundred pens of the line in the reference disturbance."
scenario = "reference_disturbance.pen.toml"
method = "latin hypercube"
cases = 100
[vary]
motor.resistance_ohm = { tolerance = "10 %" }
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from penloop.campaigns.cases import Template, installed_sha256, simulator_sha256
from penloop.campaigns.places import Value, with_values
from penloop.campaigns.sampling import MONTE_CARLO, SWEEP, Plan
from penloop.campaigns.variables import BadVariable, Variable, variables_of
from penloop.errors import UserError
from penloop.scenarios import documents, scenario_reader
from penloop.scenarios.documents import Document, Keys, Mistake
from penloop.scenarios.scenario import SUFFIX, Scenario
from pensim import Firmware

CAMPAIGN_SUFFIX = ".campaign.toml"
SCHEMA = "campaign.schema.json"
CASES = 100  # of a campaign that does not say


@dataclass(frozen=True)
class Campaign:
    """A campaign: what its cases share, and which they are."""

    name: str
    about: str
    template: Template
    scenario: Scenario  # as it stands, nothing varied
    plan: Plan
    path: Path
    vary: str  # the table [vary] as it was written

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What varies."""
        return self.plan.variables

    @property
    def fingerprint(self) -> str:
        """Equal for campaigns whose cases of equal numbers are equal.

        More cases of a Monte Carlo campaign go on with the same ones; a Latin hypercube and a
        sweep are others with another count.
        """
        plan, template = self.plan, self.template
        count = 0 if plan.method == MONTE_CARLO else plan.count
        told = (template.document, self.vary, plan.method, count, plan.seed, plan.case_seed,
                template.engine, template.firmware_sha256, simulator_sha256())  # fmt: skip
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def load(
    path: Path, engine: str = "cpython", firmware: Firmware | None = None, cases: int | None = None
) -> Campaign:
    """Reads a campaign file and its scenario. Raises UserError with file, line and remedy.

    cases: in place of the file's
    """
    text = documents.text_of(path, f"a campaign file, NAME{CAMPAIGN_SUFFIX}")
    make = partial(_campaign, path=path, engine=engine, firmware=firmware, cases=cases)
    return documents.read(text, str(path), make)


def schema() -> Document:
    """The JSON Schema of campaign files."""
    return documents.schema(SCHEMA)


def _campaign(
    document: Document, path: Path, engine: str, firmware: Firmware | None, cases: int | None
) -> Campaign:
    documents.check(document, SCHEMA)
    place = path.parent / document["scenario"]
    base = scenario_reader.document_of(place)
    scenario = scenario_reader.scenario_of(base, place.name.removesuffix(SUFFIX), checked=True)
    variables = _variables(document, base)
    sha256 = firmware.sha256 if firmware is not None else installed_sha256()
    places = tuple(variable.place for variable in variables)
    return Campaign(
        name=path.name.removesuffix(CAMPAIGN_SUFFIX),
        about=document["about"],
        template=Template(scenario.name, base, places, engine, firmware, sha256),
        scenario=scenario,
        plan=_plan(document, variables, scenario.seed, cases),
        path=path,
        vary=json.dumps(document["vary"], sort_keys=True, default=str),
    )


def _variables(document: Document, base: Document) -> tuple[Variable, ...]:
    try:
        variables = variables_of(document["vary"], base)
    except BadVariable as bad:
        raise _mistake(document, bad.name, bad.why) from None
    for variable in variables:
        for value in variable.values or (variable.at(0.0), variable.at(1.0)):
            _check_value(document, base, variable, value)
    return variables


def _check_value(document: Document, base: Document, variable: Variable, value: Value) -> None:
    """The scenario has to be one with each value of a variable, or with both its ends."""
    try:
        varied = with_values(base, {variable.place: value})
        documents.made(varied, "scenario", partial(scenario_reader.as_written, name=""))
    except UserError as error:
        _where, _, why = str(error).partition(": ")
        told = f"{variable.place.told(value)} is not possible: {why}"
        raise _mistake(document, variable.place.name, told) from None


def _mistake(document: Document, name: str, why: str) -> Mistake:
    what, _, remedy = why.rpartition(": ")
    return Mistake(("vary", *_keys(document["vary"], name)), f"{name}: {what or why}", remedy)


def _keys(table: Document, name: str) -> Iterator[str]:
    """The keys of a variable's name, as the file has written it: with or without quotes."""
    while name:
        key = max((k for k in table if name == k or name.startswith(k + ".")), key=len)
        yield key
        table, name = table[key], name[len(key) + 1 :]


def _plan(
    document: Document, variables: tuple[Variable, ...], case_seed: int, cases: int | None
) -> Plan:
    method, seed = document.get("method", MONTE_CARLO), document.get("seed", 0)
    if method == SWEEP:
        return _sweep(document, variables, case_seed, cases)
    count = cases or document.get("cases", CASES)
    return Plan(variables, method, count, seed)


def _sweep(
    document: Document, variables: tuple[Variable, ...], case_seed: int, cases: int | None
) -> Plan:
    keys: Keys = ("cases",) if "cases" in document else ("method",)
    if cases or "cases" in document:
        raise Mistake(keys, "a sweep counts its cases itself", "leave cases away")
    try:
        return Plan.of_sweep(variables, case_seed)
    except UserError as error:
        what, _, remedy = str(error).rpartition(": ")
        raise Mistake(("vary",), what, remedy) from None
