"""The link's messages, declared once as data and used by both ends. docs/protocol.md explains them.

A field is (name, code). Codes: struct's b B h H i I, little endian; "s" is a length byte and UTF-8;
"*" is the rest of the payload; a tuple of fields is a group, repeated to the end of the payload.
Imported by the host too: plain Python only.
"""

import struct

from penfw import tables
from penfw.frames import COUNT_MASK, FRAME_MAX, PAYLOAD_AT, PAYLOAD_MAX, FrameParser, FrameWriter

__all__ = ("COUNT_MASK", "FRAME_MAX", "PAYLOAD_AT", "PAYLOAD_MAX", "FrameParser", "FrameWriter")

VERSION = 1  # grows when a client of the version before could not work with this pen
COMPATIBLE = 1  # the oldest client version that can

HELLO = 0x20  # printable numbers: a MicroPython prompt on the port takes no harm from them
DESCRIBE = 0x21
GET = 0x22
STAGE = 0x23
SET = 0x24
RESULTS = 0x25
COMMAND = 0x26
SUBSCRIBE = 0x27
FAULTS = 0x28
HEARTBEAT = 0x29
STATUS = 0x2A
RECORDS = 0x2B
SCOPE = 0x2C
SCOPE_DATA = 0x2D
SELDOM = {
    FAULTS: "log_requests",
    RECORDS: "log_requests",
    SCOPE: "scope_requests",
    SCOPE_DATA: "scope_requests",
}  # where their fields and answers are
TELEMETRY = 0x40
EVENT = 0x41
BUSY = 0x42
NOISE = 0x43
ERROR = 0xFF
REPLY = 0x80  # set in the number of a reply
PUSHED = 0x40  # numbers from here to 0x7F are sent unasked

NOW = (("boot_session", "I"), ("time_s", "I"), ("fraction_us", "I"))
_RESULT = (("index", "H"), ("status", "B"), ("value", "i"), ("reason", "B"), ("limit", "i"))
_RESULTS = (("total", "B"), ("first", "B"), ("results", _RESULT))
_CHANGES = ("changes", (("index", "H"), ("value", "i")))

# number, name, fields of the request (None: the pen sends it unasked), fields of the reply. Those
# that are seldom sent are in the modules of SELDOM; MESSAGES has all.
_OFTEN = (
    (HELLO, "HELLO",
     (("session", "I"),),
     (("session", "I"), ("protocol", "H"), ("compatible", "H")) + NOW
     + (("state", "B"), ("product", "s"), ("board", "s"), ("pen_id", "s"),
        ("firmware_version", "s"), ("firmware_hash", "s"))),
    (DESCRIBE, "DESCRIBE",
     (("table", "B"), ("first", "H"), ("most", "B")),
     (("table", "B"), ("total", "H"), ("first", "H"), ("rows", "*"))),
    (GET, "GET",
     (("settings", (("index", "H"),)),),
     (("values", (("index", "H"), ("value", "i"))),)),
    (STAGE, "STAGE",
     (("first", "B"), _CHANGES),
     (("staged", "B"),)),
    (SET, "SET",
     (("staged", "B"), ("most", "B"), _CHANGES),
     _RESULTS),
    (RESULTS, "RESULTS",
     (("first", "B"), ("most", "B")),
     _RESULTS),
    (COMMAND, "COMMAND",
     (("number", "H"), ("argument", "i")),
     (("status", "B"), ("value", "i"))),
    (SUBSCRIBE, "SUBSCRIBE",
     (("period_ms", "H"), ("signals", (("index", "H"),))),
     (("stream", "B"), ("period_ms", "H"))),
    (HEARTBEAT, "HEARTBEAT", (), NOW + (("state", "B"),)),
    (STATUS, "STATUS",
     (),
     NOW + (("state", "B"), ("frames", "I"), ("bad_frames", "I"), ("samples", "I"),
             ("dropped", "I"), ("lost_events", "I"))),
    (TELEMETRY, "TELEMETRY",
     None,
     (("stream", "B"), ("count", "B")) + NOW
     + (("period_ms", "H"), ("dropped", "I"), ("samples", "*"))),
    (EVENT, "EVENT", None, NOW + (("kind", "B"), ("number", "H"), ("value", "i"))),
    (BUSY, "BUSY", None, (("busy_ms", "H"),)),
    (NOISE, "NOISE", None, (("bad_frames", "I"),)),
    (ERROR, "ERROR", None, (("reason", "B"), ("detail", "i"))),
)  # fmt: skip

# Tables that DESCRIBE reads.
TABLE_MESSAGES = 0
TABLE_SETTINGS = 1
TABLE_SIGNALS = 2
TABLE_COMMANDS = 3
TABLE_FAULTS = 4
TABLE_STATES = 5
TABLE_REASONS = 6
NEXT_START = 0x8000  # set in an index of GET: the value that the next start takes
ROW_MAX = PAYLOAD_MAX - 5  # bytes of a row that fits one DESCRIBE reply

# Outcome of a change or a command.
APPLIED = 0  # done; of a setting, in force
PENDING = 1  # accepted, takes effect later
REFUSED = 2  # not done; a reason says why

# Kinds of EVENT, and what `number` and `value` mean there.
STATE_CHANGED = 1  # new state, old state
FAULT_LATCHED = 2  # fault number, 0
FAULT_CLEARED = 3  # fault number, 0
SETTING_APPLIED = 4  # index of a setting that was pending, the value now in force
NOTICE = 5  # reason number, limit

