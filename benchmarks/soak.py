"""The soak: a million commands to a simulated pen on a line where 1 % of the bytes are in error.

    python -m benchmarks.soak [COMMANDS]

The firmware is the pen's own, the line has errors both ways (noisy_port.py), all in virtual time.
Every reply is held against what it has to be. What shows a command that was executed twice is the
number of a subscription, which the pen counts up with every SUBSCRIBE that it executes, and STAGE
and SET: staged twice, or set twice, they do not fit any more and the pen refuses. The
memory of the process, which holds the client and the pen, and Python's objects are counted near the
start and at the end of every part.

Parts of 100,000 commands, each a pen and a seed of its own, stand in out/soak.jsonl as they end; a
soak that was cut off goes on behind the last one.
"""

import gc
import json
import random
import resource
import sys
import time
from dataclasses import astuple
from pathlib import Path

from benchmarks.noisy_port import NoisyPort
from penfw import protocol
from penhost import Pen, Refused
from penhost.ports import open_port
from penhost.session import Session
from penhost.transport import Transport

COMMANDS = 1_000_000
PART = 100_000  # more than there are sequence numbers
ERRORS = 0.01
PEN = "sim://?cartridge=none"
OUT = Path("out/soak.jsonl")
WARM = 2_000  # commands before memory is measured for the first time
HARMLESS = {2: (5, 3600), 3: (0, 1000), 4: (0, 1)}  # settings that move nothing, with their bounds
RUN, STOP = 1, 0  # rows of the table of commands
STREAMED = (3, 7)  # signals rate and battery
# What is asked, and how often.
MIX = (
    ("subscribe", 40), ("heartbeat", 15), ("get", 20), ("stop", 10), ("run", 5), ("status", 5),
    ("describe", 3), ("transaction", 2),
)  # fmt: skip


class Wrong(Exception):
    """A reply that is not what it has to be."""


class Conversation:
    """A client that knows what each reply has to be."""

    def __init__(self, port, seed, rows, values):
        """`rows` of the table of settings and `values`, as a client on a clean line has read."""
        self._random = random.Random(seed)
        self._transport = Transport(port, "soak")
        self.session = Session(self._transport, self._random.randbytes)
        self.hello = self.session.open()
        self._rows, self._values = rows, values
        self._stream = self.session.request(protocol.SUBSCRIBE, 0, [])["stream"]
        self._kinds = [name for name, share in MIX for _ in range(share)]

    def step(self):
        """One command, of a random kind. Raises Wrong."""
        getattr(self, "_" + self._random.choice(self._kinds))()
        self.session.events.clear()
        for frame in self.session.telemetry:
            _expect("samples", len(frame["samples"]), 6 * frame["count"])
            _expect("stream", (self._stream - frame["stream"]) % 256 < 3, True)
        self.session.telemetry.clear()

    def _subscribe(self):
        signals = [(index,) for index in STREAMED] if self._random.random() < 0.2 else []
        reply = self.session.request(protocol.SUBSCRIBE, 50 if signals else 0, signals)
        self._stream = (self._stream + 1) % 256
        _expect("subscriptions executed", reply["stream"], self._stream)

    def _heartbeat(self):
        reply = self.session.request(protocol.HEARTBEAT)
        _expect("boot session", reply["boot_session"], self.hello["boot_session"])

    def _get(self):
        wanted = self._random.sample(range(len(self._rows)), self._random.randint(1, 4))
        reply = self.session.request(protocol.GET, [(index,) for index in wanted])
        _expect("values", reply["values"], [[index, self._values[index]] for index in wanted])

    def _stop(self):
        reply = self.session.request(protocol.COMMAND, STOP, 0)
        _expect("stop", reply["status"], protocol.APPLIED)

    def _run(self):
        reply = self.session.request(protocol.COMMAND, RUN, 50_000)
        _expect("run", dict(reply), {"status": protocol.REFUSED, "value": protocol.SERVICE_ONLY})

    def _status(self):
        reply = self.session.request(protocol.STATUS)
        _expect("boot session", reply["boot_session"], self.hello["boot_session"])

    def _describe(self):
        index = self._random.randrange(len(self._rows))
        reply = self.session.request(protocol.DESCRIBE, protocol.TABLE_SETTINGS, index, 1)
        _expect("row", reply["rows"].decode(), self._rows[index])

    def _transaction(self):
        changes = [(index, self._random.randint(*bounds)) for index, bounds in HARMLESS.items()]
        staged = self.session.request(protocol.STAGE, 0, changes[:2])["staged"]
        _expect("staged", staged, 2)
        results = self.session.request(protocol.SET, staged, 0, changes[2:])["results"]
        _expect("results", [row[:3] for row in results], [[i, 0, value] for i, value in changes])
        for index, value in changes:
            self._values[index] = value


