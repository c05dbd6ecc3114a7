"""A setting is a whole number of its unit: a fraction is refused, or told as rounded."""

import pytest

from penhost import BadValue, Pen
from penhost.errors import PenError
from penloop import whole
from penloop.changes import applied, planned
from penloop.cli import run
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.dashboard.view import Link
from tests.system.penloop_process import until


@pytest.mark.parametrize(
    ("change", "bounds"), [("buzzer=0.5", "0 to 1"), ("calibrated=0.6", "0 to 1")]
)
def test_a_fraction_without_a_unit_is_refused_with_what_would_do(change, bounds, capsys):
    assert run(["set", change, "--port", "sim://"]) == 2
    told = capsys.readouterr()
    name, value = change.split("=")
    assert told.out == ""
    assert f"{name}: '{value}' is no whole number: give {bounds}" in told.err


def test_a_whole_number_may_be_written_with_a_point(capsys):
    assert run(["set", "buzzer=0.0", "--port", "sim://"]) == 0
    assert capsys.readouterr().out == "buzzer: 1 -> 0\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("run_limit=5400ms", "run_limit: 1800 s -> 5 s, 5400ms was rounded to 5 s"),
        ("run_limit=5000ms", "run_limit: 1800 s -> 5 s"),
        ("depth=0.7504mm", "depth: 0.5 mm -> 0.75 mm, 0.7504mm was rounded to 0.75 mm"),
        ("depth=0.76mm", "depth: 0.5 mm -> 0.75 mm, 0.76 mm was rounded to 0.75 mm"),
    ],
)
def test_a_value_between_two_of_its_unit_is_told_as_rounded(change, told, capsys):
    assert run(["set", change, "--port", "sim://"]) == 0
    assert capsys.readouterr().out == told + "\n"


def test_a_profile_tells_and_refuses_alike(tmp_path, capsys):
    source = tmp_path / "mine.toml"
    source.write_text('[profile]\nschema = 1\n[settings]\nrun_limit = "5400ms"\n')
    assert run(["params", "load", str(source), "--port", "sim://"]) == 0
    assert "5400ms was rounded to 5 s" in capsys.readouterr().out
    source.write_text('[profile]\nschema = 1\n[settings]\nbuzzer = "0.5"\n')
    assert run(["params", "load", str(source), "--port", "sim://"]) == 2
    assert "buzzer: '0.5' is no whole number" in capsys.readouterr().err


def test_a_scenario_refuses_a_fraction_where_there_is_no_unit(tmp_path, capsys):
    source = tmp_path / "one.toml"
    source.write_text(
        'about = "one"\nduration = "1 s"\nexpect = ["no fault"]\n[pen.settings]\nbuzzer = "0.5"\n'
    )
    assert run(["run", str(source)]) == 2
    assert "'0.5' is no whole number" in capsys.readouterr().err


def test_the_dashboard_refuses_a_fraction_where_there_is_no_unit():
    owner = PenOwner(SimulatedSource("sim://?pace=10"))
    owner.start()
    try:
        until(lambda: owner.view.link is Link.UP, "the link")
        with pytest.raises(PenError, match="is no whole number"):
            owner.set({"buzzer": "0.5"}).result(60)
        assert owner.view.values["buzzer"].value == 1
    finally:
        owner.close()


def test_what_is_exact_is_not_told_as_rounded(pen: Pen):
    row = pen.settings["depth"]
    assert whole.rounded_from(row, 750) == ""
    assert whole.rounded_from(row, "0.75mm") == ""
    assert whole.rounded_from(row, " 0.7504mm ") == "0.7504mm"
    with pytest.raises(BadValue, match="wrong unit"):
        whole.value_of(row, "1Hz")
    [step] = applied(pen, planned(pen, {"depth": 750}))
    assert str(step) == "depth: 0.5 mm -> 0.75 mm"
