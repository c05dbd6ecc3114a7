"""Draws docs/pictures/dashboard*.png: the dashboard in headless Chromium, on a pen in real time.

python -m tools.dashboard_pictures
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.system.chromium import Page
from tests.system.dashboard_process import STATE, Desk
from tests.system.penloop_process import Server

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
BANNERS = "document.getElementById('banners').innerText"


def treat(server: Server, page: Page) -> None:
    """A run that has been in the skin for some seconds."""
    server.act("b")
    page.until(f"{STATE} === 'RUNNING'")
    first = page.run("penloop.plot.right_ms")
    page.until(f"penloop.plot.right_ms > {first} + 3000")
    server.act("t")
    page.until(f"penloop.plot.right_ms > {first} + 6500 && penloop.needle.phase")


def draw(server: Server, page: Page) -> None:
    """Three pictures: a treatment, the same on a phone in the dark, and a fault."""
    treat(server, page)
    page.picture(PICTURES / "dashboard.png")
    page.dark(True)
    page.resize(390, 844, phone=True)
    page.until("penloop.plot.canvas.clientWidth < 400 && penloop.drawn")
    page.run("new Promise((go) => setTimeout(go, 1500))")
    page.picture(PICTURES / "dashboard-phone.png")
    page.dark(False)
    page.resize(1280, 720)
    page.click(".q-tab[data-tab=Faults]")
    server.act("c")
    page.until(f"{STATE} === 'FAULT' && {BANNERS}.includes('Fault')")
    page.run("new Promise((go) => setTimeout(go, 1500))")
    page.picture(PICTURES / "dashboard-fault.png")


def main() -> None:
    """Starts a pen, a dashboard and a browser."""
    with ExitStack() as afterwards:
        folder = Path(afterwards.enter_context(tempfile.TemporaryDirectory()))
        desk = Desk(folder, afterwards)
        server = desk.pen(zone="")
        page = desk.page(desk.dashboard())
        draw(server, page)


if __name__ == "__main__":
    main()
