"""`penloop params`: profiles are dumped, loaded whole or not at all, compared and reset."""

import io
import json
import tomllib

import pytest

from penfw import settings, states
from penhost import Pen
from penhost.errors import PortLost
from penhost.tables import Setting
from penloop.cli import run
from penloop.profiles.checking import value_of
from tests.system.kept_pen import enter_service, kept_pen


@pytest.fixture(scope="module")
def pen():
    """A pen in SERVICE that stays."""
    with kept_pen() as bench:
        enter_service(bench)
        assert bench.signal("state") == states.SERVICE
        yield bench


@pytest.fixture
def call(pen, capsys):
    """Runs a command on the pen; returns exit code, stdout and stderr."""

    def command(*words):
        return run([*map(str, words)]), *capsys.readouterr()

    command("params", "reset", "--all", "--yes")
    return command


def written(path, settings="", calibration="", head="schema = 1"):
    path.write_text(f"[profile]\n{head}\n[settings]\n{settings}\n[calibration]\n{calibration}\n")
    return path


def test_a_profile_holds_value_unit_bounds_default_and_meaning(call, tmp_path):
    goal = tmp_path / "mine.toml"
    assert call("set", "depth=0.75mm")[0] == 0
    assert call("params", "dump", goal)[1] == f"15 settings in {goal}\n"
    text = goal.read_text()
    profile = tomllib.loads(text)
    assert profile["settings"]["depth"] == "0.75 mm"
    assert profile["settings"]["buzzer"] == 1
    assert profile["profile"]["firmware_version"] == "0.1.0"
    [about] = [line for line in text.splitlines() if line.startswith("# needle depth")]
    assert about.endswith("0 mm to 2.5 mm, default 0.5 mm")
    assert "calibration" not in profile
    assert "depth_ceiling" not in profile["settings"]  # does not outlive a power-off


def test_what_was_dumped_loads_as_it_was(call, tmp_path):
    goal = tmp_path / "mine.toml"
    call("set", "depth=0.75mm", "rate_kp=12uV/mHz", "stroke_rate=110Hz", "buzzer=0")
    call("params", "dump", goal)
    call("params", "reset", "--all", "--yes")
    code, out, _ = call("params", "load", goal)
    assert code == 0
    assert set(out.splitlines()) == {
        "stroke_rate: 100 Hz -> 110 Hz", "depth: 0.5 mm -> 0.75 mm", "buzzer: 1 -> 0",
        "rate_kp: 10 uV/mHz -> 12 uV/mHz",
    }  # fmt: skip
    assert call("params", "load", goal)[1] == f"the pen is as {goal} says\n"


def test_every_setting_at_its_bounds_is_written_and_read_exactly():
    for index, row in enumerate(settings.SETTINGS):
        name, kind, unit, default, low, high, _access, text = row
        table = {name: Setting(index, name, kind, unit, default, low, high, "open", text)}
        for value in (low, high, default):
            shown = table[name].quantity(value)
            assert value_of(name, str(shown) if unit else value, table) == value


def test_a_profile_is_printed_when_no_file_is_given(call):
    call("set", "depth=0.75mm")
    code, out, _ = call("params", "dump", "--changed")
    assert code == 0
    assert tomllib.loads(out)["settings"] == {"depth": "0.75 mm"}


def test_calibration_is_dumped_only_when_asked_into_a_table_of_its_own(call):
    profile = tomllib.loads(call("params", "dump", "--calibration")[1])
    assert profile["calibration"]["backlash"] == "0.02 mm"
    assert not {"backlash", "depth_ceiling"} & set(profile["settings"])


def test_a_file_is_not_overwritten_unasked(call, tmp_path):
    goal = tmp_path / "mine.toml"
    goal.write_text("precious")
    code, _, err = call("params", "dump", goal)
    assert (code, goal.read_text()) == (2, "precious")
    assert "--force" in err
    assert call("params", "dump", goal, "--force")[0] == 0


def test_a_value_that_the_pen_refuses_leaves_all_as_it_was(call, tmp_path):
    source = written(tmp_path / "deep.toml", 'depth = "2 mm"\nrate_kp = "12 uV/mHz"')
    code, _, err = call("params", "load", source)
    assert code == 1
    assert "depth_ceiling" in err
    assert "1.5 mm" in err
    assert "nothing was changed" in err
    assert call("params", "diff")[1] == "default and pen do not differ\n"


def test_every_value_at_fault_is_named_with_its_line_and_limit(call, tmp_path):
    lines = 'depth = "3 mm"\nstroke_rate = "110 mm"\nrate_kq = "1 uV/mHz"\nrun_limit = 60'
    code, _, err = call("params", "load", written(tmp_path / "bad.toml", lines))
    assert code == 2
    assert err.count("\n") == 1
    for told in ("line 4: depth = 3 mm is out of its bounds: give 0 mm to 2.5 mm",
                 "line 5: stroke_rate: '110 mm' has the wrong unit", "write rate_kp",
                 "--skip rate_kq", "line 7: run_limit: '60' has no unit"):  # fmt: skip
        assert told in err
    assert call("params", "diff")[1] == "default and pen do not differ\n"


