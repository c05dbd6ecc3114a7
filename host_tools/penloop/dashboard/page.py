"""The page: what the scripts draw on the left, panels of NiceGUI's on the right."""

from pathlib import Path

from nicegui import ui

from penloop import palette
from penloop.dashboard.panels import PANELS
from penloop.dashboard.pen_owner import PenOwner

ASSETS = Path(__file__).parent / "assets"


def show_page(owner: PenOwner) -> None:
    """Builds one page."""
    ui.add_head_html(f"<style>:root {{ {_colours()} }}</style>")
    ui.add_head_html('<link rel="stylesheet" href="assets/dashboard.css">')
    ui.add_head_html('<script type="module" src="assets/live.js"></script>')
    ui.add_body_html((ASSETS / "head.html").read_text())
    ui.colors(primary=palette.PEN)
    with ui.element("div").props("id=page-grid"):
        ui.html((ASSETS / "plot.html").read_text(), sanitize=False)
        with ui.element("div").classes("side"):
            _panels(owner)


def _panels(owner: PenOwner) -> None:
    shown = [panel for panel in PANELS if panel.there(owner)]
    with ui.tabs().props("dense no-caps mobile-arrows outside-arrows") as tabs:
        names = [ui.tab(panel.name).props(f"data-tab={panel.name}") for panel in shown]
    with ui.tab_panels(tabs, value=names[0], animated=False).classes("w-full bg-transparent"):
        for tab, panel in zip(names, shown, strict=True):
            with ui.tab_panel(tab):
                panel.show(owner)


def _colours() -> str:
    lines = zip(palette.LINES, palette.LINES_ON_DARK, strict=True)
    of_lines = [
        f"--light-line-{n}: {light}; --dark-line-{n}: {dark};"
        for n, (light, dark) in enumerate(lines)
    ]
    of_states = [f"--state-{name}: {colour};" for name, colour in palette.STATES.items()]
    plain = {
        "light-ink": palette.INK, "light-muted": palette.MUTED, "light-grid": palette.GRID,
        "light-paper": palette.PAPER, "alarm": palette.ALARM, "skin": palette.SKIN,
    }  # fmt: skip
    return " ".join([*(f"--{k}: {v};" for k, v in plain.items()), *of_lines, *of_states])
