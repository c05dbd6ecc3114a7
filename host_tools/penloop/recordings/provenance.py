"""Where a recording comes from: the pen, its settings and tables, the tool, the time of day."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from penhost import Pen
from penhost.tables import Signal
from penloop import port_name
from pensim.pen_url import PenUrl

NOT_THE_PEN = ("name", "port", "pace")  # options of a URL that do not make the pen


def environment(pen: Pen, signals: Sequence[Signal], period_ms: int) -> dict[str, Any]:
    """Who was recorded and with what, and how the pen's time stands to the computer's."""
    values = pen.get_all()
    return {
        "pen": asdict(pen.info),
        **_line(port_name.of(pen)),
        "settings": {name: value.value for name, value in values.items()},
        "setting_units": {name: value.unit for name, value in values.items()},
        "signals": {one.name: one.help for one in signals},
        "states": pen.states,
        "faults": {str(number): fault.name for number, fault in pen.fault_table.items()},
        "period_us": period_ms * 1000,
        "tool": {"penloop": version("penloop"), "python": platform.python_version()},
        "device_time_at_connect_us": pen.info.time_us,
        "wall_time_at_connect": datetime.now(UTC).isoformat(),
    }


def _line(port: str) -> dict[str, Any]:
    """The port's name, and of a simulated pen what it was made from."""
    if not port.startswith("sim:"):
        return {"port": port} if port else {}
    options = asdict(PenUrl.parse(port))
    made_from = {name: value for name, value in options.items() if name not in NOT_THE_PEN}
    return {"port": port, "simulated": made_from}
