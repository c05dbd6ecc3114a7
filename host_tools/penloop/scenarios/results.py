"""What a set of runs gave, for people and for CI servers."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from penloop.scenarios.execution import Outcome
from penloop.scenarios.expectation import Verdict


def replay_command(outcome: Outcome) -> str:
    """The one command that gives this run again."""
    where = shlex.quote(str(outcome.scenario.path or outcome.scenario.name))
    return f"penloop run {where} --seed {outcome.seed} --engine {outcome.engine}"


def told(verdict: Verdict) -> str:
    """One verdict in a line."""
    word = "holds" if verdict.holds else "FAILS"
    return f"{word}  {verdict.text}: margin {verdict.margin:+.3f}, {verdict.explanation}"


def failure_text(outcome: Outcome) -> str:
    """Why a run failed: each expectation that does not hold, with formula, margin and moment."""
    lines = [outcome.error] if outcome.error else []
    for verdict in outcome.verdicts:
        if not verdict.holds:
            lines += [told(verdict), f"       {verdict.formula}"]
    return "\n".join([*lines, f"replay: {replay_command(outcome)}"])


def junit(outcomes: Iterable[tuple[Outcome, float]]) -> JUnitXml:
    """JUnit XML: a case a run, with its wall time, seconds."""
    suite = TestSuite("penloop")
    for outcome, seconds in outcomes:
        case = TestCase(f"{outcome.scenario.name}[{outcome.seed}]", "penloop", round(seconds, 3))
        if outcome.error:
            case.result = [_with_text(Error(outcome.error), failure_text(outcome))]
        elif not outcome.passed:
            worst = outcome.worst
            case.result = [_with_text(Failure(worst.text if worst else ""), failure_text(outcome))]
        case.system_out = "\n".join(told(verdict) for verdict in outcome.verdicts)
        suite.add_testcase(case)
    document = JUnitXml("penloop")
    document.add_testsuite(suite)
    return document


def _with_text(result: Error | Failure, text: str) -> Error | Failure:
    result.text = text
    return result


def scenario_files(places: Iterable[Path]) -> list[Path]:
    """The scenario files that are named, or lie in the folders that are named, in order."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.rglob("*.pen.toml")) if place.is_dir() else [place]
    return list(dict.fromkeys(found))
