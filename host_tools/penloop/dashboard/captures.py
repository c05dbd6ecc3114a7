"""A capture of the pen's scope, as a page asks for it."""

from dataclasses import dataclass, field

from penhost import Pen, PenError
from penhost.scope import Capture, Progress, Watcher
from penloop.scope_trigger import already_there


class Cancelled(PenError):
    """The person does not want it any more."""

    def __init__(self) -> None:
        super().__init__("the scope was disarmed", "arm it again")


@dataclass
class CaptureWanted:
    """What to capture; `progress` tells how far it is, `cancel()` ends it.

    `warning` is what to know of the trigger, once it has been armed.
    """

    signals: list[str]
    trigger: str
    before: float
    progress: Progress | None = None
    warning: str = ""
    _cancelled: bool = field(default=False)

    def cancel(self) -> None:
        """The pen is disarmed within a look or a part."""
        self._cancelled = True

    def watch(self, progress: Progress) -> None:
        """Called by the pen's thread. Raises Cancelled."""
        self.progress = progress
        if self._cancelled:
            raise Cancelled

    def take(self, pen: Pen, watch: Watcher) -> Capture:
        """Takes it. Raises what Pen.scope raises, and Cancelled."""
        self.warning = already_there(pen, self.trigger)
        return pen.scope(self.signals, self.trigger, before=self.before, watch=watch)
