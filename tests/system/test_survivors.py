"""Judgements of surviving mutants: each names its mutants, and no others."""

from dataclasses import replace

import pytest

from penloop.errors import UserError
from penloop.evidence import mutation, survivors
from penloop.evidence.mutants import change_of, mutants_of
from penloop.evidence.mutation import Result
from penloop.evidence.survivors import Judgement

TWICE = ("flash_window", "self._announced_ms = -1", "self._announced_ms = -2")


def alive(occurrence, after="b", killer=""):
    """A result of the mutant at that place, which a test has not killed."""
    return Result("now", "2026-11-24T12:00:00+00:00", "states", "AddNot", occurrence, "a", after,
                  killer, 1.0)  # fmt: skip


def unjudged(results, judged):
    """What the claim on judgements says."""
    [_share, claim, _all] = mutation._claims(results, len(results), judged)
    return "" if claim.holds else claim.shown_by


def test_a_judgement_of_one_of_two_equal_lines_leaves_the_other_unjudged():
    results = [alive(3), alive(7)]
    change = results[0].change
    for nth, holds in ((1, 2), True), ((1,), False), ((2,), False):
        judged = {change: Judgement("equivalent", "so", nth, 2)}
        assert (unjudged(results, judged) == "") is holds
    assert "1 of 2" in unjudged(results, {change: Judgement("equivalent", "so", (2,), 2)})


def test_an_equal_line_that_is_killed_counts_as_one_of_them():
    results = [alive(3, killer="tests/x.py::test_y"), alive(7)]
    judged = {results[0].change: Judgement("equivalent", "so", (2,), 2)}
    assert unjudged(results, judged) == ""
    judged = {results[0].change: Judgement("equivalent", "so", (1,), 2)}
    assert unjudged(results, judged)


def test_a_new_equal_line_takes_the_judgement_off():
    judged = {alive(3).change: Judgement("equivalent", "so")}
    assert unjudged([alive(3)], judged) == ""
    assert unjudged([alive(3), alive(4)], judged)


def test_lines_that_move_keep_their_judgement():
    judged = {alive(0).change: Judgement("equivalent", "so", (2,), 2)}
    killed = "tests/x.py::test_y"
    assert unjudged([alive(3, killer=killed), alive(7)], judged) == ""
    assert unjudged([alive(0, "c", killed), alive(5, killer=killed), alive(9)], judged) == ""


def test_a_mutant_of_the_firmware_is_judged_by_its_own_place():
    first, second = [
        one for one in mutants_of(TWICE[0])
        if (change := change_of(one)) and (change.before, change.after) == TWICE[1:]
    ]  # fmt: skip
    judged = {TWICE: Judgement("equivalent", "so", (2,), 2)}
    assert not survivors.is_judged(first, judged)
    assert survivors.is_judged(second, judged)
    assert not survivors.is_judged(second, {TWICE: Judgement("equivalent", "so")})


def test_every_judgement_names_mutants_that_there_are():
    assert survivors.lost(mutation.judgements()) == []


def test_a_judgement_of_no_mutant_fails_the_evidence():
    one = Judgement("equivalent", "so", (1, 2), 2)
    gone = (TWICE[0], TWICE[1], "self._announced_ms = -9")
    assert mutation._names_claim({TWICE: one}).holds
    for judged in {TWICE: one, gone: one}, {TWICE: replace(one, of=3)}:
        claim = mutation._names_claim(judged)
        assert not claim.holds
        assert "flash_window" in claim.shown_by


@pytest.mark.parametrize("rest", ["nth = [2]", "nth = [1, 3]\nof = 2", "nth = []\nof = 2"])
def test_a_judgement_of_mutants_that_cannot_be_is_refused(tmp_path, rest):
    file = tmp_path / "survivors.toml"
    row = "[[survivor]]\nmodule='a'\nbefore='b'\nafter='c'\nkind='equivalent'\nwhy='d'\n"
    file.write_text(row + rest)
    with pytest.raises(UserError, match="no judgement of"):
        survivors.read(file)


def test_one_change_is_judged_in_one_row(tmp_path):
    file = tmp_path / "survivors.toml"
    row = "[[survivor]]\nmodule='a'\nbefore='b'\nafter='c'\nkind='equivalent'\nwhy='d'\n"
    file.write_text(row)
    assert len(survivors.read(file)) == 1
    file.write_text(row + row)
    with pytest.raises(UserError, match="judged twice"):
        survivors.read(file)
