"""What the dashboard knows of its pen at a moment, replaced as a whole whenever it changes."""

from dataclasses import dataclass, field
from enum import StrEnum

from penhost.replies import FaultRecord, Status
from penhost.tables import Command, Fault, Identity, Setting, Signal
from penhost.units import Quantity


class Link(StrEnum):
    """How the link is."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Tables:
    """What the pen says of itself."""

    settings: dict[str, Setting]
    signals: dict[str, Signal]
    commands: dict[str, Command]
    faults: dict[int, Fault]
    states: tuple[str, ...]


@dataclass(frozen=True)
class RecordingState:
    """A recording that goes on, or the last one: its file, and how much is in it."""

    file: str
    going_on: bool
    rows: int
    bytes: int
    gaps: int
    note: str = ""


@dataclass(frozen=True)
class View:
    """All of it. `identity`, `tables` and the rest are of the last connection while it is down."""

    port: str
    link: Link = Link.CONNECTING
    reason: str = ""  # why it is down
    remedy: str = ""
    connections: int = 0  # so often it has come up
    identity: Identity | None = None
    tables: Tables | None = None
    status: Status | None = None
    values: dict[str, Quantity] = field(default_factory=dict)
    waiting: dict[str, Quantity] = field(default_factory=dict)  # for the next start
    faults: tuple[FaultRecord, ...] = ()
    state: str = ""
    signals: tuple[str, ...] = ()
    period_ms: int = 0
    recording: RecordingState | None = None
    lost: int = 0  # samples, since the last subscription
