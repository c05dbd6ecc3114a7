"""The requests of the link, answered from the pen.

`device`, made by the pen:
- settings_rows, signals_rows, commands_rows, faults_rows, states_rows: the tables, columns as in
  protocol.TABLES; an index in a message is a row's place. They are kept while a client reads them.
- identity() -> product, board, pen id, firmware version, firmware hash: texts, 200 bytes in all.
- boot_session, an int; clock, a telemetry.DeviceClock; ring, a telemetry.TelemetryRing.
- state() -> row of states_rows.
- get(index) -> value in force, or with NEXT_START in the index the one that the next start takes.
- apply(changes), a list of [index, value] -> for each (status, value in force, reason, limit); all
  or nothing.
- command(number, argument) -> (status, value); the value is a reason where the status is REFUSED.
- faults() -> list of (number, latched, boot session, seconds, microseconds), latched ones first.
- record_part(log, file, at, size) -> (bytes of a log's file, some of them from `at` on), or None
  when there is no such log.
- heartbeat(now_ms): the host is present.
- control, the interrupt; scope, a scope.Scope or None; captures, how many there were, modulo 256.
"""

from penfw import protocol, tables

GET_MAX = protocol.PAYLOAD_MAX // 6
_DEVICE_ROWS = (  # by table; two tables are the link's own
    "", "settings_rows", "signals_rows", "commands_rows", "faults_rows", "states_rows", "",
)  # fmt: skip


class Refusal(Exception):
    """A request that gets an ERROR reply: Refusal(reason, detail)."""


