"""A question to the person at the terminal, while the pen is told that somebody is there."""

import sys
from collections.abc import Callable
from threading import Thread

LOOK_S = 0.5  # SERVICE ends after 30 s without a word, a trial when it says so


def answered(question: str, pulse: Callable[[], object]) -> str:
    """What was typed; `pulse()` is called all the while, and may raise. Asks on stderr."""
    answers: list[str] = []
    print(question, end=" ", file=sys.stderr, flush=True)
    reader = Thread(target=lambda: answers.append(sys.stdin.readline().strip()), daemon=True)
    reader.start()
    while reader.is_alive():
        reader.join(LOOK_S)
        pulse()
    return answers[0] if answers else ""


def agreed(question: str, pulse: Callable[[], object]) -> bool:
    """Whether the answer is yes."""
    return answered(f"{question} [y/N]:", pulse).lower() in ("y", "yes")
