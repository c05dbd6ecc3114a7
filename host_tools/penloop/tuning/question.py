"""A question to the person at the terminal, while the pen is told that somebody is there."""

import sys
from collections.abc import Callable
from threading import Thread

LOOK_S = 0.5  # SERVICE ends after 30 s without a word, a trial when it says so


def asked(question: str, pulse: Callable[[], object]) -> bool:
    """Whether the answer is yes; `pulse()` is called all the while, and may raise."""
    print(f"{question} [y/N]: ", end="", flush=True)
    answers: list[str] = []
    reader = Thread(target=lambda: answers.append(sys.stdin.readline()), daemon=True)
    reader.start()
    while reader.is_alive():
        reader.join(LOOK_S)
        pulse()
    return bool(answers) and answers[0].strip().lower() in ("y", "yes")
