"""The prompt: history, completion, a toolbar that lives, and a key that stops the motor."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

import platformdirs
import typer.main
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import AnyFormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from typer._completion_classes import BashComplete

from penhost import PenError
from penloop import cli, pen_memory
from penloop.interruption import Ended
from penloop.shell import lines
from penloop.shell.link import Link

KEEP_S = 0.1
STOP_KEYS = ("f10", "c-x")
ALARM = "noreverse bg:ansired fg:ansiwhite"
KEYS = "F10 or Ctrl-X: stop"


class WordCompleter(Completer):
    """What the shell's completion of `penloop` offers, with its meaning beside it."""

    def __init__(self) -> None:
        group: Any = typer.main.get_command(cli.app)
        self._complete = BashComplete(group, {}, "penloop", "_PENLOOP_COMPLETE")

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """For the word before the cursor."""
        *before, begun = document.text_before_cursor.lstrip().split(" ")
        words = [word for word in before if word]
        if not words:
            for name in lines.OTHERS:
                if name.startswith(begun):
                    yield Completion(name, -len(begun))
        for item in self._complete.get_completions(words, begun):
            if words or item.value not in lines.ELSEWHERE:
                yield Completion(item.value, -len(begun), display_meta=item.help or "")


def run(link: Link) -> None:
    """Reads lines and runs them until Ctrl-D or `exit`."""
    session: PromptSession[str] = PromptSession(
        "penloop> ",
        history=_history(),
        completer=WordCompleter(),
        complete_while_typing=True,
        complete_in_thread=False,
        key_bindings=_keys(link),
        bottom_toolbar=lambda: _toolbar(link),
        reserve_space_for_menu=6,
    )
    while True:
        try:
            line = session.prompt(pre_run=lambda: _look_after(link))
        except KeyboardInterrupt:
            continue  # drops the line
        except EOFError:
            return
        if lines.leaves(line):
            return
        lines.run(line, link)


def _toolbar(link: Link) -> AnyFormattedText:
    return [(ALARM if link.alarming() else "", f" {link.told()}   {KEYS} ")]


def _look_after(link: Link) -> None:
    async def keep() -> None:
        shown = ""
        while True:
            link.keep()
            while link.news:
                told = link.news.pop(0)
                await run_in_terminal(partial(print, told))
            if link.told() != shown:
                shown = link.told()
                get_app().invalidate()
            await asyncio.sleep(KEEP_S)

    async def keep_until_ended() -> None:
        try:
            await keep()
        except Ended as ended:  # by a signal: the prompt would show it as a fault of ours
            get_app().exit(exception=ended)

    get_app().create_background_task(keep_until_ended())


def _keys(link: Link) -> KeyBindings:
    keys = KeyBindings()

    def stop(_event: KeyPressEvent) -> None:
        try:
            told = link.stop()
        except PenError as error:
            told = str(error)
        run_in_terminal(lambda: print(told))

    for key in STOP_KEYS:
        keys.add(key, eager=True)(stop)
    return keys


def _history() -> History:
    path = platformdirs.user_data_path(pen_memory.APP) / "shell_history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))
