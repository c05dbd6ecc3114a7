"""Draws docs/pictures/wiring.svg: what is wired to which pin, by the firmware's pin maps.

`python tools/wiring_picture.py` writes the file; tests/house/test_hardware_document.py holds it
to the pin maps. docs/hardware.md explains the picture.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from penfw import pins_esp32, pins_pico

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "wiring.svg"

WIDTH, HEIGHT = 1180, 800
TOP = 100  # y of the first row
ROW = 50  # height of a row
BOARD_X, BOARD_WIDTH = 370, 420
LEFT_X, RIGHT_X = 30, 850
PART_WIDTH = 260
LEFT_END = LEFT_X + PART_WIDTH

# Title and second line of a part, and the signals that go to it, from the top row down.
LEFT = (
    ("Button", "to ground", ("BUTTON",)),
    ("Cartridge", "switch to ground, 24C02 EEPROM",
     ("CARTRIDGE_PRESENT", "CARTRIDGE_SDA", "CARTRIDGE_SCL")),
    ("Tachometer", "Hall latch, 6 edges a turn", ("TACHOMETER",)),
    ("Top dead centre", "Hall switch, low at the top", ("TOP_DEAD_CENTRE",)),
    ("Home switch", "to ground at depth 0", ("HOME_SWITCH",)),
    ("Depth position sensor", "0.4 V + 1 V/mm, RC", ("POSITION_ADC",)),
    ("2:1 analogue switch", "low: NTC, high: half the cell", ("ANALOGUE_SWITCH", "SWITCHED_ADC")),
    ("USB power sense", "high: VBUS is there", ("USB_POWER",)),
    ("Isolated UART adapter", "115200 baud, to the PC", ("LINK_TX", "LINK_RX")),
)  # fmt: skip
RIGHT = (
    ("Li-ion cell, fuse", "also supplies board and driver", ()),
    ("One-shot + load switch", "74HC123, P-channel MOSFET", ("LOAD_SWITCH",)),
    ("Half-bridge with brake", "DRV8835, low is the brake", ("MOTOR_PWM",)),
    ("Motor", "first a 10 \N{OHM SIGN} resistor", ()),
    ("Shunt + amplifier", "10 m\N{OHM SIGN}, 50 V/V, RC 0.5 ms", ("SHUNT_ADC",)),
    ("Stepper driver", "full steps, enable is high", ("STEP", "STEP_DIRECTION", "STEP_ENABLE")),
    ("RGB LED", "common cathode", ("LED_RED", "LED_GREEN", "LED_BLUE")),
    ("Buzzer", "passive piezo", ("BUZZER",)),
)  # fmt: skip
POWER_PARTS = 5  # the first parts on the right are the motor's current path
BRIDGE_ROW = 2  # where it comes back to ground

ARROW = (
    '<marker id="arrow" viewBox="0 0 6 6" refX="1" refY="3" markerWidth="3" markerHeight="3" '
    'orient="auto"><path class="arrow" d="M0 0L6 3L0 6Z"/></marker>'
)
STYLE = """
svg { font-family: system-ui, sans-serif; }
.paper { fill: #ffffff; }
.box { fill: #f3f5f8; stroke: #8c959f; stroke-width: 1.5; }
.power { stroke: #c2410c; stroke-width: 2.5; }
.wire { stroke: #8c959f; stroke-width: 1.5; fill: none; }
.current { stroke: #c2410c; stroke-width: 3; fill: none; }
.arrow { fill: #c2410c; }
text { fill: #1f2328; font-size: 14px; }
.title { font-size: 20px; font-weight: 600; }
.part { font-weight: 600; }
.soft { fill: #59636e; font-size: 12.5px; }
.pin { font-family: ui-monospace, monospace; font-size: 12.5px; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  .paper { fill: #15191f; }
  .box { fill: #222a33; stroke: #6e7985; }
  .power, .current { stroke: #ff9a5c; }
  .arrow { fill: #ff9a5c; }
  .wire { stroke: #6e7985; }
  text { fill: #e6edf3; }
  .soft { fill: #9aa6b2; }
}
""".strip()


def middle_y(row: float) -> float:
    """Height of a row's middle line."""
    return TOP + (row + 0.5) * ROW


def text(x: float, y: float, content: str, classes: str = "", **data: str) -> str:
    """A line of text; `data` become data- attributes, which the tests read."""
    extra = "".join(f' data-{key}="{value}"' for key, value in data.items())
    return f'<text x="{x:g}" y="{y:g}" class="{classes}"{extra}>{escape(content)}</text>'


def box(x: float, first: int, rows: int, width: float, classes: str = "box") -> str:
    """A rectangle over some rows."""
    y, height = TOP + first * ROW + 4, rows * ROW - 8
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
        f'class="{classes}"/>'
    )


def pin(signal: str, row: int, left: bool) -> Iterator[str]:
    """A signal's name and both boards' pins, just inside the board's edge."""
    y = middle_y(row)
    edge = BOARD_X + 10 if left else BOARD_X + BOARD_WIDTH - 10
    side = "pin" if left else "pin end"
    numbers = (("pico", f"GP{getattr(pins_pico, signal)}"),
               ("esp32", f"IO{getattr(pins_esp32, signal)}"))  # fmt: skip
    yield text(edge, y - 3, signal, side, signal=signal)
    for place, (board, name) in enumerate(numbers if left else numbers[::-1]):
        x = edge + (place if left else -place) * 52
        yield text(x, y + 13, name, f"{side} soft", signal=signal, board=board)


def parts(column: tuple, left: bool) -> Iterator[str]:
    """One side's parts with their wires and pins."""
    row = 0
    for number, (title, second, signals) in enumerate(column):
        rows = max(len(signals), 1)
        x = LEFT_X if left else RIGHT_X
        power = " power" if not left and number < POWER_PARTS else ""
        yield box(x, row, rows, PART_WIDTH, "box" + power)
        y = middle_y(row + (rows - 1) / 2)
        yield text(x + 12, y - 3, title, "part")
        yield text(x + 12, y + 14, second, "soft")
        for offset, signal in enumerate(signals):
            yield wire(row + offset, left)
            yield from pin(signal, row + offset, left)
        row += rows


def wire(row: int, left: bool) -> str:
    """From the board's edge to the part."""
    start, end = (LEFT_END, BOARD_X) if left else (BOARD_X + BOARD_WIDTH, RIGHT_X)
    return f'<path class="wire" d="M{start} {middle_y(row):g}H{end}"/>'


def hop(start_y: float, end_y: float, reach: float) -> str:
    """An arrow of the motor's current, out of the right column and in again."""
    x = RIGHT_X + PART_WIDTH
    return (
        f'<path class="current" marker-end="url(#arrow)" '
        f'd="M{x} {start_y:g}H{x + reach:g}V{end_y:g}H{x + 9}"/>'
    )


def power_path() -> Iterator[str]:
    """The motor's current, from the cell through both ways to stop it; and the board's supply."""
    for row in range(POWER_PARTS - 1):
        yield hop(middle_y(row) + 12, middle_y(row + 1) - 12, 22)
    yield hop(middle_y(POWER_PARTS - 1) + 12, middle_y(BRIDGE_ROW), 42)
    yield wire(0, left=False)
    yield text(BOARD_X + BOARD_WIDTH - 10, middle_y(0) + 5, "VSYS / 5V", "pin end")


def legend() -> Iterator[str]:
    """Title above, what the numbers mean in the board, rules below."""
    centre = BOARD_X + BOARD_WIDTH / 2
    yield text(LEFT_X, 40, "penloop bench set-up: what goes to which pin", "title")
    yield text(
        LEFT_X, 64, "Arrows: the motor's current. Pulls and values: docs/hardware.md", "soft"
    )
    yield text(centre, 92, "Board: GP on a Raspberry Pi Pico or Pico 2, IO on an ESP32 (WROOM)",
               "soft middle")  # fmt: skip
    yield text(LEFT_X, HEIGHT - 20, "No needles. Never USB and the cell together on the motor. "
               "All grounds meet at the cell's minus pole.", "soft")  # fmt: skip


def picture() -> str:
    """The whole SVG."""
    rows = sum(max(len(signals), 1) for _, _, signals in LEFT)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="Block diagram: parts of the pen and the pins of Pico and ESP32">',
        f"<style>{STYLE}</style><defs>{ARROW}</defs>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
        *legend(),
        box(BOARD_X, 0, rows, BOARD_WIDTH),
        *power_path(),
        *parts(LEFT, left=True),
        *parts(RIGHT, left=False),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
