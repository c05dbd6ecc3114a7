"""The page's own websocket: what the pen does, as fast as the page can draw it, and the stop.

Messages are JSON. To the page: `layout` (columns of the samples that follow), `samples`,
`condition` (link, state, faults, recording) and `stopped`. From it: `{"drawn": n}` when batch n is
on the screen, `{"stop": n}`, and now and then `{"here": 1}`. No batch goes out before the last one
is drawn: a slow page gets fewer and larger ones, and never falls behind.
"""

import asyncio
import json
import time
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from penhost import PenError
from penhost.tables import Signal
from penhost.units import usual
from penloop.dashboard.feed import Layout, Piece
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.view import View

TURN_S = 1 / 60
UNDRAWN_MAX = 2  # batches on their way
CONDITION_S = 0.5  # how often the condition is sent even if nothing has changed


class LiveSocket:
    """One page's websocket."""

    def __init__(self, socket: WebSocket, owner: PenOwner) -> None:
        self._socket = socket
        self._owner = owner
        self._sent = self._drawn = 0  # batches
        self._seen = owner.feed.since(0)[1]
        self._layout = 0
        self._condition = ""
        self._condition_s = 0.0

    async def serve(self) -> None:
        """Until the page goes."""
        await self._socket.accept()
        sending = asyncio.create_task(self._send_all())
        try:
            while True:
                self._take(json.loads(await self._socket.receive_text()))
        except (WebSocketDisconnect, ValueError):
            pass
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await sending

    def _take(self, message: Any) -> None:
        self._owner.seen_s = time.monotonic()
        if "drawn" in message:
            self._drawn = int(message["drawn"])
        if "stop" in message:
            asyncio.get_running_loop().create_task(self._stop(int(message["stop"])))

    async def _stop(self, number: int) -> None:
        error = ""
        try:
            await asyncio.wrap_future(self._owner.stop())
        except PenError as failure:
            error = str(failure)
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._send({"kind": "stopped", "number": number, "error": error})

    async def _send_all(self) -> None:
        while True:
            await self._send_condition()
            if self._sent - self._drawn < UNDRAWN_MAX:
                await self._send_samples()
            await asyncio.sleep(TURN_S)

    async def _send_condition(self) -> None:
        text = json.dumps(condition(self._owner.view))
        now_s = time.monotonic()
        if text != self._condition or now_s - self._condition_s > CONDITION_S:
            self._condition, self._condition_s = text, now_s
            await self._socket.send_text(text)

    async def _send_samples(self) -> None:
        pieces, self._seen = self._owner.feed.since(self._seen)
        for layout, of_layout in _by_layout(pieces):
            if layout.number != self._layout:
                self._layout = layout.number
                await self._send(layout_message(layout, self._owner.view))
            self._sent += 1
            await self._send(samples_message(of_layout, self._sent))

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send_text(json.dumps(message))


def _by_layout(pieces: list[Piece]) -> list[tuple[Layout, list[Piece]]]:
    groups: list[tuple[Layout, list[Piece]]] = []
    for piece in pieces:
        if not groups or groups[-1][0] is not piece.layout:
            groups.append((piece.layout, []))
        groups[-1][1].append(piece)
    return groups


def samples_message(pieces: list[Piece], batch: int) -> dict[str, Any]:
    """Samples of one layout as columns; times are device time in us."""
    names = pieces[0].samples.dtype.names
    columns = [[value for one in pieces for value in one.samples[name].tolist()] for name in names]
    phase = pieces[-1].phase
    shown = None
    if phase is not None and phase.known:
        shown = [phase.time_us, round(phase.turns, 4), round(phase.spread_turns, 4), phase.rate_mHz]
    lost = sum(piece.lost for piece in pieces)
    return {"kind": "samples", "batch": batch, "columns": columns, "phase": shown, "lost": lost}


def layout_message(layout: Layout, view: View) -> dict[str, Any]:
    """What the columns behind the time are."""
    tables = view.tables
    return {
        "kind": "layout",
        "number": layout.number,
        "period_us": layout.period_us,
        "signals": [_column(signal) for signal in layout.signals],
        "states": list(tables.states) if tables else [],
        "faults": {str(n): fault.name for n, fault in tables.faults.items()} if tables else {},
    }


def _column(signal: Signal) -> dict[str, Any]:
    unit, factor = usual(signal.unit)
    return {"name": signal.name, "unit": unit, "scale": float(factor), "help": signal.help}


def condition(view: View) -> dict[str, Any]:
    """Link, state, faults and recording, as the head of the page shows them."""
    recording = view.recording
    return {
        "kind": "condition",
        "port": view.port,
        "link": str(view.link),
        "reason": view.reason,
        "remedy": view.remedy,
        "pen": view.identity.pen_id if view.identity else "",
        "state": view.state,
        "lost": view.lost,
        "faults": [
            {"name": fault.name, "cause": fault.cause, "remedy": fault.remedy}
            for fault in view.faults
            if fault.latched
        ],
        "recording": {
            "file": recording.file, "bytes": recording.bytes, "rows": recording.rows,
            "note": recording.note,
        } if recording and recording.going_on else None,
    }  # fmt: skip
