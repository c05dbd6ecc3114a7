"""How cases are cut into batches, and handed out and taken back by workers that never ran one."""

from concurrent.futures import Executor, Future
from itertools import count, islice

import pytest

from penloop.campaigns.batches import FIRST, LEAST_S, MOST, Batches, learn_speed
from penloop.campaigns.cases import Case, CaseResult, Template
from penloop.campaigns.driver import HELD, OUTSTANDING, run_cases
from penloop.campaigns.workers import Workers
from penloop.worker_processes import WorkerDied

TEMPLATE = Template("none", {})


def cases(number):
    return [Case(n, n) for n in range(number)]


def result(case, seconds=0.04):
    return CaseResult(case, (1.0,), simulation_s=seconds)


def lengths(number, **workers):
    return [len(batch) for batch in Batches(cases(number), Workers(None, **workers))]


class ByHand(Executor):
    """Tasks are done when the test says so."""

    def __init__(self):
        self.tasks = []  # (cases, future), in the order in which they came

    def submit(self, fn, template, batch):
        future = Future()
        self.tasks.append((batch, future))
        return future

    def do(self, place=0, seconds=0.04):
        batch, future = self.tasks.pop(place)
        future.set_result([result(case, seconds) for case in batch])


class AtOnce(ByHand):
    """Does each task as it comes, unless its worker dies of it."""

    def __init__(self, deadly=(), deaths_by_chance=0):
        super().__init__()
        self.deadly = set(deadly)
        self.deaths_by_chance = deaths_by_chance
        self.done = []

    def submit(self, fn, template, batch):
        future = super().submit(fn, template, batch)
        if self.deadly & {case.number for case in batch} or self.deaths_by_chance > 0:
            self.deaths_by_chance -= 1
            self.tasks.pop()
            future.set_exception(WorkerDied())
        else:
            self.done += [case.number for case in batch]
            self.do(-1)
        return future


def test_a_batch_is_a_second_of_work_and_a_little_more():
    found = lengths(2000, count=2, case_s=0.05)
    assert all(length * 0.05 >= LEAST_S for length in found)
    assert found[0] == 25
    assert sum(found) == 2000


def test_the_last_batches_are_as_many_for_each_worker_and_equal():
    found = lengths(130, count=2, case_s=0.05)
    tail = found[-4:]
    assert max(tail) - min(tail) <= 1
    assert all(length * 0.05 >= LEAST_S for length in found)
    assert len(lengths(70, count=2, case_s=0.05)) == 2


@pytest.mark.parametrize(("number", "expected"), [(12, [4, 4, 4]), (13, [5, 4, 4]), (2, [1, 1])])
def test_less_than_a_second_each_is_split_evenly(number, expected):
    assert lengths(number, count=3, case_s=0.05) == expected


def test_batches_are_small_while_the_speed_is_not_known():
    workers = Workers(None, 2)
    batches = Batches(cases(100), workers)
    assert len(next(batches)) == FIRST
    workers.case_s = 0.05
    assert len(next(batches)) == 25


def test_a_batch_has_a_limit_however_quick_the_cases_are():
    assert max(lengths(5000, count=1, case_s=1e-6)) == MOST


def test_the_speed_is_that_of_cases_after_the_first_and_follows():
    workers = Workers(None, 2)
    learn_speed(workers, [result(Case(0, 0), 0.5), result(Case(1, 1), 0.05)])
    assert workers.case_s == pytest.approx(0.05)
    for _ in range(10):
        learn_speed(workers, [result(case, 0.1) for case in cases(3)])
    assert workers.case_s == pytest.approx(0.1, rel=0.03)
    learn_speed(workers, [CaseResult(Case(0, 0), (), error="no scenario")])
    assert workers.case_s > 0


def test_results_keep_the_order_of_the_cases_whatever_ends_first():
    newest_first = ByHand()
    workers = Workers(newest_first, 2, case_s=0.2)
    workers.look = lambda: newest_first.do(-1)
    found = [item.case.number for item in run_cases(TEMPLATE, cases(50), workers)]
    assert found == list(range(50))


def test_a_million_cases_are_drawn_only_as_workers_need_them():
    drawn = count()
    executor = AtOnce()
    endless = (Case(next(drawn), 0) for _ in count())
    run = run_cases(TEMPLATE, endless, Workers(executor, 2, case_s=0.04))
    taken = [item.case.number for item in islice(run, 3000)]
    run.close()
    assert taken == list(range(3000))
    assert next(drawn) < 3000 + 32 * 2 * (HELD + 2)


def test_workers_have_four_batches_each_and_wait_for_an_early_one_that_is_late():
    by_hand = ByHand()
    workers = Workers(by_hand, 2, case_s=0.04)
    run = run_cases(TEMPLATE, (Case(n, 0) for n in count()), workers)
    most = []

    def finish_all_but_the_first():
        most.append(len(by_hand.tasks))
        if len(by_hand.tasks) > 1:
            by_hand.do(1)
        else:
            by_hand.do(0)

    workers.look = finish_all_but_the_first
    assert next(run).case.number == 0
    assert max(most) == OUTSTANDING * 2
    assert len(most) == HELD * 2  # all the others were done and waited


def test_a_batch_whose_worker_died_is_done_again_and_counts_once():
    executor = AtOnce(deaths_by_chance=3)
    found = list(run_cases(TEMPLATE, iter(cases(500)), Workers(executor, 2, case_s=0.04)))
    assert [item.case.number for item in found] == list(range(500))
    assert sorted(executor.done) == list(range(500))
    assert all(item.passed for item in found)


def test_a_case_that_kills_its_workers_has_an_error_and_the_others_go_on():
    executor = AtOnce(deadly={17, 333})
    found = list(run_cases(TEMPLATE, iter(cases(500)), Workers(executor, 2, case_s=0.04)))
    assert [item.case.number for item in found] == list(range(500))
    assert [item.case.number for item in found if item.error] == [17, 333]
    assert found[17].error == "case 17 ended its worker 3 times (out of memory?)"
    assert sorted(executor.done) == sorted(set(range(500)) - {17, 333})


def test_workers_that_come_later_get_work_and_none_is_no_end():
    executor = AtOnce()
    workers = Workers(executor, 0, case_s=0.04)
    looks = count()

    def come():
        workers.count = 3 if next(looks) else 0

    workers.look = come
    assert len(list(run_cases(TEMPLATE, cases(40), workers))) == 40


def test_closing_cancels_what_was_not_begun():
    by_hand = ByHand()
    workers = Workers(by_hand, 1, case_s=0.04)
    workers.look = lambda: by_hand.do(0) if len(by_hand.tasks) == OUTSTANDING else None
    run = run_cases(TEMPLATE, cases(500), workers)
    next(run)
    run.close()
    assert by_hand.tasks
    assert all(future.cancelled() for _cases, future in by_hand.tasks)
