"""A scenario: a pen, what is done to it, and what must hold. Values in SI units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penloop.scenarios.expectation import Condition, Expectation
from penloop.scenarios.measure import Measure
from pensim.electronics import Wiring
from pensim.operator_script import Step
from pensim.plant.parameters import PenParameters, Skin

SUFFIX = ".pen.toml"


@dataclass(frozen=True)
class PartFault:
    """A part that fails at a time, or once a condition holds."""

    part: str
    at_us: int | None
    when: Condition | None
    for_us: int | None  # None: it stays failed


@dataclass(frozen=True)
class LinkAct:
    """What a host says at a time."""

    at_us: int
    changes: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    argument: int | str = 0
    presence_us: int = 0
    refused: bool = False


@dataclass(frozen=True)
class Scenario:
    """A pen, what is done to it, and what must hold."""

    name: str
    about: str
    duration_us: int
    expectations: tuple[Expectation, ...]
    measures: tuple[Measure, ...] = ()
    seed: int = 0
    parameters: PenParameters = field(default_factory=PenParameters)
    settings: dict[str, int] = field(default_factory=dict)
    calibrated: bool = True
    start_depth_um: float = 300.0
    crank_deg: float = 0.0
    wiring: Wiring = field(default_factory=Wiring)
    skins: Mapping[str, Skin] = field(default_factory=dict)  # zones of its own
    steps: tuple[Step, ...] = ()
    faults: tuple[PartFault, ...] = ()
    link: tuple[LinkAct, ...] = ()
    path: Path | None = None
