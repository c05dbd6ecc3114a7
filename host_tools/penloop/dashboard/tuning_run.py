"""One tuning from the page: the experiments and the trial in the pen's thread, the search for gains
in a process of its own, so that a stop need not wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from penhost import Pen, PenError
from penloop.dashboard.jobs import Unwatched
from penloop.dashboard.pen_owner import PenOwner
from penloop.service_state import TRIAL_S
from penloop.tuning import application, picture, session
from penloop.tuning.application import Measured
from penloop.tuning.experiment import Experiments
from penloop.tuning.proposal import Proposal
from penloop.tuning.session import Findings


def propose(found: Findings, path: Path) -> Proposal:
    """Searches on the twin, and draws what it did. In a process of its own."""
    proposal = session.propose(found, lambda _tried: None)
    picture.draw(proposal, found.measured, None, path)
    return proposal


async def _elsewhere(call: Callable[..., Any], *arguments: Any) -> Any:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return await loop.run_in_executor(pool, call, *arguments)


@dataclass
class TuningRun:
    """`find`, then `try_out`, then `keep` or `go_back`. `told` holds what goes on, line by line."""

    owner: PenOwner
    folder: Path
    told: list[str] = field(default_factory=list)
    found: Findings | None = None
    proposal: Proposal | None = None
    after: Measured | None = None
    under_way: bool = False  # from `find` to the end
    _on_trial: bool = False

    @property
    def proposed_picture(self) -> Path:
        """The pen now and its twin with the proposal."""
        return self.folder / "proposed.png"

    @property
    def tried_picture(self) -> Path:
        """The pen before and after."""
        return self.folder / "tried.png"

    async def find(self) -> Proposal:
        """Measures the pen and searches. Raises what the experiments raise."""
        self.under_way = True
        self.owner.attend()
        self.found = await asyncio.wrap_future(self.owner.experiment(self._find))
        self.told.append("the twin tries gains; this takes a minute")
        self.proposal = await _elsewhere(propose, self.found, self.proposed_picture)
        assert self.proposal is not None
        return self.proposal

    def _find(self, pen: Pen) -> Findings:
        return session.find(Experiments(pen, self.told.append))

    async def try_out(self) -> list[str]:
        """Puts the proposal in force on trial, and measures; which figures got worse."""
        assert self.proposal is not None
        assert self.found is not None
        after = await asyncio.wrap_future(self.owner.experiment(self._try_out))
        if not self.under_way:  # its page has gone meanwhile, another one looked on
            self.end()
            raise Unwatched
        self.after = after
        drawn = (self.proposal, self.found.measured, after, self.tried_picture)
        await _elsewhere(picture.draw, *drawn)
        return application.worse(after.figures, self.found.measured.figures)

    def _try_out(self, pen: Pen) -> Measured:
        assert self.proposal is not None
        pen.trial(TRIAL_S).__enter__()
        self._on_trial = True  # from here on `end` puts back what the clean-up here could not
        try:
            pen.set(self.proposal.changes)
            return application.measure(Experiments(pen, self.told.append))
        except BaseException:
            with suppress(PenError):
                _revert(pen)
                self._on_trial = False
            raise

    async def keep(self) -> None:
        """The proposal stays. Raises Refused when the trial is over."""
        await asyncio.wrap_future(self.owner.ask(lambda pen: pen.trial(TRIAL_S).keep()))
        self._on_trial = False
        self.owner.refresh()
        self.end()

    async def go_back(self) -> None:
        """The former settings come back."""
        if self._on_trial:
            await asyncio.wrap_future(self.owner.ask(_revert))
            self._on_trial = False
        self.end()

    def end(self) -> None:
        """SERVICE is not kept alive any more; a trial that is left goes back."""
        self.under_way = False
        if self._on_trial:
            self._on_trial = False
            self.owner.ask(_revert)


def _revert(pen: Pen) -> None:
    """The pen's own trial, also over another link than that which began it."""
    pen.trial(TRIAL_S).revert()
