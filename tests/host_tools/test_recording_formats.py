"""Recordings in each format, opened by the programs that people open them with."""

import csv
import json
import re
import shutil
import subprocess

import numpy as np
import pandas
import pytest
from mcap.reader import make_reader

from penloop.cli import run
from penloop.errors import UserError
from penloop.recordings import formats
from pensim.trace import Column, Trace
from tests.host_tools.recorded import recording
from tests.house.sources import ROOT

READER = ROOT / "tests" / "mcap_reader" / "read.mjs"


@pytest.fixture(scope="module")
def simulated():
    """A treatment on a simulated pen, as its recorder keeps it."""
    from pensim import Bench

    bench = Bench(seed=7)
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    bench.run(0.4)
    bench.operator.touch("cheek")
    bench.run(0.1)
    return bench.trace()


def tool(*command):
    """What a program prints; one that is not installed fails the test."""
    assert shutil.which(command[0]), f"{command[0]} is not there: run tools/setup.sh test"
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_npm(path):
    return json.loads(tool("node", str(READER), str(path)))


@pytest.mark.parametrize("suffix", formats.RECORDED)
@pytest.mark.parametrize("source", ["recording", "simulated"])
def test_what_is_recorded_is_read_back_to_the_last_bit(source, suffix, tmp_path, request):
    trace = recording() if source == "recording" else request.getfixturevalue(source)
    path = tmp_path / f"run{suffix}"
    formats.write(trace, path)
    again = formats.read(path)
    assert again.digest() == trace.digest()
    assert again.header.digest() == trace.header.digest()
    assert again.header.environment == trace.header.environment
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("extreme", [-(2**31), 2**31 - 1, 2**45])
def test_values_of_any_size_and_unit_survive_mcap(extreme, tmp_path):
    values = np.array([0, extreme, 1, -1, 65535], np.int64)
    units = ["", "bits", "mHz", "um", "us", "ms", "mC", "mdegC", "u16", "permille", "uAh", "1"]
    pairs = [(Column(f"pen.s{place}", unit), values) for place, unit in enumerate(units)]
    trace = Trace(np.arange(5, dtype=np.int64) * 1001, pairs)
    formats.write(trace, tmp_path / "run.mcap")
    assert formats.read(tmp_path / "run.mcap").digest() == trace.digest()


def test_parquet_opens_in_pandas_with_its_units(tmp_path):
    import pyarrow.parquet as pq

    formats.write(recording(), tmp_path / "run.parquet")
    frame = pandas.read_parquet(tmp_path / "run.parquet")
    assert frame["pen.rate_target"].max() == 100_000
    assert pq.read_schema(tmp_path / "run.parquet").field("pen.rate").metadata == {b"unit": b"mHz"}


def test_the_npm_reader_shows_named_signals_in_their_units_at_device_time(tmp_path):
    trace = recording()
    formats.write(trace, tmp_path / "run.mcap")
    read = by_npm(tmp_path / "run.mcap")
    channels = {one["topic"]: one for one in read["channels"]}
    assert {one["schemaEncoding"] for one in channels.values()} == {"jsonschema"}
    properties = channels["/pen"]["schema"]["properties"]
    assert properties["rate_Hz"] == {"type": "number", "description": "pen.rate in Hz"}
    rows = [(time_us, fields) for topic, time_us, fields in read["messages"] if topic == "/pen"]
    assert [time_us for time_us, _ in rows] == trace.time_us.tolist()
    assert [fields["rate_Hz"] for _, fields in rows] == (trace["pen.rate"] / 1e3).tolist()
    assert [fields["housing_C"] for _, fields in rows] == [-1.5] * 600
    assert rows[-1][1]["state_name"] == "FAULT"
    assert rows[-1][1]["fault_names"] == "stall"


def test_the_npm_reader_finds_who_was_recorded(tmp_path):
    formats.write(recording(), tmp_path / "run.mcap")
    metadata = by_npm(tmp_path / "run.mcap")["metadata"]
    assert metadata["penloop.pen"]["firmware_version"] == "1.2.3"
    assert metadata["penloop.settings"] == {"stroke_rate": "100000", "depth": "500"}
    assert metadata["penloop.columns"]["pen.rate"] == "mHz"


