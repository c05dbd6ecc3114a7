"""`penloop falsify`: real searches, on firmware with a planted weakness and on ours."""

import re
import tomllib
from types import SimpleNamespace

import pytest

from penloop.cli import run
from penloop.commands import falsify as falsify_command
from penloop.scenarios.scenario_reader import load
from tests.system.planted import CAMPAIGNS, WEAKNESSES

WITHIN = 40  # runs; by chance it takes some 200


@pytest.fixture(params=sorted(WEAKNESSES))
def weakness(request):
    return WEAKNESSES[request.param]


@pytest.fixture
def weak(weakness, tmp_path):
    """Directory of the firmware with the weakness."""
    return str(weakness.plant(tmp_path / "firmware"))


def falsify(weakness, *options):
    return run(["falsify", str(weakness.campaign), "-j", "1", *options])


def failing_run(told):
    return int(re.search(r"run (\d+) fails", told)[1])


def test_a_planted_weakness_is_found_and_becomes_a_scenario_that_shows_it(
    weakness, weak, tmp_path, capsys
):
    out = tmp_path / "found.pen.toml"
    code = falsify(weakness, "--firmware", weak, "--budget", str(WITHIN), "--out", str(out))
    told = capsys.readouterr().out
    assert code == 1
    assert failing_run(told) <= WITHIN
    assert f"again: penloop run {out} --firmware {weak}" in told
    (expected,) = load(out).expectations
    assert run(["run", str(out), "--firmware", weak]) == 1
    assert f"FAILS  {expected.text}" in capsys.readouterr().out
    assert run(["run", str(out)]) == 0


def test_our_firmware_is_not_failed_by_the_same_search(weakness, tmp_path, capsys):
    out = tmp_path / "found.pen.toml"
    assert falsify(weakness, "--budget", str(WITHIN), "--out", str(out)) == 0
    assert re.search(
        rf"no case fails: {WITHIN} runs, smallest margin \+\d", capsys.readouterr().out
    )
    assert not out.exists()


def test_the_race_is_shrunk_to_what_it_needs(tmp_path):
    weakness = WEAKNESSES["start over park"]
    out = tmp_path / "found.pen.toml"
    weak = str(weakness.plant(tmp_path / "firmware"))
    assert falsify(weakness, "--firmware", weak, "--out", str(out), "--seed", "2") == 1
    found = tomllib.loads(out.read_text())
    assert set(found) == {"about", "duration", "expect", "step"}
    assert [step["do"] for step in found["step"]] == [
        "insert_cartridge",
        "press",
        "release",
        "press",
    ]
    assert load(out).duration_us < 1e6
    after = found["step"][3]["after"]
    assert 0.003 < float(after.removesuffix(" s")) < 0.025
    assert len(after) <= len("0.021 s")
    assert (
        f"with step.4.after = {after} this does not hold: never state is RUNNING" in found["about"]
    )


def test_any_number_of_processes_finds_the_same(tmp_path, capsys):
    weakness = WEAKNESSES["start over park"]
    weak = str(weakness.plant(tmp_path / "firmware"))
    told = []
    for jobs in ("1", "2"):
        out = tmp_path / f"{jobs}.pen.toml"
        arguments = [str(weakness.campaign), "-j", jobs, "--seed", "7", "--firmware", weak]
        assert run(["falsify", *arguments, "--out", str(out)]) == 1
        told.append(capsys.readouterr().out.replace(str(out), "OUT") + out.read_text())
    assert told[0] == told[1]


def test_a_file_that_is_there_is_overwritten_only_when_forced(tmp_path, capsys):
    weakness = WEAKNESSES["late stall"]
    out = tmp_path / "found.pen.toml"
    out.write_text("mine")
    weak = str(weakness.plant(tmp_path / "firmware"))
    assert falsify(weakness, "--firmware", weak, "--out", str(out)) == 2
    assert "add --force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert falsify(weakness, "--firmware", weak, "--out", str(out), "--force") == 1
    assert load(out).expectations
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


def test_chance_is_a_method_too(tmp_path, capsys):
    weakness = WEAKNESSES["late stall"]
    assert falsify(weakness, "--method", "random", "--budget", "5") == 0
    assert "no case fails: 5 runs" in capsys.readouterr().out


@pytest.fixture
def ctrl_c(monkeypatch):
    """Presses Ctrl-C at a look at the signals, counted from 1."""

    def at(number):
        looks = iter(range(1, 100000))

        def check():
            if next(looks) == number:
                raise KeyboardInterrupt

        looks_of = SimpleNamespace(check=check)  # not those of each run
        monkeypatch.setattr(falsify_command, "interruption", looks_of)

    return at


def test_ctrl_c_tells_the_smallest_margin_by_then(tmp_path, capsys, ctrl_c):
    ctrl_c(12)
    out = tmp_path / "found.pen.toml"
    assert falsify(WEAKNESSES["start over park"], "--out", str(out)) == 130
    told = capsys.readouterr().out
    assert "stopped\nno case fails: 12 runs, smallest margin +1.000, with\n    step.4.after" in told
    assert not out.exists()


@pytest.mark.parametrize(("look", "told"), [(30, "as it is, not shrunk"), (60, "by then")])
def test_ctrl_c_keeps_the_failing_case(look, told, tmp_path, capsys, ctrl_c):
    weakness = WEAKNESSES["late stall"]
    weak = str(weakness.plant(tmp_path / "firmware"))
    ctrl_c(look)
    out = tmp_path / "found.pen.toml"
    options = ("--worst", "--budget", "40", "--firmware", weak, "--out", str(out))
    assert falsify(weakness, *options) == 130
    assert f"{told}: {out}" in capsys.readouterr().out
    assert run(["run", str(out), "--firmware", weak]) == 1


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["/nowhere.campaign.toml"], "give a campaign file"),
        (["FILE", "--budget", "0"], "give --budget 1"),
        (["FILE", "--method", "guess"], "choose guided, random"),
        (["FILE", "--engine", "turbo"], "choose cpython"),
        (["FILE", "--firmware", "/nowhere"], "name the directory"),
    ],
)
def test_a_wrong_option_names_its_remedy(arguments, remedy, tmp_path, capsys):
    file = str(CAMPAIGNS / "bridge_opens.campaign.toml")
    words = [file if word == "FILE" else word for word in arguments]
    assert run(["falsify", *words, "--out", str(tmp_path / "out.pen.toml")]) in (1, 2)
    assert remedy in capsys.readouterr().err


def test_a_campaign_in_which_nothing_varies_or_that_fails_anyway_is_told(tmp_path, capsys):
    scenario = (CAMPAIGNS / "bridge_opens.pen.toml").read_text()
    (tmp_path / "bridge_opens.pen.toml").write_text(scenario.replace("480 ms", "48 ms"))
    text = (CAMPAIGNS / "bridge_opens.campaign.toml").read_text()
    file = tmp_path / "it.campaign.toml"
    for content, remedy in (
        (text, "fails as it stands"),
        (text.partition("[vary]")[0] + "[vary]", "vary"),
    ):
        file.write_text(content)
        assert run(["falsify", str(file), "-j", "1", "--out", str(tmp_path / "o.pen.toml")]) == 2
        assert remedy in capsys.readouterr().err
