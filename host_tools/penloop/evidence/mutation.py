"""Evidence that the tests would notice a change: mutants of safety, control and protocol.

The long form plays every mutant; each result is kept at once, in docs/safety/long-runs, with the
hash of the sources that it rests on, so that it goes on where it ended; what rests on a source that
has changed is played anew, a survivor with the tests that have changed alone. Survivors are judged
in docs/safety/survivors.toml. The short form plays some that are no survivors.
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from penloop.evidence import long_runs, mutation_pages, survivors
from penloop.evidence.mutation_process import Sources, play, sources
from penloop.evidence.section import Claim, Effort, LongRun, Part, Section
from penloop.evidence.survivors import Change, Judgement, Judgements

JUDGED = long_runs.ROOT / "docs" / "safety" / "survivors.toml"
ENOUGH = 0.95  # share of the mutants that are to be killed
SHORT_MUTANTS = 12
SHORT_SEED = 1


@dataclass(frozen=True)
class Result:
    """What became of one mutant: `killer` is empty where it survived, `sources` a hash of what
    that rests on."""

    sources: str
    ended: str
    module: str
    operator: str
    occurrence: int
    before: str
    after: str
    killer: str
    seconds: float

    @property
    def place(self) -> tuple[str, str, int]:
        """Which mutant it is, as long as its module is the same."""
        return self.module, self.operator, self.occurrence

    @property
    def change(self) -> Change:
        """What it has changed, whatever else its module says."""
        return self.module, self.before, self.after


def make(effort: Effort) -> Section:
    """The last long run or, with `long`, the rest of it; short: that some are killed as then."""
    effort.folder.mkdir(parents=True, exist_ok=True)
    judged = judgements()
    present = sources()
    file = long_runs.folder_of(PART.name) / "results.jsonl"
    claims = _long(effort, file, present, judged) if effort.long else [_short(effort, file, judged)]
    claims.append(_names_claim(judged))
    results = [*{one.place: one for one in kept(file)}.values()]
    fresh = _fresh(results, present)
    places = {one.place for one in fresh}
    rows = [{**asdict(one), "fresh": one.place in places} for one in results]
    counts = _counts()
    reach = mutation_pages.Reach(present.whole, present.behind, *_left_out())
    told = survivors.numbered(results)
    body = mutation_pages.body(
        told, _fresh(told, present), survivors.one_by_one(judged), counts, reach
    )
    of_long = () if effort.long else tuple(_claims(fresh, sum(counts.values()), judged))
    long_run = LongRun(_told(results, fresh, counts), of_long)
    data = {"sources": present.whole, "results": rows}
    return Section(tuple(claims), body, data, long_run)


def _told(results: list[Result], fresh: list[Result], counts: dict[str, int]) -> str:
    """Share that was killed when last played, and of how many that still says something."""
    real = [one for one in results if one.before]
    killed = sum(bool(one.killer) for one in real)
    share = f", {killed / len(real):.1%}" if real else ""
    return (
        f"{killed:,} of {len(real):,} mutants killed{share}; of the {sum(counts.values()):,} there "
        f"are, {len(fresh):,} were played on the present sources"
    )


def _left_out() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Modules of the firmware that are not mutated; cosmic-ray's operators that are not used."""
    from cosmic_ray import plugins

    from penloop.evidence import mutants

    every = (path.stem for path in mutants.FIRMWARE.glob("*.py"))
    modules = sorted(name for name in every if name not in (*mutants.MODULES, "__init__"))
    operators = sorted(name.rpartition("/")[2] for name in plugins.operator_names())
    return tuple(modules), tuple(one for one in operators if one not in mutants.OPERATORS)


def judgements() -> dict[Change, Judgement]:
    """Those of survivors.toml. Raises UserError."""
    return survivors.read(JUDGED)


def kept(file: Path) -> list[Result]:
    """What is in the file of results; a last line that was cut off is none."""
    found = []
    if file.exists():
        for line in file.read_text().splitlines():
            try:
                found.append(Result(**json.loads(line)))
            except (ValueError, TypeError):
                continue
    return found


def _fresh(results: Iterable[Result], present: Sources) -> list[Result]:
    """Those that hold for the present sources, one for each mutant."""
    holding = (one for one in results if one.sources == present.behind(one.killer))
    return [*{one.place: one for one in holding}.values()]


def _counts() -> dict[str, int]:
    from penloop.evidence import mutants

    return {module: len(mutants.mutants_of(module)) for module in mutants.MODULES}


def _killers(before: Iterable[Result]) -> dict[Change, str]:
    """The test that killed each mutant the last time: it is played first."""
    return {one.change: one.killer for one in before if "::" in one.killer}