def test_what_happened_is_a_log_that_foxglove_knows(tmp_path):
    formats.write(recording(), tmp_path / "run.mcap")
    with (tmp_path / "run.mcap").open("rb") as file:
        found = [
            (schema.name, message.log_time // 1000 - 3_600_000_000, json.loads(message.data))
            for schema, _, message in make_reader(file).iter_messages(topics=["/log"])
        ]
    assert {name for name, _, _ in found} == {"foxglove.Log"}
    assert [(time_us, log["level"], log["message"]) for _, time_us, log in found] == [
        (0, 2, "state READY"),
        (1_000_000, 2, "state RUNNING"),
        (3_190_000, 3, "19 samples missing: samples lost"),
        (5_190_000, 2, "state FAULT"),
        (5_190_000, 4, "fault stall"),
        (6_180_000, 3, "49 samples missing: pen restarted"),
    ]


def changes(vcd):
    """{name: [(time, value)]} of a VCD text, by a reader of the test's own."""
    scope, names, found, now = [], {}, {}, 0
    for line in vcd.splitlines():
        words = line.split()
        if line.startswith("$scope"):
            scope.append(words[2])
        elif line.startswith("$upscope"):
            scope.pop()
        elif line.startswith("$var"):
            names.setdefault(words[3], []).append(".".join([*scope, words[4]]))
        elif line.startswith("#"):
            now = int(line[1:])
        elif line and line[0] in "01xrs" and names:
            value, key = (line[0], line[1:]) if line[0] in "01x" else (words[0][1:], words[1])
            for name in names[key]:
                found.setdefault(name, []).append((now, value))
    return found


def at(times, found, kind):
    """The value that holds at each time."""
    moments, values = zip(*found)
    places = np.searchsorted(moments, times, "right") - 1
    return [kind(values[place]) for place in places]


@pytest.mark.parametrize("source", ["recording", "simulated"])
def test_gtkwave_reads_the_very_values(source, tmp_path, request):
    trace = recording() if source == "recording" else request.getfixturevalue(source)
    vcd, fst = tmp_path / "run.vcd", tmp_path / "run.fst"
    formats.write(trace, vcd)
    tool("vcd2fst", str(vcd), str(fst))
    text = tool("fst2vcd", str(fst))
    scale = {"1us": 1, "10us": 10, "100us": 100, "1ms": 1000, "10ms": 10_000}
    step_us = scale["".join(re.search(r"\$timescale\s+(\S+)\s*(\S*?)\s*\$end", text).groups())]
    found, times = changes(text), trace.time_us // step_us
    assert at(times, found["pen.rate_Hz"], float) == (trace["pen.rate"] / 1e3).tolist()
    assert at(times, found["pen.position_mm"], float) == (trace["pen.position"] / 1e3).tolist()
    running = [int(value == 3) for value in trace["pen.state"]]
    assert at(times, found["pen.state_RUNNING"], int) == running
    pressed = (trace["pen.inputs"] & 1).tolist()
    assert at(times, found["pen.inputs_button"], int) == pressed
    assert {"READY", "RUNNING"} <= {value for _, value in found["pen.state_name"]}


def test_sigrok_reads_states_faults_and_gaps_as_wires(tmp_path):
    trace, names = recording(), ["state_RUNNING", "faults_stall", "inputs_button", "in_gap"]
    formats.write(trace, tmp_path / "run.vcd")
    said = tool(
        "sigrok-cli", "-I", "vcd", "-i", str(tmp_path / "run.vcd"),
        "-C", ",".join(names), "-O", "csv",
    )  # fmt: skip
    lines = [line for line in said.splitlines() if re.fullmatch("[01](,[01])*", line)]
    seen = np.array([[int(cell) for cell in line.split(",")] for line in lines]).T
    order = re.search(r"Channels \(\d+/\d+\): (.*)", said)[1].split(", ")
    sums = dict(zip(order, seen.sum(axis=1).tolist()))
    assert "META samplerate: 100" in said  # a row each 10 ms
    assert sums["state_RUNNING"] == 400 + 19
    assert sums["faults_stall"] == pytest.approx(100 + 49, abs=1)
    assert sums["inputs_button"] == 1
    assert sums["in_gap"] == 19 + 49


def test_csv_has_units_in_its_names_and_words_for_states(tmp_path):
    formats.write(recording(), tmp_path / "run.csv")
    rows = list(csv.DictReader((tmp_path / "run.csv").open()))
    assert len(rows) == 600
    last = rows[-1]
    assert (last["time_s"], last["pen.state"], last["pen.faults"]) == ("3606.67", "FAULT", "stall")
    assert (last["pen.position_mm"], last["pen.housing_C"]) == ("0.5", "-1.5")
    assert rows[200]["pen.duty_percent"] == "45.7771"


def test_export_takes_signals_by_short_names_and_a_span(tmp_path, capsys):
    source, goal = tmp_path / "run.parquet", tmp_path / "part.csv"
    formats.write(recording(), source)
    given = ["--signals", "rate,position", "--from", "1s", "--to", "1500ms"]
    assert run(["export", str(source), str(goal), *given]) == 0
    assert "51 rows" in capsys.readouterr().out
    frame = pandas.read_csv(goal)
    link = [name for name in frame.columns if name.startswith("link.")]
    assert list(frame.columns) == ["time_s", "pen.rate_Hz", "pen.position_mm", *link]


def test_samples_that_were_damaged_on_the_disk_are_never_taken_for_the_recording(tmp_path):
    path = tmp_path / "run.parquet"
    formats.write(recording(), path)
    data, told = path.read_bytes(), []
    for at in range(4, len(data) * 2 // 3, len(data) // 60):
        path.write_bytes(
            data[:at] + bytes(byte ^ 0x55 for byte in data[at : at + 8]) + data[at + 8 :]
        )
        try:
            assert formats.read(path).digest() == recording().digest()  # no sample was in it
        except UserError as error:
            told.append(str(error))
    assert len(told) > 20
    assert any("its samples are damaged" in one for one in told)


def cut(path, share=0.6):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


BAD = {
    "empty": (b"", "is empty"),
    "text": (b"time,rate\n1,2\n", "is no recording"),
    "parquet head": (b"PAR1 and no more", "cannot be read"),
    "mcap head": (b"\x89MCAP0\r\n and no more", "cannot be read"),
    "stream head": (b"\xff\xff\xff\xff and no more", "cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_recording_is_told_in_one_line(name, tmp_path, capsys):
    content, text = BAD[name]
    source = tmp_path / "run.parquet"
    source.write_bytes(content)
    assert run(["export", str(source), str(tmp_path / "a.csv")]) == 2
    said = capsys.readouterr().err
    assert text in said
    assert said.count("\n") == 1
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("suffix", formats.RECORDED)
def test_a_file_that_was_cut_off_is_told(suffix, tmp_path):
    path = tmp_path / f"run{suffix}"
    formats.write(recording(), path)
    cut(path)
    with pytest.raises(UserError, match="cut off or damaged"):
        formats.read(path)


def test_a_stranger_s_files_are_told(tmp_path):
    from mcap.writer import Writer

    pandas.DataFrame({"x": [1]}).to_parquet(tmp_path / "a.parquet")
    with (tmp_path / "a.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.finish()
    for name in ("a.parquet", "a.mcap"):
        with pytest.raises(UserError, match="not one of penloop's"):
            formats.read(tmp_path / name)


def test_an_unknown_signal_and_suffix_are_told_with_what_is_near(tmp_path, capsys):
    source = tmp_path / "run.parquet"
    formats.write(recording(), source)
    assert run(["export", str(source), str(tmp_path / "a.vcd"), "--signals", "curent"]) == 2
    assert "no signal 'curent' in this file: it has current" in capsys.readouterr().err
    assert run(["export", str(source), str(tmp_path / "a.doc")]) == 2
    assert ".parquet, .mcap, .vcd, .csv" in capsys.readouterr().err


def test_export_overwrites_only_when_told(tmp_path, capsys):
    source, goal = tmp_path / "run.parquet", tmp_path / "run.csv"
    formats.write(recording(), source)
    goal.write_text("dear to somebody")
    assert run(["export", str(source), str(goal)]) == 2
    assert goal.read_text() == "dear to somebody"
    assert run(["export", str(source), str(goal), "--force"]) == 0
    assert run(["export", str(source), str(source), "--force"]) == 2
    assert "the file that is read" in capsys.readouterr().err
    assert len(formats.read(source)) == 600


@pytest.mark.parametrize(
    "command", [("plot",), ("export", "x.csv"), ("compare", "a.parquet")], ids=lambda c: c[0]
)
def test_a_recording_that_was_cut_off_is_told_with_its_remedy(
    command, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    formats.write(recording(), tmp_path / "a.parquet")
    (tmp_path / "k.parquet.partial.arrows").write_bytes(b"cut off")
    name, *more = command
    assert run([name, "k.parquet", *more]) == 2
    assert "`penloop record --recover k.parquet`" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_not_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    formats.write(recording(), tmp_path / "a.parquet")
    assert run(["export", "a.parquet", "none/x.csv"]) == 2
    assert "no folder none: make it first" in capsys.readouterr().err
    assert run(["record", "none/x.parquet", "--port", "sim://"]) == 2
    assert "no folder none: make it first" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
