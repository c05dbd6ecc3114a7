"""Thousands of commands on a line where 1 % of the bytes are in error. `python -m benchmarks soak`
runs the million."""

import pytest
from benchmarks import soak
from benchmarks.noisy_port import Damage

from tests.system.planted import Weakness


@pytest.mark.verifies("R-706", "R-708", "R-709")
def test_no_value_is_wrong_and_nothing_is_executed_twice_on_a_line_with_errors():
    row = soak.part(1, 4_000)
    assert row["wrong"] == []
    assert row["boots"] == 1
    assert row["repeats"] > 1_000
    assert sum(row["errors"].values()) / row["bytes"] == pytest.approx(0.01, rel=0.1)
    assert row["after"]["objects"] - row["before"]["objects"] < 200
    assert row["virtual_s"] / row["commands"] < 0.1


def test_the_soak_tells_a_pen_that_executes_a_repeated_request(tmp_path):
    change = ("link.py", "        if age == 0:\n", "        if age == -1:\n")
    further = ("link.py", "        elif age < 0x8000:\n", "        elif True:\n")
    firmware = Weakness((change, further), tmp_path).plant(tmp_path / "firmware")
    row = soak.part(1, 200, f"sim://?firmware={firmware}&cartridge=none")
    assert any("subscriptions executed" in text for text in row["wrong"])


def test_a_soak_that_was_cut_off_goes_on_behind_its_last_part(tmp_path, capsys):
    out = tmp_path / "soak.jsonl"
    soak.soak(60, out, size=30)
    assert [row["part"] for row in soak.soak(90, out, size=30)] == [0, 1, 2]
    assert capsys.readouterr().out.count("0 wrong") == 3


def test_the_line_spoils_the_same_bytes_whatever_the_pieces_they_come_in():
    whole, pieces = Damage(0.05, 3), Damage(0.05, 3)
    data = bytes(range(256)) * 4
    once = b"".join(piece for _at, piece in whole.spoil(data, 0))
    parts = [pieces.spoil(data[at : at + 7], 0) for at in range(0, len(data), 7)]
    assert once == b"".join(piece for part in parts for _at, piece in part)
    assert min(whole.counts.values()) > 0
