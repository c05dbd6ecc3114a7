"""The process that plays mutants against the tests: tests.mutation, which forks for each."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from penloop.errors import UserError
from penloop.evidence.long_runs import ROOT

DIGITS = 16  # of a hash of several files, which stands in each result
END_S = 10  # within which it ends by itself, once it has said everything


@dataclass(frozen=True)
class Sources:
    """SHA-256 of the files of tests that are played, by path; "" is of all else of ours."""

    hashes: Mapping[str, str]

    @property
    def whole(self) -> str:
        """A hash of all."""
        return _together(self.hashes.items())

    def behind(self, killer: str) -> str:
        """A hash of what a mutant's result rests on.

        That one is killed by a test stays true whatever other tests there are; that none kills it
        rests on all of them.
        """
        file, _, test = killer.partition("::")
        if not test:
            return self.whole
        return _together([("", self.hashes[""]), (file, self.hashes.get(file, ""))])

    def changed_since(self, earlier: "Sources") -> list[str] | None:
        """Files of tests that have changed or are new; None where anything else has changed."""
        if earlier.hashes[""] != self.hashes[""]:
            return None
        return [name for name, one in self.hashes.items() if earlier.hashes.get(name) != one]


def _together(hashes: Iterable[tuple[str, str]]) -> str:
    text = "".join(f"{name} {digest}\n" for name, digest in hashes)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def sources() -> Sources:
    """The present ones. Raises UserError."""
    with _player(["--sources"], None) as player:
        [line] = _said(player)
    return Sources(json.loads(line))


def play(todo: list[list[Any]], jobs: int, log: Path, measured: bool) -> Iterator[list[Any]]:
    """A row for each mutant, as tests.mutation describes both. Raises UserError.

    measured: a run without a mutant goes before, so that each mutant meets the tests that reach it
    """
    if not todo:
        return
    with log.open("w") as told, _player([str(jobs), *(["--measured"] * measured)], told) as player:
        assert player.stdin is not None
        for row in todo:
            player.stdin.write(json.dumps(row) + "\n")
        player.stdin.close()
        for line in _said(player):
            yield json.loads(line)


@contextmanager
def _player(options: list[str], told: IO[str] | None) -> Iterator[subprocess.Popen[str]]:
    if not (ROOT / "tests" / "mutation").is_dir():
        raise UserError("the tests are not here", "run it in the project's folder")
    player = subprocess.Popen(
        [sys.executable, "-m", "tests.mutation", *options], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=told or subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield player
        player.wait(END_S)
    finally:
        if player.poll() is None:  # broken off: its forks end with it
            os.killpg(player.pid, signal.SIGKILL)
            player.wait()
    if player.returncode:
        where = f"see {told.name}" if told else "try: python -m tests.mutation --sources"
        raise UserError("the mutants' tests do not run to their end", where)


def _said(player: subprocess.Popen[str]) -> Iterator[str]:
    assert player.stdout is not None
    yield from player.stdout
