"""Who stands by the board: a person at the terminal, or the operator of a simulated pen."""

from typing import Any, Protocol

import typer
from rich.console import Console

from penloop.desk_check.steps import PROMPTS
from pensim import Bench
from pensim.plant.presets import DUMMY_LOAD

REACTION_S = 0.3


class Hands(Protocol):
    """Acts on the board's parts, and looks at them."""

    def act(self, key: str) -> None:
        """Does, or begins to do, what PROMPTS has under this key."""

    def notices(self, what: str) -> bool:
        """Whether this light is on or the buzzer sounds, and nothing else does."""

    def dummy_load(self) -> bool:
        """Whether the dummy load is in the motor's place."""


class PersonAtTerminal:
    """Told what to do, and asked what there is to see."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def act(self, key: str) -> None:
        self._console.print(f"    now {PROMPTS[key]}")

    def notices(self, what: str) -> bool:
        question = "Does the buzzer sound" if what == "buzzer" else f"Is the light {what}"
        return typer.confirm(f"    {question}, and nothing else?")

    def dummy_load(self) -> bool:
        return typer.confirm("    Is a 10-ohm dummy load in the motor's place, the motor off?")


class SimulatedOperator:
    """The operator of a bench in this process."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def act(self, key: str) -> None:
        operator = self._bench.operator
        operator.at(operator.now_s + REACTION_S, getattr(self, "_" + key))

    def _press(self) -> None:
        self._bench.operator.click(hold_s=1.0)

    def _cartridge(self) -> None:
        self.seat_cartridge(self._bench.operator.cartridge is None)

    def seat_cartridge(self, present: bool) -> None:
        """Puts a cartridge in or takes it off, if it is not so already."""
        operator = self._bench.operator
        if present and operator.cartridge is None:
            operator.insert_cartridge()
        elif not present and operator.cartridge is not None:
            operator.remove_cartridge()

    def _shaft(self) -> None:
        self._bench.operator.turn_shaft()

    def notices(self, what: str) -> bool:
        return self._bench.electronics.to_be_noticed() == [what]

    def dummy_load(self) -> bool:
        return bool(self._bench.parameters.motor == DUMMY_LOAD)


def hands_at(port: Any, console: Console) -> Hands:
    """Who stands by the board on this port."""
    bench = getattr(port, "bench", None)
    return SimulatedOperator(bench) if bench is not None else PersonAtTerminal(console)
