"""The requests that read faults and records: their fields, and what answers them. In memory while
one is answered only, see tables.py.
"""

from penfw import protocol
from penfw.protocol import NOW
from penfw.requests import Refusal, part

FAULTS_MAX = (protocol.PAYLOAD_MAX - 4) // 14  # rows of a FAULTS reply
RECORDS_MAX = protocol.PAYLOAD_MAX - 6  # bytes of a RECORDS reply

# Columns as of protocol.MESSAGES.
MESSAGES = (
    (protocol.FAULTS, "FAULTS",
     (("first", "H"), ("most", "B")),
     (("total", "H"), ("first", "H"),
      ("faults", (("number", "B"), ("latched", "B")) + NOW))),
    (protocol.RECORDS, "RECORDS",
     (("log", "B"), ("file", "B"), ("at", "H"), ("most", "B")),
     (("log", "B"), ("file", "B"), ("size", "H"), ("at", "H"), ("data", "*"))),
)  # fmt: skip


def _faults(device, first, most):
    return part(device.faults(), first, most, FAULTS_MAX)


def _records(device, log, file, at, most):
    found = device.record_part(log, file, at, min(most or 255, RECORDS_MAX))
    if found is None:
        raise Refusal(protocol.BAD_ARGUMENT, log)
    return log, file, found[0], at, found[1]


def request(number):
    """(row of MESSAGES, what answers it, called with the device and the request's fields)."""
    if number == protocol.FAULTS:
        return MESSAGES[0], _faults
    return MESSAGES[1], _records
