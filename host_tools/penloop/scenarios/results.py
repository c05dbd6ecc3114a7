"""What a set of runs gave, for people and for CI servers."""

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from penloop.scenarios.execution import Outcome
from penloop.scenarios.expectation import Verdict
from penloop.scenarios.scenario import SUFFIX

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def file_stem(name: str, seed: int) -> str:
    """How files of a scenario's run are called."""
    return re.sub(r"[^\w.-]+", "_", f"{name}-{seed}")


def replay_command(outcome: Outcome) -> str:
    """The one command that gives this run again."""
    where = shlex.quote(str(outcome.scenario.path or outcome.scenario.name))
    other = f" --firmware {shlex.quote(outcome.firmware)}" if outcome.firmware else ""
    return f"penloop run {where} --seed {outcome.seed} --engine {outcome.engine}{other}"


def told(verdict: Verdict) -> str:
    """One verdict in a line."""
    word = "holds" if verdict.holds else "FAILS"
    return f"{word}  {verdict.text}: margin {verdict.margin:+.3f}, {verdict.explanation}"


def failure_text(outcome: Outcome) -> str:
    """Why a run failed: each expectation that does not hold, with formula, margin and moment."""
    return "\n".join(_lines(outcome, [one for one in outcome.verdicts if not one.holds]))


def full_text(outcome: Outcome) -> str:
    """All expectations and measures of a run, and why it failed if it did."""
    measured = zip(outcome.scenario.measures, outcome.measures, strict=False)
    lines = [f"{one.name} = {one.told(value)}  ({one.text})" for one, value in measured]
    return "\n".join([*_lines(outcome, outcome.verdicts), *lines])


def _lines(outcome: Outcome, verdicts: Iterable[Verdict]) -> Iterator[str]:
    if outcome.error:
        yield outcome.error
    for verdict in verdicts:
        yield told(verdict)
        if not verdict.holds:
            yield f"       {verdict.formula}"
    if not outcome.passed:
        yield f"replay: {replay_command(outcome)}"


def junit(outcomes: Iterable[tuple[Outcome, float]]) -> JUnitXml:
    """JUnit XML: a case a run, with its wall time, seconds."""
    suite = TestSuite("penloop")
    for outcome, seconds in outcomes:
        name = xml_text(f"{outcome.scenario.name}[{outcome.seed}]")
        case = TestCase(name, "penloop", round(seconds, 3))
        if outcome.error:
            case.result = [_with_text(Error(xml_text(outcome.error)), failure_text(outcome))]
        elif not outcome.passed:
            worst = outcome.worst
            case.result = [_with_text(Failure(worst.text if worst else ""), failure_text(outcome))]
        case.system_out = xml_text("\n".join(told(verdict) for verdict in outcome.verdicts))
        suite.add_testcase(case)
    document = JUnitXml("penloop")
    document.add_testsuite(suite)
    return document


def markdown(outcomes: Sequence[Outcome]) -> str:
    """For the page of a pull request: how many hold, and why the others do not."""
    failed = [outcome for outcome in outcomes if not outcome.passed]
    lines = [f"## penloop run: {len(outcomes)} runs, {len(failed)} failed", ""]
    for outcome in failed:
        head = f"**{outcome.scenario.name}**, seed {outcome.seed}, margin {outcome.margin:+.3f}"
        lines += [head, "", "```text", failure_text(outcome), "```", ""]
    return "\n".join(lines) + "\n"


def _with_text(result: Error | Failure, text: str) -> Error | Failure:
    result.text = xml_text(text)
    return result


def xml_text(text: str) -> str:
    """With a mark in place of what XML has no way to write: control characters and the like."""
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def scenario_files(places: Iterable[Path]) -> list[Path]:
    """The scenario files that are named, or lie in the folders that are named, in order, each
    once."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.rglob("*.pen.toml")) if place.is_dir() else [place]
    return list({path.resolve(): path for path in reversed(found)}.values())[::-1]


def distinct_names(paths: Sequence[Path]) -> dict[Path, str]:
    """What to call each scenario: its file's name, after as many folders as tell it from others."""
    names: dict[Path, str] = {}
    for path in paths:
        parts = path.resolve().with_name(path.name.removesuffix(SUFFIX)).parts
        others = [one.resolve().parts for one in paths if one is not path and one.name == path.name]
        length = 1
        while any(parts[-length:-1] == other[-length:-1] for other in others):
            length += 1
        names[path] = os.fsencode("/".join(parts[-length:])).decode("utf-8", "replace")
    return names
