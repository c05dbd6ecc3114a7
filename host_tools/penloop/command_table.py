"""The commands of `penloop`, a row each: a command's module is imported when it is first used.

`penloop --help` and the completion of names read this table alone.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# group: (command, module in penloop.commands, first sentence of its help)
COMMANDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Look at a pen": (
        ("ports", "ports", "List the serial ports of this computer, and the simulated one."),
        ("doctor", "doctor", "Find what is wrong with a connection to a pen, and say what to do."),
        ("info", "pen", "Tell who answers on a port, what it does and how it is."),
        ("shell", "shell", "Open a prompt that holds the connection to a pen."),
        ("monitor", "monitor", "Print signals of a pen as it sends them, a line a sample."),
        ("faults", "pen", "Show the faults that a pen has latched and those that it remembers."),
        ("cartridge", "cartridge", "Show the cartridge in the holder, and what it has used."),
        ("blackbox", "blackbox", "Show the faults that a pen has recorded, with the signals."),
        ("sessions", "sessions", "Show the treatments that a pen has recorded."),
        ("dashboard", "dashboard", "Show a pen on a local page: plots, settings, faults, stop."),
        ("share", "share", "Hold a pen's port, and let others look on over TCP, read-only."),
    ),
    "Change a pen": (
        ("get", "pen", "Show settings of a pen: values in force, bounds and meaning."),
        ("set", "pen", "Change settings of a pen as one transaction: all of them or none."),
        ("params", "params", "Profiles: dump, load, diff and reset the settings of a pen."),
        ("tune", "tune", "Measure a pen in SERVICE, propose gains of its rate law, try, apply."),
    ),
    "Service": (
        ("service", "service", "Tell whether SERVICE is on, wait for it, or leave it."),
        ("run-motor", "service", "Run the motor in SERVICE, and park the needles at the end."),
        ("park", "service", "Bring the needles to top dead centre, in SERVICE."),
        ("stop", "service", "Stop a treatment or a service run; the needles are parked."),
        ("calibrate", "calibrate", "Measure what the sensors of a pen read, and store it."),
    ),
    "Record and analyse": (
        ("record", "record", "Record signals of a pen to FILE, as Parquet or MCAP."),
        ("scope", "scope", "Capture signals in the pen, 1 ms apart, around a trigger."),
        ("plot", "plot", "Draw recordings or traces over time; several lie over each other."),
        ("compare", "compare", "Show runs side by side: what differs, and their figures."),
        ("identify", "identify", "Fit the simulator's parameters to a recording: a pen's twin."),
        ("export", "export", "Write a recording or trace as VCD, MCAP, Parquet or CSV."),
    ),
    "Simulate": (
        ("demo", "demo", "Show a treatment and a stall in the skin; write a report about them."),
        ("sim", "simulate", "Serve a simulated pen in real time, on a port for any program."),
        ("board", "board", "Run a MicroPython script on the bare virtual Pico."),
        ("run", "run_scenarios", "Run scenarios and judge what must hold."),
        ("campaign", "campaign", "Run a scenario with values that vary."),
        ("falsify", "falsify", "Search what varies in a campaign for a case that fails."),
        ("reproduce", "reproduce", "Search for what gives a simulated pen a real one's fault."),
    ),
    "Flash and prove": (
        ("flash", "flash", "Flash the firmware: rehearse, copy, verify, switch over."),
        ("desk-check", "desk_check", "Check a board and its wires, part by part."),
        ("evidence", "evidence", "Make the evidence of safety."),
    ),
}  # fmt: skip
ROWS = {row[0]: row for rows in COMMANDS.values() for row in rows}


class LazyCommands(MutableMapping[str, Any]):
    """Commands by name; looking one up imports its module."""

    def __init__(self, commands: MutableMapping[str, Any]) -> None:
        self._loaded = dict(commands)

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded and name in ROWS:
            self._loaded |= _commands_of(ROWS[name][1])
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**ROWS, **self._loaded})

    def __len__(self) -> int:
        return len({**ROWS, **self._loaded})


def _commands_of(module: str) -> MutableMapping[str, Any]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    import_module(f"penloop.commands.{module}").register(app)
    return get_group(app).commands


class CommandGroup(TyperGroup):
    """The root of the command line: its help and its completion import no command."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands(self.commands)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the table's order."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A section for each group of the table."""
        for title, rows in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, text.rstrip(".")) for name, _module, text in rows])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Names that begin so, with what they do; options after a dash."""
        from typer._click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=text)
            for name, _module, text in ROWS.values()
            if name.startswith(incomplete)
        ]