def _expect(what, found, due):
    if found != due:
        raise Wrong(f"{what}: {found!r}, not {due!r}")


def _truth(port):
    """The table of settings and the values, over the line without errors."""
    pen = Pen(port)
    names = [setting.name for setting in pen.settings.values()]
    table = [pen.settings[name] for name in names]
    rows = ["\t".join(str(cell) for cell in astuple(setting)[1:]) for setting in table]
    return rows, [pen.get(name).value for name in names]


def part(number, commands, pen=PEN):
    """The results of one part, a JSON row."""
    port = open_port(f"{pen}&seed={number}")
    port.bench.recorder.keep_little()
    line = NoisyPort(port, ERRORS, number)
    talk = Conversation(line, number, *_truth(port))
    start_s, start_us, wrong, before = time.process_time(), line.now_us(), [], _memory(port)
    for count in range(commands):
        if count == min(WARM, commands // 2):
            before = _memory(port)
        try:
            talk.step()
        except (Wrong, Refused) as error:
            wrong.append(f"command {count}: {error}")
    row = {
        "part": number, "commands": commands, "requests": talk.session.requests,
        "repeats": talk.session.repeats, "wrong": wrong, "boots": port.bench.board.boots,
        "virtual_s": (line.now_us() - start_us) / 1e6,
        "processor_s": time.process_time() - start_s,
        "bytes": line.to_pen.bytes + line.to_host.bytes,
        "errors": {k: line.to_pen.counts[k] + line.to_host.counts[k] for k in line.to_pen.counts},
        "before": before, "after": _memory(port),
    }  # fmt: skip
    port.close()
    return row


def _memory(port):
    """Memory of this process now, and at its greatest, KiB; Python's objects."""
    port.bench.recorder.flush()
    gc.collect()
    now = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
    return {"resident_KiB": now, "objects": len(gc.get_objects())}


def rows(out=OUT):
    """The parts that have ended."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def soak(commands, out=OUT, size=PART):
    """Runs the parts that are missing; returns all rows."""
    out.parent.mkdir(parents=True, exist_ok=True)
    done = rows(out)
    while sum(row["commands"] for row in done) < commands:
        left = commands - sum(row["commands"] for row in done)
        done.append(part(len(done), min(size, left)))
        with out.open("a") as file:
            file.write(json.dumps(done[-1]) + "\n")
        print(table(done[-1:]), flush=True)
    return done


def table(done):
    """The rows as a person reads them."""
    return "\n".join(map(_line, done))


def _line(row):
    before, after = row["before"], row["after"]
    return (
        f"soak: part {row['part']:2d}: {row['commands']:7,d} commands,"
        f" {row['repeats']:6,d} repeats, {len(row['wrong'])} wrong;"
        f" {sum(row['errors'].values()):6,d} of {row['bytes']:9,d} bytes in error;"
        f" {row['virtual_s'] * 1000 / row['commands']:.0f} ms a command,"
        f" {row['processor_s']:.0f} s of processor time;"
        f" memory {before['resident_KiB'] / 1024:.1f} to {after['resident_KiB'] / 1024:.1f} MiB,"
        f" objects {before['objects']:,} to {after['objects']:,}"
    )


def main():
    """Runs the soak, or what of it is missing; exit code 1 when anything was wrong."""
    done = soak(int(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS)
    wrong = [text for row in done for text in row["wrong"]]
    total = sum(row["commands"] for row in done)
    print(f"soak: {total:,} commands, {len(wrong)} wrong or executed twice", *wrong[:10], sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
