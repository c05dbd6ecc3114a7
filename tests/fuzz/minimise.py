"""`python -m tests.fuzz.minimise TARGET FOLDER…`: keeps what reaches more of the code.

What counts is each step from a line to the next. Small inputs are looked at first.
"""

import sys
from hashlib import sha1
from pathlib import Path

from tests.fuzz.__main__ import CORPUS, INSTRUMENTED, module

LONGEST = 600


def reached(play, data):
    """Pairs of lines of ours that follow each other."""
    found, last = set(), {}

    def trace(frame, event, _argument):
        if frame.f_globals.get("__name__", "").split(".")[0] not in INSTRUMENTED:
            return None
        code = frame.f_code
        if event == "line":
            found.add((code, last.get(frame), frame.f_lineno))
        last[frame] = frame.f_lineno
        return trace

    sys.settrace(trace)
    try:
        play(data)
    finally:
        sys.settrace(None)
    return found


def minimise(target, folders):
    """Rewrites the target's folder of the corpus."""
    goal = CORPUS / target
    goal.mkdir(parents=True, exist_ok=True)
    files = [path for folder in [goal, *map(Path, folders)] for path in folder.iterdir()]
    inputs = {path.read_bytes() for path in files if path.is_file()}
    for path in goal.iterdir():
        path.unlink()
    play, known = module(target).one_input, set()
    play(b"")
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        found = reached(play, data) if len(data) <= LONGEST else set()
        if found - known:
            known |= found
            (goal / sha1(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    minimise(sys.argv[1], sys.argv[2:])
