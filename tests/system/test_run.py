"""`penloop run`: scenarios from files, judged; what is told of those that fail."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from penfw import states
from penloop.campaigns.cases import Case, Template, run_case
from penloop.cli import run
from penloop.scenarios import vocabulary
from penloop.scenarios.execution import run as execute
from penloop.scenarios.jobs import Job, done
from penloop.scenarios.scenario_reader import load, loads
from penloop.scenarios.toml_lines import line_of
from pensim import Bench, recorder
from tests.system.penloop_process import finish, start

SCENARIO = """
about = "A pen is started in the air and stopped."
duration = "3 s"
expect = [
    "stroke rate within 3 % of 100 Hz from 0.6 s after start until press",
    "parked within 600 ms of stop",
]

[[step]]
at = "0.2 s"
do = "insert_cartridge"

[[step]]
at = "0.8 s"
do = "click"

[[step]]
at = "2.2 s"
do = "press"
"""


@pytest.fixture
def scenario_file(tmp_path):
    def make(text=SCENARIO, name="start.pen.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


def test_a_scenario_that_holds_passes_with_its_margin_and_digest(scenario_file, capsys):
    assert run(["run", str(scenario_file())]) == 0
    out = capsys.readouterr().out
    assert out.startswith("passed  start  seed 0, margin +")
    assert "1 runs, 0 failed" in out


def test_a_parameter_that_a_step_would_undo_is_refused(scenario_file, capsys):
    text = SCENARIO + '[pen]\nparameters = { "skin.full_force_n" = 0.3 }\n'
    assert run(["run", str(scenario_file(text))]) == 2
    told = capsys.readouterr().err
    assert "would have no effect" in told
    assert "[skin.cheek]" in told


def test_one_that_does_not_tells_formula_margin_moment_and_the_command_to_replay(
    scenario_file, capsys
):
    path = scenario_file(SCENARIO.replace("within 3 %", "within 0.001 %"))
    assert run(["run", str(path), "--seed", "4"]) == 1
    out = capsys.readouterr().out
    assert "FAILED  start  seed 4" in out
    assert "always[start + 0.6 s, press] (|stroke rate - 100 Hz| <= 0.001 Hz)" in out
    assert " at " in out
    assert f"replay: penloop run {path} --seed 4 --engine cpython" in out


MEASURES = """
[measure]
held = "mean instant rate from 0.6 s after start until press"
"to stop" = "time from stop to motor still"
stalled = "time from start to fault stall"
turns = "final strokes"
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_every_measure_is_shown_with_its_unit(scenario_file, capsys, jobs):
    path = scenario_file(SCENARIO + MEASURES)
    assert run(["run", str(path), "-v", "-j", jobs, "--seeds", "0..1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    trace = execute(load(path)).trace
    times_s, rate_mhz = trace.time_s, trace["plant.rate"]
    starts_s = times_s[np.argmax(trace["pen.state"] == states.RUNNING)]
    ends_s = np.append(times_s[1:], np.inf)  # until which each row's value holds
    held_s = np.clip(np.minimum(ends_s, 2.2) - np.maximum(times_s, starts_s + 0.6), 0, None)
    mean_mhz = np.average(rate_mhz, weights=held_s)
    stop_s = times_s[(times_s > starts_s) & (trace["pen.state"] != states.RUNNING)][0]
    still_s = times_s[(times_s >= stop_s) & (np.abs(rate_mhz) < 200)][0] - stop_s
    held, stop, stalled, turns = (line.strip() for line in lines[3:7])
    assert held.startswith("held = ")
    assert float(held.split()[2]) == pytest.approx(mean_mhz / 1e3, rel=1e-4)
    assert stop == f"to stop = {still_s:.5g} s  (time from stop to motor still)"
    assert stalled == "stalled = none  (time from start to fault stall)"
    assert turns == f"turns = {trace['plant.strokes'][-1]}  (final strokes)"


def test_a_campaigns_case_has_the_measures_too(scenario_file):
    path = scenario_file(SCENARIO + MEASURES)
    case = Case(1, seed=0)
    template = Template("start", tomllib.loads(path.read_text()))
    found = run_case(template, case).measures
    assert np.array_equal(found, execute(load(path)).measures, equal_nan=True)
    assert len(found) == 4


def test_a_failing_expectation_is_told_once_whether_all_are_shown_or_not(scenario_file, capsys):
    path = scenario_file(SCENARIO.replace("within 3 %", "within 0.001 %"))
    for options, count in (([], 1), (["-v"], 2)):
        assert run(["run", str(path), *options]) == 1
        out = capsys.readouterr().out
        assert out.count("FAILS  stroke rate within 0.001 %") == 1
        assert out.count("FAILS") + out.count("holds") == count
        assert out.count("replay: ") == 1


def test_several_processes_give_the_same_results_in_the_same_order(scenario_file, capsys):
    path = scenario_file()
    outputs = []
    for jobs in ("1", "2"):
        assert run(["run", str(path), "--seeds", "1..4", "-j", jobs]) == 0
        lines = capsys.readouterr().out.splitlines()
        outputs.append([line.rpartition(",")[0] for line in lines])
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("engine", ["cpython", "micropython"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_ctrl_c_ends_it_in_the_middle_of_a_scenario(
    scenario_file, monkeypatch, engine, number, code
):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    endless = scenario_file(SCENARIO.replace('"3 s"', '"100000 s"'), "endless.pen.toml")
    process = start("run", str(scenario_file()), str(endless), "--engine", engine)
    assert process.stdout.readline().startswith("passed  start")
    time.sleep(0.3)  # the endless one has begun
    process.send_signal(number)
    assert finish(process, 20.0) == (code, "", "\n")  # what showed the progress ends its line


def test_the_same_scenario_has_one_digest_on_three_engines(scenario_file):
    scenario = load(scenario_file())
    digests = {
        execute(scenario, engine).digest for engine in ("cpython", "micropython", "micropython32")
    }
    assert len(digests) == 1


def test_junit_names_the_failed_case_and_what_failed(scenario_file, tmp_path):
    scenario_file()
    scenario_file(SCENARIO.replace("within 3 %", "within 0.001 %"), "tight.pen.toml")
    report = tmp_path / "out.xml"
    assert run(["run", str(tmp_path), "--junit", str(report)]) == 1
    cases = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
    assert set(cases) == {"start[0]", "tight[0]"}
    assert cases["start[0]"].find("failure") is None
    assert "replay: penloop run" in cases["tight[0]"].find("failure").text


def test_a_part_fails_once_its_condition_holds():
    text = SCENARIO.replace("expect = [", 'expect = [\n    "fault tachometer loss at the end",')
    text = text.replace("parked within 600 ms of stop", "drive off at the end")
    text += '\n[[fault]]\nwhen = "instant rate above 90 Hz"\npart = "tachometer open"\n'
    outcome = execute(
        loads(text.replace('"2.2 s"', '"2.9 s"').replace("until press", "until 1.3 s"))
    )
    failed = [time_us for time_us, text in outcome.log if text == "tachometer_open on"]
    assert len(failed) == 1
    rate = outcome.trace["plant.rate"][outcome.trace.time_us <= failed[0]]
    assert 90_000 < rate[-1] < 93_000
    assert outcome.verdicts[0].holds


def test_a_condition_on_a_mean_looks_at_the_time_before():
    text = SCENARIO.replace("expect = [", 'expect = [\n    "fault tachometer loss at the end",')
    text += '\n[[fault]]\nwhen = "stroke rate above 90 Hz"\npart = "tachometer open"\n'
    outcome = execute(loads(text))
    (failed_us,) = [time_us for time_us, told in outcome.log if told == "tachometer_open on"]
    before = outcome.trace.time_us <= failed_us
    mean = vocabulary.signal(outcome.trace, vocabulary.QUANTITIES["stroke rate"])[before]
    assert mean[-3] <= 90_000 < mean[-1] < 91_000
    assert outcome.trace["plant.rate"][before][-1] > 95_000


def test_a_mean_is_the_same_where_the_recorders_memory_goes_on_in_another_block(monkeypatch):
    monkeypatch.setattr(recorder, "BLOCK_ROWS", 64)
    with Bench() as bench:
        bench.run(0.4)
        for _ in range(7):  # more than a block
            bench.run(0.01)
            recent, whole = bench.recorder.latest(50_000), bench.trace()
            rows = len(recent)
            assert rows in (50, 51)  # the timer's periods and the row's time are not quite 1 ms
            for column, values in recent.columns()[1:]:
                assert list(values) == list(whole[column.name][-rows:]), column.name


def test_what_a_host_says_is_done_and_what_it_must_not_is_refused():
    text = SCENARIO.replace("100 Hz", "120 Hz") + (
        '\n[[link]]\nat = "0.5 s"\nset = { stroke_rate = "120 Hz" }\n'
        '\n[[link]]\nat = "1.5 s"\ncommand = "run"\nargument = "60 Hz"\nrefused = true\n'
    )
    assert execute(loads(text)).passed
    accepted = execute(loads(text.replace("refused = true", "")))
    assert "the pen refused" in accepted.error


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"3 s"', '"3"', ":3: duration = '3' has no unit that fits: write such as"),
        ('"3 s"', "3", ":3: duration: 3 is not of type 'string': write such as \"1.5 s\""),
        ('"0.8 s"', '"8"', ":14: step.2.at = '8' has no unit that fits: write such as"),
        ("about", "abut", ":2: 'abut' is not known here: use about"),
        ('do = "click"', 'do = "clack"', ":13: step 2: do = 'clack'; choose press"),
        ("parked", "parkd", ":6: not understood at 'parkd"),
        ('at = "2.2 s"', "", ":17: step.3 needs exactly one of at or after"),
        ('do = "press"', 'do = "touch"', ":17: step 3: touch needs zone"),
        ('"insert_cartridge"', "", ": Invalid value (at line"),
        ("[[step]]", '[measure]\nx = "greatest rate"\n[[step]]', ":10: not understood at 'rate'"),
        (
            "[[step]]",
            '[measure]\nx = "mean current at 3 mm"\n[[step]]',
            ":10: '3 mm' has the wrong",
        ),
        ("[[step]]", "[measure]\nx = 3\n[[step]]", ":10: measure.x: 3 is not of type 'string'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_remedy(scenario_file, capsys, old, new, said):
    path = scenario_file(SCENARIO.replace(old, new, 1))
    assert run(["run", str(path)]) == 2
    assert str(path) + said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ([], "name a file NAME.pen.toml"),
        (["/nowhere.pen.toml"], "give a scenario file or a folder"),
        (["x", "--seeds", "3"], "write such as --seeds 1..20"),
        (["x", "--engine", "pypy"], "choose cpython"),
    ],
)
def test_a_wrong_option_names_its_remedy(scenario_file, capsys, arguments, remedy):
    path = str(scenario_file())
    assert run(["run", *(path if item == "x" else item for item in arguments)]) == 2
    assert remedy in capsys.readouterr().err


def test_the_schema_and_the_words_can_be_had(capsys):
    assert run(["run", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "penloop scenario"
    assert run(["run", "--words"]) == 0
    assert "stroke rate" in capsys.readouterr().out


def test_lines_of_tables_keys_and_items_are_found():
    text = 'a = 1\n[pen]\nb = "x"\n[[step]]\nc = 1\n'
    text += '[[step]]\nc = [\n  "p",\n  "q", # r\n]\n"d.e" = 2\n'
    paths = [("a",), ("pen",), ("pen", "b"), ("step", 0, "c"), ("step", 1), ("step", 1, "c", 1),
             ("step", 1, "d.e"), ("pen", "nothing")]  # fmt: skip
    assert [line_of(text, path) for path in paths] == [1, 2, 3, 5, 6, 9, 11, 2]


def test_the_documents_example_passes():
    text = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()
    outcome = execute(loads(text.partition("```toml\n")[2].partition("```")[0]))
    assert outcome.passed, outcome.error or outcome.verdicts


def test_the_report_shows_what_failed_with_a_picture_and_links_its_trace(
    scenario_file, tmp_path, capsys
):
    scenario_file(SCENARIO.replace("in the air", "in <the> air"))
    scenario_file(SCENARIO.replace("within 3 %", "within 0.001 %"), "tight.pen.toml")
    report = tmp_path / "out" / "report.html"
    assert run(["run", str(tmp_path), "--html", str(report), "-j", "2"]) == 1
    text = report.read_text()
    assert "2 runs, 1 failed" in text
    assert text.count("<svg") == 1
    assert "in &lt;the&gt; air" in text
    assert 'href="report_files/tight-0.html"' in text
    assert "always[start + 0.6 s, press]" in text
    assert "not clinical validation" in text
    page = (report.parent / "report_files" / "tight-0.html").read_text()
    assert "plant.rate" in page
    assert "http" not in text.replace("http://www.w3.org", "")
    assert str(report) in capsys.readouterr().out


def test_the_action_runs_what_the_command_line_has(tmp_path, capsys):
    """Its script, with the action's defaults and a fork's firmware, in a shell."""
    root = Path(__file__).parents[2]
    text = (root / "action.yml").read_text()
    script = text.partition("      run: |\n")[2].partition("    - name: Keep")[0]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "GITHUB_ACTION_PATH": str(root),
        "SCENARIOS": str(root / "examples" / "scenarios" / "eye.pen.toml"), "SEEDS": "1..2",
        "FIRMWARE": str(root / "firmware"), "ENGINE": "micropython", "JOBS": "2",
        "OUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "page.md"),
    }  # fmt: skip
    (tmp_path / "page.md").write_text("# Before\n")
    scenario = environment["SCENARIOS"]
    saved = str(tmp_path / "saved")
    assert run(["run", scenario, "--seeds", "1..2", "--save-baseline", saved]) == 0
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        env={**environment, "BASELINE": saved},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "2 runs, 0 failed" in done.stdout
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"junit.xml", "report.html", "summary.md"}
    page = (tmp_path / "page.md").read_text()
    assert page.startswith("# Before\n## penloop run: 2 runs, 0 failed")
    assert "0 changed, 2 unchanged" in page


def test_the_actions_page_tells_what_failed_and_the_action_fails(scenario_file, tmp_path):
    path = scenario_file(SCENARIO.replace("within 3 %", "within 0.001 %"))
    root = Path(__file__).parents[2]
    text = (root / "action.yml").read_text()
    script = text.partition("      run: |\n")[2].partition("    - name: Keep")[0]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "GITHUB_ACTION_PATH": str(root),
        "SCENARIOS": str(path), "ENGINE": "cpython", "JOBS": "1", "OUT": str(tmp_path / "out"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "page.md"),
    }  # fmt: skip
    done = subprocess.run(["bash", "-e", "-c", script], env=environment, capture_output=True)
    assert done.returncode == 1
    assert "FAILS  stroke rate within 0.001 %" in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("no fault for 100 s after press", "too soon to tell"),
        ("no fault from press until lift-off", "lift-off never came"),
        ("no fault from 0.5 s until 0.2 s", "0.2 s never came"),
    ],
)
def test_a_span_whose_end_is_not_in_the_run_fails(scenario_file, capsys, sentence, why):
    text = SCENARIO.replace('"parked within 600 ms of stop",', f'"{sentence}",')
    assert run(["run", str(scenario_file(text))]) == 1
    assert why in capsys.readouterr().out