def test_a_setting_that_the_pen_no_longer_has_can_be_skipped(call, tmp_path):
    source = written(tmp_path / "old.toml", 'wobble = "3 mm"\ndepth = "0.7 mm"')
    assert "--skip wobble" in call("params", "load", source)[2]
    code, out, _ = call("params", "load", source, "--skip", "wobble")
    assert (code, out) == (0, "depth: 0.5 mm -> 0.7 mm\n")
    assert "no 'wibble' to skip" in call("params", "load", source, "--skip", "wibble")[2]


def test_a_dry_run_changes_nothing(call, tmp_path):
    source = written(tmp_path / "mine.toml", 'depth = "0.7 mm"')
    code, out, _ = call("params", "load", source, "--dry-run", "--json")
    assert code == 0
    [step] = json.loads(out)
    assert step == {
        "name": "depth", "status": "planned", "before": 500, "wanted": 700, "after": 700,
        "goal": 700, "unit": "um",
    }  # fmt: skip
    assert call("params", "diff")[1] == "default and pen do not differ\n"


def test_calibration_is_loaded_only_when_asked_and_of_another_pen_only_when_agreed(call, tmp_path):
    source = written(tmp_path / "other.toml", "", 'backlash = "30 um"',
                     'schema = 1\npen_id = "feed"')  # fmt: skip
    code, out, _ = call("params", "load", source)
    assert code == 0
    assert "left out" in out
    code, _, err = call("params", "load", source, "--calibration")
    assert code == 2
    assert "the calibration of feed" in err
    assert "--yes" in err
    code, out, _ = call("params", "load", source, "--calibration", "--yes")
    assert (code, out.split(" -> ")[1]) == (0, "0.03 mm\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("depth = \n", "line 1"),
        ("[settings]\ndepth = true", "line 2: depth is neither"),
        ("[settings]\ndepth = 0.7", "line 2: depth is neither"),
        ("[seetings]\ndepth = '1 mm'", "'seetings' is unknown"),
        ("[profile]\nschema = 9\n[settings]\ndepth = '1 mm'", "update penloop"),
        ("settings = 3", "no table"),
        ("", "holds no settings"),
        ("[settings]\ndepth = 'deep'", "not a number"),
    ],
)
def test_an_unreadable_profile_ends_in_one_line(call, tmp_path, text, told):
    source = tmp_path / "bad.toml"
    source.write_text(text)
    code, out, err = call("params", "load", source)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_profile_of_a_pen_without_changes_differs_in_nothing(call, tmp_path):
    goal = tmp_path / "none.toml"
    assert call("params", "dump", goal, "--changed")[0] == 0
    assert call("params", "diff", goal)[0] == 0
    assert call("params", "load", goal)[0] == 0


def test_a_profile_that_is_not_there_is_told(call, tmp_path):
    assert "params dump" in call("params", "load", tmp_path / "none.toml")[2]
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\0")
    assert "binary.toml is no profile" in call("params", "load", tmp_path / "binary.toml")[2]
    assert call("params", "load", tmp_path)[0] == 2


def test_a_profile_is_compared_with_the_pen_and_with_another_one(call, tmp_path, capsys):
    one = written(tmp_path / "one.toml", 'stroke_rate = "6600rpm"\ndepth = "750um"')
    two = written(tmp_path / "two.toml", 'stroke_rate = "110 Hz"\ndepth = "1 mm"')
    told = call("params", "diff", one)[1].splitlines()
    assert [line.split() for line in told[1:]] == [
        ["stroke_rate", "110", "Hz", "100", "Hz"], ["depth", "0.75", "mm", "0.5", "mm"],
    ]  # fmt: skip
    assert run(["params", "diff", str(one), str(two), "--json"]) == 0  # without a pen
    assert json.loads(capsys.readouterr().out) == [
        {"name": "depth", "first": "750um", "second": "1 mm"}
    ]


def test_a_reset_names_what_it_changes_and_asks(call):
    call("set", "depth=0.75mm", "stroke_rate=110Hz")
    code, _, err = call("params", "reset", "depth")
    assert code == 2
    assert "depth 0.75 mm -> 0.5 mm" in err
    assert call("params", "reset", "depth", "--yes")[1] == "depth: 0.75 mm -> 0.5 mm\n"
    assert call("params", "diff")[1].splitlines()[1].split() == [
        "stroke_rate", "100", "Hz", "110", "Hz",
    ]  # fmt: skip
    assert "did you mean depth?" in call("params", "reset", "depht", "--yes")[2]
    assert "--all" in call("params", "reset", "--yes")[2]


