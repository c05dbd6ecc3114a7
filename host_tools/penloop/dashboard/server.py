"""The dashboard's web server: on 127.0.0.1, behind its guard."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from penloop.dashboard.guard import Guard, new_token
from penloop.dashboard.live import LiveSocket
from penloop.dashboard.page import show_page
from penloop.dashboard.pen_owner import PenOwner
from penloop.errors import UserError

HOST = "127.0.0.1"
ASSETS = Path(__file__).parent / "assets"
RECONNECT_S = 60.0  # so long a page may be away, or too busy to answer, and go on as it was


def listening_socket(port: int) -> socket.socket:
    """A socket on this computer only; port 0 is any free one. Raises UserError."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        remedy = "use another --page-port; 0 is any free one"
        raise UserError(f"cannot listen on {HOST}:{port}, {reason}", remedy) from None


def serve(owner: PenOwner, listening: socket.socket, told: Callable[[str], None]) -> None:
    """Serves the page until Ctrl-C; `told` gets its URL, which holds the token."""
    import uvicorn
    from fastapi import FastAPI, WebSocket
    from nicegui import ui
    from starlette.staticfiles import StaticFiles

    port, token = listening.getsockname()[1], new_token()
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.websocket(f"/{token}/live")
    async def live(websocket: WebSocket) -> None:
        await LiveSocket(websocket, owner).serve()

    app.mount(f"/{token}/assets", StaticFiles(directory=ASSETS))
    ui.page("/")(lambda: show_page(owner))
    ui.run_with(
        app, mount_path=f"/{token}", title="penloop", tailwind=False, dark=None,
        show_welcome_message=False, reconnect_timeout=RECONNECT_S, gzip_middleware_factory=None,
    )  # fmt: skip
    config = uvicorn.Config(Guard(app, token, port), log_level="warning", ws="wsproto")
    told(f"http://{HOST}:{port}/{token}/")
    uvicorn.Server(config).run(sockets=[listening])
