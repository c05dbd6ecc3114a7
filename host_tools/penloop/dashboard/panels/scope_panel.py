"""The pen's scope: signals of every tick around a trigger, kept in the pen and read out."""

from nicegui import ui

from penfw.protocol import SIGNALS_MAX
from penhost.scope import Capture
from penhost.units import usual
from penloop.dashboard.captures import CaptureWanted
from penloop.dashboard.panels.answers import POLL_S, told
from penloop.dashboard.panels.chart import lanes_option
from penloop.dashboard.pen_owner import PenOwner

SIGNALS = ("rate", "current", "duty", "depth")
BEFORE = {0.1: "10 %", 0.25: "25 %", 0.5: "50 %", 0.9: "90 %"}
FORMS = "now, current > 800mA, rate rising 100Hz, inputs set 1, fault stall, state RUNNING"


class ScopePanel:
    """Arms, waits, reads, draws."""

    def __init__(self, owner: PenOwner) -> None:
        self._owner = owner
        self._wanted: CaptureWanted | None = None
        self._trigger = ui.input("trigger", value="now").props("dense outlined")
        self._trigger.classes("w-full trigger")
        ui.label(f"Such as: {FORMS}").classes("fine")
        self._signals = ui.select([], multiple=True, label=f"signals, up to {SIGNALS_MAX}")
        self._signals.props("dense use-chips").classes("w-full")
        with ui.row().classes("items-center"):
            self._before = ui.select(BEFORE, value=0.25, label="before the trigger").props("dense")
            self._before.style("min-width: 130px")
            self._arm = ui.button("Arm", on_click=self._switch).props("no-caps id=arm")
        self._told = ui.label().props("id=scope-told")
        self._chart = ui.element("div").classes("w-full capture")
        ui.timer(POLL_S, self._follow)

    def _follow(self) -> None:
        tables = self._owner.view.tables
        if tables and not self._signals.options:
            names = list(tables.signals)
            self._signals.set_options(names, value=[one for one in SIGNALS if one in names])
        wanted = self._wanted
        if wanted and wanted.progress:
            progress = wanted.progress
            self._told.set_text(f"{progress.stage}: {progress.done} of {progress.total} samples")

    async def _switch(self) -> None:
        if self._wanted is not None:
            self._wanted.cancel()
            return
        chosen = list(self._signals.value)
        wanted = CaptureWanted(chosen, str(self._trigger.value), float(self._before.value or 0))
        self._wanted = wanted
        self._arm.set_text("Disarm")
        self._told.set_text("arming")
        try:
            good, answer = await told(self._owner.capture(wanted))
        finally:
            self._wanted = None
            self._arm.set_text("Arm")
        if not good:
            self._told.set_text(str(answer))
            return
        self._told.set_text("; ".join(filter(None, (_summary(answer), wanted.warning))))
        self._draw(answer)

    def _draw(self, capture: Capture) -> None:
        time_ms = (capture.samples["time_us"] - capture.trigger_us) / 1e3
        lines = []
        for name, unit in capture.units.items():
            shown, factor = usual(unit)
            lines.append((name, shown, capture.samples[name] * float(factor)))
        self._chart.clear()
        with self._chart:
            option = lanes_option(time_ms, lines, "ms from the trigger")
            ui.echart(option).classes("w-full").style("height: 420px")


def _summary(capture: Capture) -> str:
    lost = int(capture.missing.sum())
    missing = f", {lost} ticks missing" if lost else ""
    seconds = capture.trigger_us / 1e6
    return f"{len(capture.samples)} samples, trigger at {seconds:.3f} s of device time{missing}"


def show(owner: PenOwner) -> None:
    """Builds the panel."""
    ScopePanel(owner)