def test_the_folder_of_the_results_for_a_server_is_made(scenario_file, tmp_path):
    goal = tmp_path / "new" / "junit.xml"
    assert run(["run", str(scenario_file()), "--junit", str(goal)]) == 0
    assert ElementTree.parse(goal).getroot().tag == "testsuites"


def test_a_setting_that_no_pen_takes_is_refused_with_its_bounds(scenario_file, capsys):
    text = SCENARIO + '[pen]\nsettings = { depth = "9 mm" }\n'
    assert run(["run", str(scenario_file(text))]) == 2
    told = capsys.readouterr().err
    assert "depth = 9 mm is no value" in told
    assert "give 0 mm to 2.5 mm" in told


@pytest.mark.parametrize(
    ("addition", "what"),
    [
        ('[[step]]\nat = "3 s"\ndo = "press"\n', "a step at 3 s of a run of 3 s"),
        ('[[step]]\nafter = "5 s"\ndo = "press"\n', "a step at 7.2 s of a run of 3 s"),
        ('[[fault]]\npart = "motor jammed"\nat = "4 s"\n', "a fault at 4 s of a run of 3 s"),
        ('[[link]]\ncommand = "stop"\nat = "3.1 s"\n', "a link at 3.1 s of a run of 3 s"),
    ],
)
def test_what_would_come_after_the_end_is_refused_with_its_line(
    scenario_file, capsys, addition, what
):
    path = scenario_file(SCENARIO + addition)
    assert run(["run", str(path)]) == 2
    told = capsys.readouterr().err
    assert what in told
    number = int(told.partition(f"{path}:")[2].partition(":")[0])
    assert path.read_text().splitlines()[number - 1].startswith(("at =", "after ="))