def _short(effort: Effort, file: Path, judged: Judgements) -> Claim:
    """Of all that are no judged survivors some, drawn by chance of a fixed seed."""
    from penloop.evidence import mutants

    every = [one for module in mutants.MODULES for one in mutants.mutants_of(module)]
    random.Random(SHORT_SEED).shuffle(every)
    killers = _killers(kept(file))
    todo: list[list[Any]] = []
    for one in every:
        change = mutants.change_of(one)
        if change and not survivors.is_judged(one, judged):
            killer = killers.get((one.module, change.before, change.after))
            todo.append([*one, [killer] if killer else [], None])
        if len(todo) == SHORT_MUTANTS:
            break
    results = []
    for result in _played(todo, effort, None):
        results.append(result)
        effort.progress(len(results) / len(todo), result.module)
    alive = [f"{one.module}: {one.after}" for one in results if not one.killer]
    return Claim(
        "Mutants that were not judged as survivors are killed, shown by some drawn by chance",
        len(results) == len(todo) and not alive,
        f"{len(results) - len(alive)} of {len(todo)}; alive: {'; '.join(alive) or 'none'}",
    )


def _long(effort: Effort, file: Path, present: Sources, judged: Judgements) -> list[Claim]:
    from penloop.evidence import mutants

    before = kept(file)
    done = {one.place: one for one in _fresh(before, present)}
    killers = _killers(before)
    changed = _changed_tests(before, file.with_name("sources.json"), present)
    todo: list[list[Any]] = []
    for module in mutants.MODULES:
        of_module = sorted({killer for change, killer in killers.items() if change[0] == module})
        for one in mutants.mutants_of(module):
            if one[:3] not in done:
                todo.append([*one, of_module, changed.get(one[:3])])
    random.Random(SHORT_SEED).shuffle(todo)  # the time that is left can be told soon
    count = len(todo) + len(done)
    if todo and not done:
        _keep_one_each(file, before)
    with file.open("a") as kept_file:
        for result in _played(todo, effort, present):
            done[result.place] = result
            kept_file.write(json.dumps(asdict(result)) + "\n")
            kept_file.flush()
            killed = sum(bool(one.killer) for one in done.values())
            effort.progress(len(done) / count, f"{len(done)} of {count}, {killed} killed")
    _keep(file, sorted(done.values(), key=lambda one: one.place))
    return _claims([*done.values()], count, judged)


def _changed_tests(
    before: list[Result], file: Path, present: Sources
) -> dict[tuple[str, str, int], list[str]]:
    """Of each survivor for which all else is as it was, the files of tests that are not.

    `file` holds the sources of earlier runs, by the hash of the whole.
    """
    known = _known_sources(file)
    found = {}
    for one in before:
        changed = None
        if not one.killer and one.sources in known:
            changed = present.changed_since(Sources(known[one.sources]))
        if changed:
            found[one.place] = changed
        else:
            found.pop(one.place, None)
    wanted = {one.sources for one in before if not one.killer}
    known = {whole: hashes for whole, hashes in known.items() if whole in wanted}
    known[present.whole] = dict(present.hashes)
    long_runs.write(file, json.dumps(known, indent=1))
    return found


def _known_sources(file: Path) -> dict[str, dict[str, str]]:
    """None where the file is not there, or broken: survivors meet all tests then."""
    try:
        known: dict[str, dict[str, str]] = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return known


def _keep_one_each(file: Path, results: Iterable[Result]) -> None:
    """Of other sources the newest result of each change stays: what killed it is tried first."""
    _keep(file, {one.change: one for one in results}.values())


def _keep(file: Path, results: Iterable[Result]) -> None:
    long_runs.write(file, "".join(json.dumps(asdict(one)) + "\n" for one in results))


def _claims(done: list[Result], count: int, judged: Judgements) -> list[Claim]:
    real = [one for one in done if one.before]
    alive = [one for one in survivors.numbered(real) if not one.killer]
    own = survivors.one_by_one(judged)
    share = 1 - len(alive) / len(real) if real else 0.0
    unjudged = [one for one in alive if one.change not in own]
    return [
        Claim(
            f"At least {ENOUGH:.0%} of the mutants are killed by a test",
            share >= ENOUGH,
            f"{len(real) - len(alive):,} of {len(real):,}, {share:.1%}",
        ),
        Claim(
            "Every survivor is judged",
            bool(real) and not unjudged,
            f"{len(alive) - len(unjudged)} of {len(alive)}"
            + "".join(f"; not: {one.module}: {one.after}" for one in unjudged[:5]),
        ),
        Claim(
            "All mutants were played on these very sources",
            len(done) >= count > 0,
            f"{len(done):,} of {count:,}; {len(done) - len(real)} changed nothing",
        ),
    ]


def _names_claim(judged: Judgements) -> Claim:
    lost = survivors.lost(judged)
    return Claim(
        "Each judgement names mutants that there are, and no others",
        not lost,
        f"{len(judged) - len(lost)} of {len(judged)}" + "".join(f"; not: {one}" for one in lost),
    )


def _played(todo: list[list[Any]], effort: Effort, present: Sources | None) -> Iterator[Result]:
    """With hashes, and by tests that were measured before, where the sources are given."""
    for row in play(todo, effort.jobs, effort.folder / "log.txt", measured=present is not None):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        killer = row[5]
        yield Result(present.behind(killer) if present else "", now, *row)


PART = Part(
    "mutation", "Changes of the firmware that the tests notice", make, long=True,
    reads=("tests", "docs/safety/survivors.toml"),
)  # fmt: skip
