"""The whole suite of tests, run before the evidence where there is no result of it yet."""

import subprocess
import sys
from pathlib import Path

from penloop.evidence.traceability import outcomes


def make_sure(root: Path, jobs: int) -> None:
    """Runs the suite where its last result is missing, or is of other sources, and says so.

    What fails in it is told by the claims of the part, which reads the result.
    """
    why = missing(root)
    if not why:
        return
    print(f"evidence: {why}: the whole suite of tests runs first", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "pytest", "-n", str(jobs), "--dist", "worksteal"]
    subprocess.run(command, cwd=root, stdout=2)  # the command's own output is of the evidence


def missing(root: Path) -> str:
    """Why the suite is to be run; empty where it need not, or where there is none."""
    if not (root / "tests").is_dir():
        return ""
    last = outcomes.read(root / outcomes.VERIFICATION)
    if last is None:
        return "there is no result of the whole suite"
    if last.source_sha256 != outcomes.source_sha256(root):
        return "the whole suite was last run on other sources"
    return ""