def test_a_running_pen_keeps_what_has_to_wait_and_says_so(tmp_path, capsys):
    source = written(tmp_path / "deeper.toml", 'depth = "0.8 mm"')
    gains = written(tmp_path / "gains.toml", 'rate_kp = "12 uV/mHz"')
    with kept_pen() as bench:
        bench.operator.click()
        bench.run(1.5)
        assert bench.signal("state") == states.RUNNING
        assert run(["params", "load", str(source)]) == 0
        assert "depth: 0.5 mm in force, 0.8 mm from the next start" in capsys.readouterr().out
        assert run(["params", "load", str(gains)]) == 1
        told = capsys.readouterr().err
    assert "rate_kp refused, hold the pen's button for 3 s to enter SERVICE" in told


def test_the_group_alone_shows_its_commands(capsys):
    assert run(["params"]) == 2
    told = capsys.readouterr()
    assert "reset" in told.out
    assert told.err == ""


def test_a_profile_takes_back_what_was_pending(tmp_path, capsys):
    source = written(tmp_path / "mine.toml", 'depth = "0.5 mm"')
    with kept_pen() as bench:
        bench.operator.click()
        bench.run(1.5)
        assert run(["set", "depth=0.8mm"]) == 0
        told = "depth: 0.5 mm stays in force, 0.8 mm waits no more"
        capsys.readouterr()
        assert run(["params", "load", str(source), "--dry-run"]) == 0
        assert told in capsys.readouterr().out
        assert run(["info", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["waiting"] == {"depth": 800}
        assert run(["params", "load", str(source)]) == 0
        assert told in capsys.readouterr().out
        bench.operator.click()
        bench.run(1.5)
        bench.operator.click()
        bench.run(2.0)
        assert bench.signal("state") == states.RUNNING
        assert run(["get", "depth", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"depth": 500}


def test_two_profiles_are_held_against_the_installed_table_first(tmp_path, capsys):
    mine = written(tmp_path / "mine.toml", 'depth = "0.5 mm"')
    bad = written(tmp_path / "bad.toml", 'depht = "0.5 mm"\ndepth = "100 Hz"')
    assert run(["params", "diff", str(mine), str(bad)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no setting 'depht': did you mean depth?" in err
    assert "has the wrong unit" in err


def test_what_waits_for_the_next_start_is_told_by_everything_that_reads_settings(tmp_path, capsys):
    goal = tmp_path / "mine.toml"
    with kept_pen() as bench:
        bench.operator.click()
        bench.run(1.5)
        assert run(["set", "depth=0.8mm"]) == 0
        capsys.readouterr()
        told = "depth: 0.5 mm in force, 0.8 mm from the next start"
        assert run(["params", "diff"]) == 0
        assert told in capsys.readouterr().err
        assert run(["params", "dump", str(goal)]) == 0
        assert told in capsys.readouterr().err
        assert run(["get", "depth", "stroke_rate"]) == 0
        head, *rows = capsys.readouterr().out.splitlines()
        assert head.split()[:4] == ["setting", "value", "next", "start"]
        assert rows[0].split()[:5] == ["depth", "0.5", "mm", "0.8", "mm"]
        assert rows[1].split()[:4] == ["stroke_rate", "100", "Hz", "100"]
        assert run(["info"]) == 0
        assert "from next start    depth 0.8 mm\n" in capsys.readouterr().out
        assert run(["info", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["waiting"] == {"depth": 800}
        assert run(["get", "stroke_rate"]) == 0
        assert "next start" not in capsys.readouterr().out.splitlines()[0]


def test_a_reset_asks_before_it_takes_back_what_waits(capsys, monkeypatch):
    with kept_pen() as bench:
        bench.operator.click()
        bench.run(1.5)
        assert run(["set", "stroke_rate=90Hz"]) == 0
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert run(["params", "reset", "stroke_rate"]) == 2
        assert "stroke_rate 90 Hz, which waits for the next start, -> 100 Hz" in (
            capsys.readouterr().err
        )
        assert run(["info", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["waiting"] == {"stroke_rate": 90_000}
        assert run(["params", "reset", "stroke_rate", "--yes"]) == 0
        told = "stroke_rate: 100 Hz stays in force, 90 Hz waits no more"
        assert told in capsys.readouterr().out


def test_a_change_is_told_as_made_when_the_link_is_lost_behind_it(monkeypatch, capsys):
    real, answers = Pen.waiting, []

    def lost(pen):
        if answers:
            raise PortLost("the port has gone", "plug it in")
        answers.append(real(pen))
        return answers[0]

    with kept_pen() as bench:
        bench.operator.click()
        bench.run(1.5)
        monkeypatch.setattr(Pen, "waiting", lost)
        assert run(["set", "depth=0.76mm"]) == 0
        assert "0.5 mm in force, 0.75 mm from the next start" in capsys.readouterr().out
