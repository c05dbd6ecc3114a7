"""The control interrupt's own code, alone, for the evidence: any words, any input, tick by tick.

The firmware's modules are executed from their sources in a space of their own, as the board would;
nothing of the pen's main loop is there.
"""

import builtins
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from types import ModuleType
from typing import Any

from penfw import settings

TICK_US = 1000


def default(name: str) -> int:
    """Value of a setting that nobody has set."""
    return int(settings.SETTINGS[settings.index(name)][3])


ZERO = default("shunt_zero")  # reading at no current
Q12 = default("shunt_gain") * 4096 // 1_000_000  # mA a count, in Q12
Change = Callable[[str, str], str]  # (module, text) -> text


def unchanged(_module: str, text: str) -> str:
    """The firmware as it is."""
    return text


class Interrupt:
    """`control` of a pen whose parts are the words of `inputs`.

    drives: what it wrote to the motor in the last tick
    """

    def __init__(self, change: Change = unchanged) -> None:
        self.inputs: dict[str, int] = {}
        self.drives: list[int] = []
        self.entered: Counter[str] = Counter()
        self._modules: dict[str, ModuleType] = {}
        self._change = change
        self._builtins = {**vars(builtins), "__import__": self._import}
        self._modules["penfw"] = ModuleType("penfw")
        self._modules["micropython"] = ModuleType("micropython")
        vars(self._modules["micropython"])["const"] = lambda value: value
        self._modules["penfw.tables"] = ModuleType("penfw.tables")
        vars(self._modules["penfw.tables"])["read"] = self._read
        vars(self._modules["penfw"])["tables"] = self._modules["penfw.tables"]
        self.settle()
        self.control = self._load("control").Control(_Board(self))
        self.control.configure(default)
        self._first = dict(vars(self.control))
        self._values = list(self.control.values)

    def settle(self) -> None:
        """All inputs as of a pen that lies still, with nothing pressed."""
        self.inputs.update(
            now=1_000_000, shunt=ZERO, position=8000, switched=40000, tdc=0, button=1,
            cartridge=0, usb=1, home=0, fails=0,
        )  # fmt: skip

    def count(self, methods: Iterable[str]) -> None:
        """From here on each call of these methods of the control object is in `entered`."""
        for name in methods:
            setattr(type(self.control), name, self._counted(name))

    def _counted(self, name: str) -> Callable[..., Any]:
        method = getattr(type(self.control), name)

        def counted(*values: Any) -> Any:
            self.entered[name] += 1
            return method(*values)

        return counted

    def become(self, words: Mapping[str, int]) -> None:
        """What it remembers: as after power-up, but for these words."""
        remembered = vars(self.control)
        remembered.clear()
        remembered.update(self._first, last_us=self.inputs["now"] - TICK_US)
        remembered.update(words)
        for number, value in enumerate(self._values):
            self.control.values[number] = value

    def tick(self) -> None:
        """One tick, an exception of an input included."""
        self.drives.clear()
        self.control.tick(None)

    def _load(self, name: str) -> Any:
        full = f"penfw.{name}"
        if full not in self._modules:
            text = self._change(name, files("penfw").joinpath(f"{name}.py").read_text())
            module = self._modules[full] = ModuleType(full)
            vars(module)["__builtins__"] = self._builtins
            exec(compile(text, f"{name}.py", "exec"), vars(module))
            setattr(self._modules["penfw"], name, module)
        return self._modules[full]

    def _read(self, name: str, table: str) -> Any:
        return getattr(self._load(name), table)

    def _import(
        self, name: str, scope: Any = None, local: Any = None, wanted: Any = (), level: int = 0
    ) -> Any:
        package, _, module = name.partition(".")
        if package not in self._modules:
            return __import__(name, scope, local, wanted, level)
        if module:
            return self._load(module) if wanted else self._modules[package]
        for item in wanted or ():
            if package == "penfw" and not hasattr(self._modules[package], item):
                self._load(item)
        return self._modules[package]


class _Part:
    """Any part of the board, by the name of its input."""

    def __init__(self, owner: Interrupt, name: str = "") -> None:
        self._owner, self._name = owner, name

    def value(self, _level: int | None = None) -> int:
        return self._owner.inputs.get(self._name, 0)

    def read_u16(self) -> int:
        if self._owner.inputs["fails"]:
            raise OSError("a reading that fails")
        return self._owner.inputs[self._name]

    def duty_u16(self, duty: int) -> None:
        self._owner.drives.append(duty)


class _Board:
    """All parts that the interrupt binds."""

    def __init__(self, owner: Interrupt) -> None:
        self.motor = self.load_switch = self.analogue_switch = _Part(owner)
        self.step_pin = self.step_direction = _Part(owner)
        self.shunt, self.position = _Part(owner, "shunt"), _Part(owner, "position")
        self.switched, self.top_dead_centre = _Part(owner, "switched"), _Part(owner, "tdc")
        self.button, self.cartridge_present = _Part(owner, "button"), _Part(owner, "cartridge")
        self.usb_power, self.home_switch = _Part(owner, "usb"), _Part(owner, "home")
        self.ticks_us = _Part(owner, "now").value
