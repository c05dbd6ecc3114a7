"""A pen on a serial port, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from penfw import protocol
from penhost import records, replies, tables
from penhost.description import named
from penhost.errors import BadValue, LineNoisy, PenRestarted, PenSilent, PortLost, Refused
from penhost.listening import Listener
from penhost.ports import open_port
from penhost.records import BlackBoxRecord, HolderCartridge, TreatmentRecord
from penhost.replies import Change, Event, FaultRecord, Outcome, Status
from penhost.scope import MOST_SAMPLES, Capture, Scope, Watcher
from penhost.session import GREETING_US, Entropy, Session, entropy_of
from penhost.tables import Identity, Setting
from penhost.transport import Transport
from penhost.trial import Trial
from penhost.trigger import parse as parse_trigger
from penhost.units import Quantity

CHANGES_MAX = (protocol.PAYLOAD_MAX - 1) // 6  # of one STAGE or SET
FEW = 4  # rows of a request or a reply where long ones do not get through
GET_MAX = protocol.PAYLOAD_MAX // 6

Row = TypeVar("Row")


class Pen(Listener):
    """Connects at once; a context manager that closes the port.

    Connecting neither resets nor moves the pen, and closing does not stop it: `stop()` does.
    Every method may raise PortLost, PenSilent, LineNoisy and PenRestarted; see penhost.errors.
    Not for use by several threads at once.
    """

    def __init__(
        self,
        port: str | Any,
        *,
        baudrate: int = 115200,
        entropy: Entropy | None = None,
        greeting_us: int = GREETING_US,
    ) -> None:
        """`port` is a name, a pyserial URL or an open port; `entropy(n)` gives n random bytes.

        Where within `greeting_us` nothing comes whole, or begins as a pen's reply, none is there.
        """
        name = port if isinstance(port, str) else str(getattr(port, "name", "given"))
        opened = open_port(port, baudrate) if isinstance(port, str) else port
        self._transport = Transport(opened, name)
        session = Session(
            self._transport, entropy or entropy_of(opened, self._transport), greeting_us
        )
        super().__init__(session, self._transport.clock)
        try:
            self.info: Identity = tables.identity(self._session.open())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Pen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the port back."""
        self._transport.close()

    def renew(self) -> None:
        """Opens a session anew on the same port, as after a reset; nothing is subscribed then."""
        self._stream = None
        before = self.info
        self.info = tables.identity(self._session.renew())
        if self.info.firmware_hash != before.firmware_hash or not before.firmware_hash:
            self.forget()

    # Settings and commands

    def get(self, name: str) -> Quantity:
        """The value in force. Raises BadValue for an unknown name."""
        return self.get_all([name])[name]

    def get_all(self, names: Sequence[str] | None = None) -> dict[str, Quantity]:
        """The values in force of the named settings, by default of all."""
        rows = named(self.settings, "setting", self.settings if names is None else names)
        return self._values(rows)

    def waiting(self) -> dict[str, Quantity]:
        """What the next start takes over, by the settings that have another value in force now.

        Of firmware that does not tell it, none.
        """
        rows = [row for row in self.settings.values() if row.access == "open"]
        try:  # these first: what a start takes over meanwhile is in force then
            following = self._values(rows, protocol.NEXT_START)
        except Refused as error:
            if error.reason != protocol.UNKNOWN_SETTING:
                raise
            return {}
        in_force = self._values(rows)
        return {name: value for name, value in following.items() if value != in_force[name]}

    def _values(self, rows: Sequence[Setting], which: int = 0) -> dict[str, Quantity]:
        values: dict[str, Quantity] = {}
        for part in _parts(rows, FEW if self._session.noisy else GET_MAX):
            reply = self._session.request(protocol.GET, [(row.index | which,) for row in part])
            for row, (_index, value) in zip(part, reply["values"], strict=True):
                values[row.name] = row.quantity(value)
        return values

    def set(self, changes: Mapping[str, int | str | Quantity]) -> list[Change]:
        """Changes several settings as one transaction: all or none.

        Integers are in the setting's unit, texts carry theirs: `{"depth": "0.75mm"}`. Raises
        BadValue before anything is sent, Refused with the outcome of each when the pen declines.
        """
        rows = named(self.settings, "setting", changes)
        if len(rows) > protocol.STAGE_MAX:
            raise BadValue(f"{len(rows)} changes", f"give at most {protocol.STAGE_MAX} at once")
        pairs = [(row.index, row.value_of(changes[row.name])) for row in rows]
        with _unknown_when_lost("the change was made"):
            results = self._results(pairs)
        done = [replies.change(row, result) for row, result in zip(rows, results, strict=True)]
        refusal = replies.refusal(done)
        if refusal:
            raise refusal
        return done

    def _results(self, pairs: list[tuple[int, int]]) -> list[list[int]]:
        most = FEW if self._session.noisy else 0
        *before, last = _parts(pairs, most or CHANGES_MAX) or [[]]
        staged = 0
        for part in before:
            staged = self._session.request(protocol.STAGE, staged, part)["staged"]
        reply = self._session.request(protocol.SET, staged, most, last)
        rows = list(reply["results"])
        while len(rows) < reply["total"]:
            rows += self._session.request(protocol.RESULTS, len(rows), most)["results"]
        return rows

    def command(self, name: str, argument: int | str | Quantity = 0) -> Outcome:
        """Has the pen do something, once. Raises BadValue, Refused."""
        [row] = named(self.commands, "command", [name])
        value = row.value_of(argument)
        with _unknown_when_lost(f"{name} was executed"):
            reply = self._session.request(protocol.COMMAND, row.index, value)
        return replies.outcome(name, reply)

    def trial(self, seconds: float = 10.0) -> Trial:
        """A context in which changed settings go back unless `Trial.keep` is called."""
        return Trial(self, seconds)

    def stop(self) -> None:
        """Stops the motor and parks the needles."""
        self.command("stop")

    def interrupt_by(self, gate: Callable[[], None] | None) -> None:
        """Has `gate` called before each request and, in waits, every 10 ms or so.

        What it raises ends the method that is at work, between two requests or within one that
        changes nothing: so a stop need not wait. The gate may use the pen. None takes it back.
        """
        self._session.gate = gate

    # State

    def status(self) -> Status:
        """State of the pen and counters of the link."""
        reply = self._session.request(protocol.STATUS)
        return Status(
            boot_session=reply["boot_session"],
            time_us=tables.time_us(reply),
            state=self._state_name(reply["state"]),
            pen_frames=reply["frames"],
            pen_bad_frames=reply["bad_frames"],
            samples_sent=reply["samples"],
            samples_dropped=reply["dropped"],
            events_lost=reply["lost_events"],
            host_frames=self._transport.good,
            host_bad_frames=self._transport.bad,
            host_bytes=self._transport.bytes,
            repeats=self._session.repeats,
        )

    def faults(self) -> list[FaultRecord]:
        """Latched faults first, then the history."""
        table = self.fault_table
        rows: list[list[int]] = []
        while True:
            reply = self._session.request(
                protocol.FAULTS, len(rows), FEW if self._session.noisy else 0
            )
            rows += reply["faults"]
            if len(rows) >= reply["total"] or not reply["faults"]:
                return [replies.fault_record(table, row) for row in rows]

    def blackbox(self) -> list[BlackBoxRecord]:
        """The records of the last faults, the newest first: at least 8, once there were so many."""
        raw = records.read_log(self._session, protocol.BLACK_BOX)
        tables_ = (self.fault_table, self.states, self.settings)
        return [records.black_box_record(record, *tables_) for record in raw]

    def sessions(self) -> list[TreatmentRecord]:
        """The records of the last treatments, the newest first: at least 50, once there were."""
        raw = records.read_log(self._session, protocol.TREATMENTS)
        return [records.treatment_record(record, self.fault_table) for record in raw]

    def cartridge(self) -> HolderCartridge:
        """What is in the holder. Raises BadValue for a pen whose firmware does not tell."""
        return records.holder_cartridge(self._session)

    def events(self) -> list[Event]:
        """What the pen has sent unasked since the last call: state changes, faults, notices."""
        self._session.pump(self._clock.now_us())
        queue = self._session.events
        return [replies.event(queue.popleft()) for _ in range(len(queue))]

    # For a gateway

    def request(self, number: int, *values: Any) -> dict[str, Any]:
        """Any request of docs/protocol.md as it is; returns the reply's fields by name."""
        return self._session.request(number, *values)

    def table(self, number: int) -> list[list[str]]:
        """The rows of a table that DESCRIBE reads, as text."""
        return tables.rows(self._session, number)

    # The scope

    def scope(
        self,
        signals: Sequence[str],
        trigger: str = "now",
        *,
        before: float = 0.25,
        samples: int = MOST_SAMPLES,
        wait: float | None = None,
        watch: Watcher = lambda _progress: None,
    ) -> Capture:
        """One capture of up to 8 signals, 1 ms apart, around a trigger (penhost.trigger).

        `before` is the share of the samples before it, `wait` how many seconds it may take to
        come; `watch` is told how far it is. The pen is disarmed whatever ends this. Raises
        BadValue, Refused, NoTrigger.
        """
        scope = Scope(self._session, named(self.signals, "signal", signals))
        scope.arm(parse_trigger(trigger, self), before, samples)
        with scope.ended():
            scope.await_capture(self._clock, self.wait, wait, watch)
            return scope.read(self.wait, watch)


@contextmanager
def _unknown_when_lost(what: str) -> Iterator[None]:
    """Says of a request whose reply did not come that the pen may have executed it all the same."""
    try:
        yield
    except (PortLost, PenSilent, LineNoisy, PenRestarted) as error:
        message = f"{error.message}, and whether {what} is not known"
        raise type(error)(message, error.remedy) from error


def _parts(rows: Sequence[Row], most: int) -> list[list[Row]]:
    return [list(rows[at : at + most]) for at in range(0, len(rows), most)]
