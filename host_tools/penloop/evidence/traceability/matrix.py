"""The hazards by severity and probability, before their measures and after, as a picture."""

from collections.abc import Callable, Iterator
from html import escape

from penloop import palette
from penloop.evidence.traceability.tables import STEPS, Hazard, SafetyTables, Scales

RISK_COLOURS = {"low": "#dcefe3", "medium": "#fbecc4", "high": "#f6cfcf"}
CELL_PX = 98
CHIP_PX, CHIP_PITCH_PX, CHIP_LINE_PX = 29, 31, 17
CHIPS_A_LINE = 3
WORDS_PX = 92  # severities in words, left of the first matrix
GAP_PX = 44  # between the two, with the severities as numbers
TOP_PX, BOTTOM_PX = 30, 44

Probability = Callable[[Hazard], int]


def matrices(tables: SafetyTables) -> str:
    """Both, side by side, as `<svg>`; each hazard is a link to its row."""
    before = _cells(tables, lambda hazard: hazard.probability_before)
    after = _cells(tables, lambda hazard: hazard.probability_after)
    most = max(len(names) for cells in (before, after) for names in cells.values())
    height = -(-most // CHIPS_A_LINE) * CHIP_LINE_PX + 12
    second = WORDS_PX + STEPS * CELL_PX + GAP_PX
    size = (second + STEPS * CELL_PX + 2, TOP_PX + STEPS * height + BOTTOM_PX)
    parts = [
        *_severities(tables.scales, height, second),
        *_matrix("before the measures", tables.scales, before, WORDS_PX, height),
        *_matrix("after the measures", tables.scales, after, second, height),
    ]
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" font-size="11"'
        f' aria-label="hazards by severity and probability">{"".join(parts)}</svg>'
    )


def _cells(tables: SafetyTables, probability: Probability) -> dict[tuple[int, int], list[str]]:
    found: dict[tuple[int, int], list[str]] = {}
    for hazard in tables.hazards:
        found.setdefault((hazard.severity, probability(hazard)), []).append(hazard.id)
    return found


def _severities(scales: Scales, height: int, second: int) -> Iterator[str]:
    for severity, words in enumerate(scales.severity, 1):
        middle = TOP_PX + (STEPS - severity) * height + height / 2 + 4
        yield _text(WORDS_PX - 10, middle, f"{_word(words)} {severity}", "end")
        yield _text(second - 10, middle, str(severity), "end")


def _matrix(
    title: str, scales: Scales, cells: dict[tuple[int, int], list[str]], left: int, height: int
) -> Iterator[str]:
    yield _text(left, 16, title, "start", palette.INK, 'font-size="14" font-weight="600"')
    for severity in range(1, STEPS + 1):
        for probability in range(1, STEPS + 1):
            x = left + (probability - 1) * CELL_PX
            y = TOP_PX + (STEPS - severity) * height
            colour = RISK_COLOURS[scales.risk_of(severity, probability)]
            yield (
                f'<rect x="{x}" y="{y}" width="{CELL_PX}" height="{height}" fill="{colour}"'
                ' stroke="#fff" stroke-width="2"/>'
            )
            yield from _chips(cells.get((severity, probability), []), x, y)
    for probability, words in enumerate(scales.probability, 1):
        middle, below = left + (probability - 0.5) * CELL_PX, TOP_PX + STEPS * height + 18
        yield _text(middle, below, f"{probability} {_word(words)}", "middle")


def _chips(names: list[str], left: int, top: int) -> Iterator[str]:
    for number, name in enumerate(names):
        line, column = divmod(number, CHIPS_A_LINE)
        x, y = left + 4 + column * CHIP_PITCH_PX, top + 8 + line * CHIP_LINE_PX
        label = _text(x + CHIP_PX / 2, y + 10.5, name, "middle", palette.INK, 'font-size="9.5"')
        yield (
            f'<a href="#{name}"><rect x="{x}" y="{y}" width="{CHIP_PX}" height="14" rx="4"'
            f' fill="#fff" stroke="{palette.SET}" stroke-width="0.7"/>{label}</a>'
        )


def _text(
    x: float, y: float, text: str, anchor: str, fill: str = palette.MUTED, more: str = ""
) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}" {more}>{escape(text)}</text>'
    )


def _word(step: str) -> str:
    return step.partition(":")[0]
