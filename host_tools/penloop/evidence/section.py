"""A part of the evidence: claims that were shown or not, and what shows them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One sentence that is to be true, and whether it was shown.

    shown_by: what was measured, in a sentence with its figures
    requirement: the number of the requirement that it bears on, such as "R-305"; or empty
    """

    text: str
    holds: bool
    shown_by: str
    requirement: str = ""


@dataclass(frozen=True)
class LongRun:
    """What the kept results of a long form show of the present sources.

    told: how far it has come, in a sentence with its figures
    claims: empty where they are the section's own
    """

    told: str
    claims: tuple[Claim, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it shows of these sources what it is to show."""
        return all(claim.holds for claim in self.claims)


@dataclass(frozen=True)
class Section:
    """What a part gives.

    body: HTML within a `<section>`, pictures as SVG
    data: for scripts, written as JSON
    long_run: of a part that has a long form
    reused: which results of before were taken, on these very sources; empty where none
    """

    claims: tuple[Claim, ...]
    body: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    long_run: LongRun | None = None
    reused: str = ""

    @property
    def holds(self) -> bool:
        """Whether every claim was shown."""
        return bool(self.claims) and all(claim.holds for claim in self.claims)


@dataclass(frozen=True)
class Effort:
    """How much of it is done.

    short: what a CI server runs, in about a minute a part; else the whole
    jobs: processes side by side
    folder: for the part's own files, data sets and what may go on after a kill
    progress: called with a share 0..1 and a few words
    long: what takes hours and goes on where it ended, of a part that has such a form
    """

    short: bool
    jobs: int
    folder: Path
    progress: Callable[[float, str], None] = lambda _share, _text: None
    long: bool = False


@dataclass(frozen=True)
class Part:
    """A part by its name, such as "state-machine", and what makes it.

    long: has a long form
    reads: files and folders of the source tree on which its result depends, beside the packages
    """

    name: str
    title: str
    make: Callable[[Effort], Section]
    long: bool = False
    reads: tuple[str, ...] = ()
