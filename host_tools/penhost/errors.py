"""What can go wrong between a program and its pen. Every message is one line with its remedy.

PenError
├── PortError            the port cannot be had or kept
│   ├── PortNotFound     no such port, or nothing listens there
│   ├── PortNotPermitted the system does not let this user open it
│   ├── PortBusy         another program holds it
│   └── PortLost         it vanished while in use
├── NotAPen              something else answers on the port
│   └── ReplAnswers      a MicroPython prompt: the firmware is not running
├── PenSilent            no answer
├── LineNoisy            answers arrive damaged, again and again
├── PenRestarted         the pen has lost this session
├── PenExchanged         another pen answers than the one before
├── ProtocolMismatch     the pen speaks another version of the protocol
├── NoTrigger            the scope's trigger did not come in time
├── Refused              the pen understood and declined; nothing was changed
└── BadValue             an unknown name, a wrong unit, a number that cannot be sent
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class PenError(Exception):
    """Base of all. `str()` is one line: what happened, then what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(" ".join(f"{message}: {remedy}".split()))
        self.message = message
        self.remedy = remedy


class PortError(PenError):
    """The port cannot be had or kept."""


class PortNotFound(PortError):
    """No such port, or nothing listens there."""


class PortNotPermitted(PortError):
    """The system does not let this user open the port."""


class PortBusy(PortError):
    """Another program holds the port."""


class PortLost(PortError):
    """The port vanished while in use."""


class NotAPen(PenError):
    """Something else answers on the port."""


class ReplAnswers(NotAPen):
    """A MicroPython prompt answers: the firmware is not running."""


class PenSilent(PenError):
    """Nothing answers."""


class LineNoisy(PenError):
    """Answers arrive damaged, again and again."""


class PenRestarted(PenError):
    """The pen has lost this session, as after a reset or when another client connected."""


class PenExchanged(PenError):
    """Another pen answers than the one before the connection was lost."""


class ProtocolMismatch(PenError):
    """The pen speaks a version of the protocol that this client does not."""


class NoTrigger(PenError):
    """The scope's trigger did not come in the time that it was given."""


class Refused(PenError):
    """The pen understood and declined; nothing was changed.

    `reason` is a number of the pen's reason table, `limit` what the reason refers to (of a
    setting, in its unit), `changes` the outcome of each change of a transaction.
    """

    def __init__(
        self,
        message: str,
        remedy: str,
        reason: int,
        limit: int = 0,
        changes: Sequence[Any] = (),
    ) -> None:
        super().__init__(message, remedy)
        self.reason = reason
        self.limit = limit
        self.changes = changes


class BadValue(PenError, ValueError):
    """An unknown name, a wrong unit, a number that cannot be sent."""
