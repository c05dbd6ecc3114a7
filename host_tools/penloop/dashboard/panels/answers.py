"""What the pen's thread answers, for panels: awaited, and its errors told on the page."""

import asyncio
from concurrent.futures import Future
from typing import Any

from nicegui import ui

from penhost import PenError
from penloop.errors import UserError
from pensim.errors import SimulatorError

POLL_S = 0.2  # how soon a panel follows the pen
REFUSALS = (PenError, UserError, SimulatorError)


async def told(answer: Future[Any]) -> tuple[bool, Any]:
    """(True, result), or (False, the error), which the page then shows."""
    try:
        return True, await asyncio.wrap_future(answer)
    except REFUSALS as error:
        ui.notify(str(error), type="negative", position="top", close_button=True, multi_line=True)
        return False, error
