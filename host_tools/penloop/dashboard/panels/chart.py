"""A still chart for ECharts, which comes with NiceGUI: a lane a unit, on one axis of time."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from penloop import palette

Line = tuple[str, str, NDArray[Any]]  # name, unit, values
TOP, BOTTOM, LEFT = 8, 14, 62  # percent, percent, px


def lanes_option(time: NDArray[Any], lines: Sequence[Line], time_name: str) -> dict[str, Any]:
    """The option of a chart; the mouse wheel zooms all lanes together."""
    units = list(dict.fromkeys(unit for _name, unit, _values in lines))
    height = (100 - TOP - BOTTOM) / max(len(units), 1)
    every = list(range(len(units)))
    axes = [_time_axis(lane, lane == every[-1], time_name) for lane in every]
    return {
        "animation": False,
        "color": list(palette.LINES),
        "legend": {"top": 0},
        "tooltip": {"trigger": "axis"},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "dataZoom": [{"type": "inside", "xAxisIndex": every}],
        "grid": [
            {
                "left": LEFT,
                "right": 12,
                "top": f"{TOP + lane * height}%",
                "height": f"{height - 5}%",
            }
            for lane in every
        ],
        "xAxis": axes,
        "yAxis": [
            {
                "gridIndex": lane,
                "name": unit,
                "nameLocation": "middle",
                "nameGap": 38,
                "scale": True,
                "splitNumber": 2,
            }
            for lane, unit in enumerate(units)
        ],
        "series": [_series(name, units.index(unit), time, values) for name, unit, values in lines],
    }


def _time_axis(lane: int, last: bool, name: str) -> dict[str, Any]:
    named = {"name": name, "nameLocation": "middle", "nameGap": 24} if last else {}
    shown = {"show": last}
    return {
        "type": "value", "gridIndex": lane, "min": "dataMin", "max": "dataMax",
        "axisLabel": shown, **named,
    }  # fmt: skip


def _series(name: str, lane: int, time: NDArray[Any], values: NDArray[Any]) -> dict[str, Any]:
    return {
        "type": "line", "name": name, "showSymbol": False, "xAxisIndex": lane, "yAxisIndex": lane,
        "lineStyle": {"width": 1.5}, "data": list(zip(time.tolist(), values.tolist())),
    }  # fmt: skip