UNKNOWN_MESSAGE = 1
MALFORMED = 2
NO_SESSION = 3
UNKNOWN_TABLE = 4
UNKNOWN_SETTING = 5
UNKNOWN_SIGNAL = 6
UNKNOWN_COMMAND = 7
TOO_MANY = 8
NOT_STAGED = 9
BAD_PERIOD = 10
BELOW_MINIMUM = 20
ABOVE_MAXIMUM = 21
SERVICE_ONLY = 24
WRONG_STATE = 25
OTHERS_REFUSED = 26
ABOVE_CEILING = 27
ABOVE_CARTRIDGE = 28
RATE_TOO_LOW = 29
CAUSE_REMAINS = 32
STORE_FAILED = 33
BAD_ARGUMENT = 34
MOTOR_ON = 36
USB_CONNECTED = 37
TREATMENT_CARTRIDGE = 38
LIMITED_RATE = 40
ON_TRIAL = 41
PROMPT_ELSEWHERE = 42
NO_TRIAL = 43
TRIAL_OVER = 44
NOT_RECORDED = 45
NO_MEMORY = 46
NO_CAPTURE = 47

# Telemetry's type codes: (code, bytes, lowest, highest, mask). A value outside is clamped. It is
# sent XORed with the mask, so that small values hold no zero bytes, which cost COBS time.
CODES = (
    ("b", 1, -128, 127, 0x55),
    ("B", 1, 0, 255, 0x55),
    ("h", 2, -32768, 32767, 0x5555),
    ("H", 2, 0, 65535, 0x5555),
    ("i", 4, -0x40000000, 0x3FFFFFFF, 0x15555555),
)
SIGNALS_MAX = 8  # signals of one subscription
SAMPLES_MAX = 160  # bytes of samples in a frame: 17 ms at 115,200 baud, so a reply waits no longer
STAGE_MAX = 96  # changes of one transaction
RESULTS_MAX = (PAYLOAD_MAX - 2) // 12  # rows of a SET or RESULTS reply
BLACK_BOX = 0  # logs that RECORDS reads
TREATMENTS = 1
HOLDER = 2

_SIZES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4}


def __getattr__(name):
    """Tables that are read from the flash, see tables.py."""
    if name == "MESSAGES":
        return _OFTEN + _seldom()
    if name in ("TABLES", "EVENTS", "REASONS", "SCOPE_STATES", "SCOPE_TRIGGERS"):
        return tables.read("protocol_tables", name)
    if name in ("LOGS", "ROW_FIELDS"):
        return tables.read("record_tables", name)
    if name == "HOLDER_ROW":
        return tables.read("record_files", name)
    raise AttributeError(name)


def message(number):
    """The table's row of a message, or None."""
    return _row(_OFTEN, number) or _row(_seldom(), number)


def _seldom():
    rows = ()
    for module in ("log_requests", "scope_requests"):
        rows += tables.read(module, "MESSAGES")
    return rows


def _row(rows, number):
    for row in rows:
        if row[0] == number:
            return row
    return None


def pack(fields, values, buffer, at):
    """Writes one value a field at offset `at`; returns the end. ValueError when it is too long."""
    for (_name, code), value in zip(fields, values):
        at = _pack_field(code, value, buffer, at)
    if at > PAYLOAD_AT + PAYLOAD_MAX:
        raise ValueError("payload too long")
    return at


def _pack_field(code, value, buffer, at):
    if code in _SIZES:
        struct.pack_into("<" + code, buffer, at, value)
        return at + _SIZES[code]
    if code == "s":
        text = value.encode()
        buffer[at] = len(text)
        return _copy(text, buffer, at + 1)
    if code == "*":
        return _copy(value, buffer, at)
    for row in value:
        at = pack(code, row, buffer, at)
    return at


def _copy(data, buffer, at):
    end = at + len(data)
    if end > PAYLOAD_AT + PAYLOAD_MAX:
        raise ValueError("payload too long")
    buffer[at:end] = data
    return end


def unpack(fields, payload):
    """One value a field; fewer when the payload ends with a field, an older sender's message.

    Groups become lists of lists. Bytes after the known fields, a newer sender's, are passed over.
    Raises ValueError when the payload ends inside a field.
    """
    return unpack_at(fields, payload, 0)[0]


def unpack_at(fields, payload, at):
    """The same from an offset on, and where the fields end."""
    values = []
    for _name, code in fields:
        if at == len(payload) and (code == "s" or code in _SIZES):
            break
        value, at = _unpack_field(code, payload, at)
        values.append(value)
    return values, at


def _unpack_field(code, payload, at):
    if code in _SIZES:
        end = _end(payload, at, _SIZES[code])
        return struct.unpack_from("<" + code, payload, at)[0], end
    if code == "s":
        end = _end(payload, at + 1, payload[at])
        return str(bytes(payload[at + 1 : end]), "utf-8"), end
    if code == "*":
        return bytes(payload[at:]), len(payload)
    rows = []
    while at < len(payload):
        row, at = unpack_at(code, payload, at)
        if len(row) != len(code):
            raise ValueError("cut short")
        rows.append(row)
    return rows, at


def _end(payload, at, size):
    if at + size > len(payload):
        raise ValueError("cut short")
    return at + size


def fields_text(fields):
    """Fields as DESCRIBE's table of messages writes them: `name:code`, groups in brackets."""
    if fields is None:
        return "-"
    parts = []
    for name, code in fields:
        group = "[" + fields_text(code) + "]" if isinstance(code, tuple) else code
        parts.append(name + ":" + group)
    return " ".join(parts)