def test_a_fault_that_waits_for_a_condition_has_no_word_of_when(scenario_file, capsys):
    text = SCENARIO + '\n[[fault]]\nwhen = "stroke rate above 9 Hz at 2 s"\npart = "motor jammed"\n'
    assert run(["run", str(scenario_file(text))]) == 2
    assert "write a condition without a time" in capsys.readouterr().err


def test_two_scenarios_of_one_name_have_their_folders_in_theirs(scenario_file, tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    tight = SCENARIO.replace("within 3 %", "within 0.01 %")
    for name in ("a/start.pen.toml", "b/start.pen.toml", "other.pen.toml"):
        scenario_file(tight, name)
    page = tmp_path / "report.html"
    options = ["--junit", str(tmp_path / "out.xml"), "--html", str(page)]
    assert run(["run", str(tmp_path), *options]) == 1
    cases = ElementTree.parse(tmp_path / "out.xml").iter("testcase")
    assert {case.get("name") for case in cases} == {"a/start[0]", "b/start[0]", "other[0]"}
    assert len(list(tmp_path.rglob("*start*.html"))) == 2
    assert "FAILED  b/start  seed 0" in capsys.readouterr().out


def test_a_file_that_is_named_twice_runs_once(scenario_file, tmp_path, capsys):
    path = scenario_file()
    twice = tmp_path / "somewhere" / ".." / path.name
    (tmp_path / "somewhere").mkdir()
    assert run(["run", str(path), str(twice), str(tmp_path)]) == 0
    assert "1 runs, 0 failed" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--html", "--junit", "--markdown"])
def test_a_result_that_cannot_be_written_is_told_before_anything_runs(
    scenario_file, tmp_path, capsys, option
):
    path = scenario_file()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    for place, remedy in (("folder", "name a file"), ("file/below", "name another")):
        assert run(["run", str(path), option, str(tmp_path / place)]) == 2
        told = capsys.readouterr()
        assert remedy in told.err
        assert "passed" not in told.out
    assert (tmp_path / "file").read_text() == "kept"


def test_a_name_that_xml_cannot_hold_is_still_in_the_servers_results(scenario_file, tmp_path):
    (tmp_path / "odd").mkdir()
    scenario_file(name="odd/bell\x07.pen.toml")
    scenario_file(name=os.fsdecode(b"odd/latin\xe9.pen.toml"))
    report = tmp_path / "out.xml"
    assert run(["run", str(tmp_path / "odd"), "--junit", str(report)]) == 0
    names = {case.get("name") for case in ElementTree.parse(report).iter("testcase")}
    assert names == {"bell\N{REPLACEMENT CHARACTER}[0]", "latin\N{REPLACEMENT CHARACTER}[0]"}


class Deadly:
    """Ends the process that gets it."""

    def __reduce__(self):
        return os._exit, (3,)


def test_a_run_that_ends_its_worker_is_told_and_the_others_are_done(scenario_file):
    path = scenario_file()
    jobs = [
        Job(path, "cpython", seed, "start", Deadly() if seed == 1 else None) for seed in range(4)
    ]
    outcomes = [one.outcome for one in done(jobs, 2)]
    assert [outcome.seed for outcome in outcomes] == [0, 1, 2, 3]
    assert [outcome.passed for outcome in outcomes] == [True, False, True, True]
    assert "a worker process ended in the middle" in outcomes[1].error


@pytest.mark.parametrize("processes", [1, 2])
def test_a_mistake_of_the_program_in_one_run_is_told_in_its_place(scenario_file, processes):
    path = scenario_file()
    jobs = [
        Job(path, "cpython", seed, "start", "no firmware" if seed else None) for seed in range(2)
    ]
    first, second = [one.outcome for one in done(jobs, processes)]
    assert first.passed
    assert "a mistake in penloop itself" in second.error
    assert "Traceback" in second.error
    assert not second.passed
