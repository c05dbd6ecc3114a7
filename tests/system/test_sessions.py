"""`penloop sessions`: treatments for the practitioner's file."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from penloop import pen_memory
from penloop.cli import run
from tests.system.kept_pen import kept_pen
from tests.system.penloop_process import Server, until


def treat(bench, seconds=3.0):
    """A press, some time, a press; the record is written at the end."""
    bench.operator.click()
    bench.run(seconds)
    bench.operator.click()
    bench.run(1.5)


def recorded(port, capsys):
    """The records; the newest is written a moment after the pen has parked."""
    assert run(["sessions", "--json", "--port", port]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def treated(capsys):
    """A pen that was used twice, the second time at two depths."""
    with kept_pen() as bench:
        treat(bench)
        bench.operator.click()
        bench.run(2.0)
        assert run(["set", "depth=0.3mm"]) == 0
        bench.run(1.0)
        bench.operator.click()
        bench.run(1.5)
        capsys.readouterr()
        yield bench


def test_each_treatment_is_told_with_cartridge_depths_strokes_and_times(treated, capsys):
    assert run(["sessions", "--json"]) == 0
    second, first = json.loads(capsys.readouterr().out)
    assert [one["depth_um"] for one in first["spent"]] == [500]
    spent_ms = {one["depth_um"]: one["time_ms"] for one in second["spent"]}
    assert spent_ms[500] == pytest.approx(2000, abs=200)
    assert spent_ms[300] == pytest.approx(1000, abs=200)
    assert first["strokes"] == pytest.approx(first["duration_ms"] / 10, rel=0.1)
    assert first["cartridge_serial"] == second["cartridge_serial"] > 0
    assert first["began"] is None  # a pen in virtual time knows no wall time
    assert run(["sessions"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["began", "duration", "strokes", "cartridge", "depth", "rate", "for",
                            "faults"]  # fmt: skip
    assert len(rows) == 3
    assert "after power-up 1" in rows[0]


def test_the_last_ones_only(treated, capsys):
    assert run(["sessions", "--last", "1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_the_page_is_one_file_with_every_treatment(treated, tmp_path, capsys):
    goal = tmp_path / "treatments.html"
    assert run(["sessions", "--html", str(goal)]) == 0
    assert f"2 treatments in {goal}" in capsys.readouterr().out
    text = goal.read_text()
    assert text.count("<section>") == 2
    assert "0.3 mm" in text
    assert "practitioner" in text
    assert "http" not in text  # nothing is fetched
    assert run(["sessions", "--html", str(tmp_path)]) == 2


def test_a_page_that_exists_is_replaced_only_when_asked(treated, tmp_path, capsys):
    goal = tmp_path / "treatments.html"
    goal.write_text("mine")
    assert run(["sessions", "--html", str(goal)]) == 2
    assert "--force" in capsys.readouterr().err
    assert goal.read_text() == "mine"
    assert run(["sessions", "--html", str(goal), "--force", "--last", "1"]) == 0
    assert f"1 treatment in {goal}" in capsys.readouterr().out


def test_a_pen_without_treatments_says_so(capsys):
    assert run(["sessions", "--port", "sim://"]) == 0
    assert capsys.readouterr().out == "no treatments have been recorded\n"


def test_a_treatment_has_its_wall_time_once_the_computer_saw_the_power_up(tmp_path, capsys):
    server = Server(tmp_path, "--seed", "2")
    try:
        server.wait_for("READY")
        before = datetime.now(UTC)
        server.act("click")
        server.wait_for("RUNNING")
        began = datetime.now(UTC)
        server.act("click")
        server.wait_for("STANDBY")
        [record] = until(lambda: recorded(server.port, capsys), "the record")
    finally:
        server.close()
    told = datetime.fromisoformat(record["began"])
    slack = timedelta(seconds=5)  # the simulation may lag on a busy machine
    assert before - slack <= told <= began + slack


def test_power_ups_are_kept_by_pen_and_boot_session(monkeypatch):
    class Info:
        pen_id, boot_session, time_us = "wall", 7, 60_000_000

    class Known:
        clock_is_virtual, info = False, Info

    pen_memory.keep_power_up(Known)
    Info.boot_session, Info.time_us = 8, 0
    pen_memory.keep_power_up(Known)
    kept = pen_memory.power_ups("wall")
    assert set(kept) == {7, 8}
    assert kept[8] - kept[7] == pytest.approx(timedelta(seconds=60), abs=timedelta(seconds=5))
    assert pen_memory.power_ups("another") == {}
    Known.clock_is_virtual = True
    Info.pen_id = "virtual"
    pen_memory.keep_power_up(Known)
    assert pen_memory.power_ups("virtual") == {}


def test_a_memory_that_cannot_be_written_or_read_is_done_without(monkeypatch, tmp_path, capsys):
    (tmp_path / "penloop").write_text("no folder")
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    assert run(["get", "depth", "--port", "sim://"]) == 0
    assert capsys.readouterr().err == ""
