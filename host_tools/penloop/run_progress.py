"""The progress bar of many runs, with a few words on what they have given so far."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def run_progress() -> Progress:
    """On stderr, gone at its end. Its tasks have a field `told`: the few words."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[told]}"),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