class Requests:
    """Answers requests; holds what lasts from one to the next within a session."""

    def __init__(self, device, counters):
        """`counters()` gives STATUS's last five fields."""
        self.stream = 0  # number of the present subscription
        self.period_ms = 0
        self._device = device
        self._counters = counters
        self._now_ms = 0
        self._settings = len(device.settings_rows)
        self._codes = "".join([row[1] for row in device.signals_rows])
        self._commands = len(device.commands_rows)
        self._handlers = self._make_handlers()
        self.open()

    def open(self):
        """A new session starts: what the last one left is dropped."""
        self._staged = []
        self._results = []
        self._table = (-1, ())  # the one that the client reads, and its rows
        self._device.ring.configure((), (), 0)

    def answer(self, number, payload, now_ms):
        """(fields, values) of the reply. Raises Refusal."""
        self._now_ms = now_ms
        if number != protocol.DESCRIBE:
            self._table = (-1, ())
        if number in self._handlers:
            row = protocol.message(number)
            return row[3], self._handlers[number](*_request(row, payload))
        if number not in protocol.SELDOM:
            raise Refusal(protocol.UNKNOWN_MESSAGE, number)
        row, handler = tables.read(protocol.SELDOM[number], "request")(number)
        return row[3], handler(self._device, *_request(row, payload))

    def now(self):
        """Boot session and device time, as messages hold them."""
        clock = self._device.clock
        return self._device.boot_session, clock.seconds, clock.micros

    def _make_handlers(self):
        return {
            protocol.HELLO: self._hello,
            protocol.DESCRIBE: self._describe,
            protocol.GET: self._get,
            protocol.STAGE: self._stage,
            protocol.SET: self._set,
            protocol.RESULTS: self._results_from,
            protocol.COMMAND: self._command,
            protocol.SUBSCRIBE: self._subscribe,
            protocol.HEARTBEAT: self._heartbeat,
            protocol.STATUS: self._status,
        }

    def _rows(self, table):
        """A table's rows, most of them brought from the flash."""
        if table == protocol.TABLE_MESSAGES:
            return message_rows()
        if table == protocol.TABLE_REASONS:
            return protocol.REASONS
        return getattr(self._device, _DEVICE_ROWS[table])

    # One method a request: takes its fields, returns the reply's

    def _hello(self, session):
        greeting = (session, protocol.VERSION, protocol.COMPATIBLE) + self.now()
        return greeting + (self._device.state(),) + tuple(self._device.identity())

    def _describe(self, table, first, most):
        if table >= len(_DEVICE_ROWS):
            raise Refusal(protocol.UNKNOWN_TABLE, table)
        if table != self._table[0]:
            self._table = (table, self._rows(table))
        rows = self._table[1]
        return table, len(rows), first, rows_text(rows, first, most)

    def _get(self, wanted):
        if len(wanted) > GET_MAX:
            raise Refusal(protocol.TOO_MANY, GET_MAX)
        values = []
        for (index,) in wanted:
            self._check_setting(index & ~protocol.NEXT_START)
            values.append((index, self._device.get(index)))
        return (values,)

    def _check_setting(self, index):
        if index >= self._settings:
            raise Refusal(protocol.UNKNOWN_SETTING, index)

    def _join(self, staged, changes):
        if staged != len(self._staged):
            raise Refusal(protocol.NOT_STAGED, len(self._staged))
        if staged + len(changes) > protocol.STAGE_MAX:
            raise Refusal(protocol.TOO_MANY, protocol.STAGE_MAX)
        for index, _value in changes:
            self._check_setting(index)
        return self._staged + changes

    def _stage(self, first, changes):
        if first == 0:
            self._staged = []
        self._staged = self._join(first, changes)
        return (len(self._staged),)

    def _set(self, staged, most, changes):
        changes = self._join(staged, changes)
        self._staged = []
        results = self._device.apply(changes)
        self._results = [(change[0],) + tuple(result) for change, result in zip(changes, results)]
        return self._results_from(0, most)

    def _results_from(self, first, most):
        return part(self._results, first, most, protocol.RESULTS_MAX)

    def _command(self, number, argument):
        if number >= self._commands:
            raise Refusal(protocol.UNKNOWN_COMMAND, number)
        return self._device.command(number, argument)

    def _subscribe(self, period_ms, wanted):
        if len(wanted) > protocol.SIGNALS_MAX:
            raise Refusal(protocol.TOO_MANY, protocol.SIGNALS_MAX)
        if wanted and not 1 <= period_ms <= 10000:
            raise Refusal(protocol.BAD_PERIOD, period_ms)
        codes = self._codes
        for (index,) in wanted:
            if index >= len(codes):
                raise Refusal(protocol.UNKNOWN_SIGNAL, index)
        indices = [index for (index,) in wanted]
        self._device.ring.configure(indices, [codes[i] for i in indices], period_ms)
        self.stream = (self.stream + 1) & 0xFF
        self.period_ms = self._device.ring.period_ms
        return self.stream, self.period_ms

    def _heartbeat(self):
        self._device.heartbeat(self._now_ms)
        return self.now() + (self._device.state(),)

    def _status(self):
        return self.now() + (self._device.state(),) + self._counters()


def message_rows():
    """The table of messages, fields as text."""
    return [
        (number, name, protocol.fields_text(request), protocol.fields_text(reply))
        for number, name, request, reply in protocol.MESSAGES
    ]


def _request(row, payload):
    """A request's fields, all of them. Raises Refusal."""
    try:
        values = protocol.unpack(row[2], payload)
    except ValueError:
        values = ()
    if len(values) < len(row[2]):
        raise Refusal(protocol.MALFORMED, row[0])
    return values


def part(rows, first, most, limit):
    """(total, first, rows from there on): at most `most`, 0 is as many as fit, the limit."""
    return len(rows), first, rows[first : first + min(most or limit, limit)]


def rows_text(rows, first, most):
    """Rows of a table from `first` on, as many as fit `most` bytes, at least one.

    Cells are separated by tabs, rows by newlines. A row beyond ROW_MAX is cut; most 0 is ROW_MAX.
    """
    most = min(most or protocol.ROW_MAX, protocol.ROW_MAX)
    text = b""
    for number in range(first, len(rows)):
        row = row_text(rows[number])
        if text and len(text) + 1 + len(row) > most:
            break
        text = text + b"\n" + row if number > first else row
    return text[: protocol.ROW_MAX]


def row_text(row):
    """UTF-8 of one row; a row of one column may be a bare text."""
    cells = (row,) if isinstance(row, str) else row
    return "\t".join(["" if cell is None else str(cell) for cell in cells]).encode()
