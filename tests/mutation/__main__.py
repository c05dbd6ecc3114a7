"""`python -m tests.mutation JOBS [--measured] < MUTANTS`: which of them the tests kill.

A line in: JSON [module, operator, occurrence, line, [tests to begin with], files], of which only
the tests of `files` are run, or of all where it is null. A line out: JSON
[module, operator, occurrence, before, after, killer, seconds]; `killer` is a test's id, LOADING
where the mutant does not even load, HANGS where a test does not end, or empty: it survives.
With `--measured` all tests are run first without a mutant: they have to pass, and then a mutant
meets those only that reach what it changes. `--sources` prints JSON: a SHA-256 for each file of
tests that is played, and by the name "" one over all other sources of ours that have a part in
the answer.

The tests are collected once; each mutant has a fork of this process. There the tests of the
firmware's own modules get the mutant as `penfw`, and those of the system get it on the simulated
board, while the host keeps the firmware's own tables, as a host of another version would.
"""

import ast
import hashlib
import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections import Counter
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import penfw
from penloop.evidence import mutants
from penloop.evidence.mutants import Mutant, change_of
from pensim import Firmware
from pensim.engines import dialect
from tests.mutation import blocks

ROOT = Path(__file__).parents[2]
LOADING = "it does not load"
HANGS = "a test hangs"
HANGS_S = 25  # a test that takes so long
SLOW_S = 2.0  # so slow a test is left out
# Tests of single modules, then of the whole pen; none of those that hold a measured figure of the
# firmware (time, memory) to a document.
UNIT = (
    "button", "cartridge", "limits", "link", "link_requests", "link_telemetry", "numbers",
    "power_cut", "protocol_document", "protocol_fields", "protocol_frames", "scope", "settings",
    "states",
)  # fmt: skip
FIGURES = (
    "axis", "cartridge", "flash_windows", "motion", "parking", "power_up", "proof", "rate_law",
    "requests", "self_test", "service", "service_commands", "settings", "starts", "startup", "tick",
    "told", "watches",
)  # fmt: skip
SYSTEM = (
    "treatment", "safety", "faults", "stop_paths", "link", "brown_out", "black_box", "random_hands",
    "axis_after_fault", "cartridge_readout", "link_acknowledgement", "scope", "settings_trial",
)  # fmt: skip
FILES = [f"tests/firmware/test_{name}.py" for name in UNIT]
FILES += [f"tests/system/figures/test_{name}.py" for name in FIGURES]
FILES += [f"tests/system/test_{name}.py" for name in SYSTEM]
THINNED = ("black_box", "brown_out", "random_hands")  # of these no more than FEW cases a test
FEW = 4
PLANTS = "tests/system/board_line.py"  # its own changes may not fit on top of a mutant


class Play:
    """A plugin of pytest: once the tests are collected, the mutants are played instead of them."""

    def __init__(self, jobs, measured, todo, out):
        self._jobs = jobs
        self._measured = measured
        self._todo = todo
        self._out = out
        self._kills = {}  # Counter of tests, a module each
        self._items = []
        self._durations = {}
        self._reached = {}  # the blocks of each test, see blocks.py

    def pytest_collection_modifyitems(self, items):
        """What stays: tests that run in this process, and of many alike some."""
        items[:] = [item for item in items if "micropython" not in item.nodeid]
        alike = {}
        for item in items:
            name = item.nodeid.partition("[")[0]
            if name.split("::")[0].removeprefix("tests/system/test_")[:-3] in THINNED:
                alike.setdefault(name, []).append(item)
        for cases in alike.values():
            kept = cases[:: -(-len(cases) // FEW)]
            items[:] = [item for item in items if item not in cases or item in kept]

    def pytest_runtestloop(self, session):
        """Ends the process."""
        code = 1
        try:
            self._items = session.items
            if self._measured:
                self._measure()
            self._play()
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            self._out.flush()
            os._exit(code)

    def _measure(self):
        """How long each test takes and what it reaches, without a mutant. All have to pass."""
        told, pid = self._forked(self._measure_each)
        for line in told:
            word, text = line.rstrip("\n").split(" ", 1)
            assert word in ("begins", "took"), f"without a mutant: {line}"
            if word == "took":
                name, seconds, reached = json.loads(text)
                self._durations[name] = seconds
                self._reached[name] = reached and {tuple(block) for block in reached}
        os.waitpid(pid, 0)
        self._items = [item for item in self._items if self._durations[item.nodeid] < SLOW_S]

    def _measure_each(self, say):
        reached = set()
        dialect.BUILTINS[blocks.TELLS] = lambda *block: reached.add(block)
        plain = Firmware.installed()
        texts = {f"/penfw/{name}.py": blocks.marked(name).encode() for name in mutants.MODULES}
        told = Firmware(tuple((path, texts.get(path, data)) for path, data in plain.files))
        for item in self._items:
            Firmware.installed = staticmethod(lambda: told)
            reached.clear()
            began_s = time.process_time()  # of this process alone: the machine may be busy
            reports = self._run(item, None)
            known = sorted(reached)
            if reports.failed or reports.misfit:  # it looks at the text itself
                Firmware.installed = staticmethod(lambda: plain)
                began_s, known = time.process_time(), None
                if self._run(item, None).failed:
                    say("fails", item.nodeid)
                    return
            say("took", json.dumps([item.nodeid, time.process_time() - began_s, known]))

    def _play(self):
        """Up to `jobs` forks side by side."""
        todo, running = list(self._todo), {}
        while todo or running:
            while todo and len(running) < self._jobs:
                running.update([self._begun(*todo.pop(0))])
            ready, _, _ = select.select([*running], [], [], 1.0)
            for pipe in list(running):
                one = running[pipe]
                if pipe in ready and not self._heard(pipe, one):
                    self._ended(running.pop(pipe))
                    pipe.close()
                elif time.monotonic() - one["heard_s"] > HANGS_S:
                    os.kill(one["pid"], signal.SIGKILL)
                    one["answer"] = {"killer": HANGS, **one["answer"]}

    def _begun(self, mutant, first, files):
        counter = self._kills.setdefault(mutant.module, Counter(first))
        items = [one for one in self._items if not files or one.nodeid.split("::")[0] in files]
        pipe, pid = self._forked(lambda say: self._judge(mutant, items, counter, say))
        now_s = time.monotonic()
        os.set_blocking(pipe.fileno(), True)
        return pipe, {
            "mutant": mutant, "pid": pid, "began_s": now_s, "heard_s": now_s, "answer": {},
        }  # fmt: skip

    def _heard(self, pipe, one):
        """One line of a fork; False at its end."""
        line = pipe.readline()
        one["heard_s"] = time.monotonic()
        if line.startswith("answer "):
            one["answer"].update(json.loads(line[7:]))
        assert not line.startswith("breaks "), f"{one['mutant']}: {line[7:]}"
        return bool(line)

    def _ended(self, one):
        os.waitpid(one["pid"], 0)
        mutant, answer = one["mutant"], one["answer"]
        killer = answer.get("killer", "")
        if "before" not in answer:
            killer = killer or "the process has died"
        if "::" in killer:
            self._kills[mutant.module][killer] += 1
        seconds = round(time.monotonic() - one["began_s"], 1)
        row = [*mutant[:3], answer.get("before", ""), answer.get("after", ""), killer, seconds]
        self._out.write(json.dumps(row) + "\n")
        self._out.flush()

    @staticmethod
    def _forked(work):
        """A fork that does `work(say)`; (what it says, its process)."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return os.fdopen(reading, "r", buffering=1), pid
        try:
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # pytest's own dots
            file = os.fdopen(writing, "w", buffering=1)
            try:
                work(lambda *words: print(*words, file=file))
            except BaseException as error:
                print("breaks", repr(error).replace("\n", " "), file=file)
            file.flush()
        finally:
            os._exit(0)

    # In a fork

    def _judge(self, mutant, items, counter, say):
        change = change_of(mutant)
        if change is None:
            say("answer", json.dumps({"before": "", "after": ""}))
            return
        say("answer", json.dumps({"before": change.before, "after": change.after}))
        self._items = items
        killer = self._killed_by(mutant, change.text, counter, say)
        say("answer", json.dumps({"killer": killer}))

    def _killed_by(self, mutant, text, counter, say):
        module = mutant.module

        def order(item):
            return -counter[item.nodeid], self._durations.get(item.nodeid, 0.0)

        unit = [item for item in self._items if module in _reach(item.module)]
        with_mutant = dict(Firmware.installed().files)
        with_mutant[f"/penfw/{module}.py"] = text.encode()
        firmware = Firmware(tuple(sorted(with_mutant.items())))
        Firmware.installed = staticmethod(lambda: firmware)
        if unit:
            own = dict(sys.modules)
            with TemporaryDirectory() as folder:
                try:
                    _load_mutant(module, text, Path(folder))
                except Exception:
                    return LOADING
                if killer := self._first_failure(sorted(unit, key=order), say):
                    return killer
            sys.path.remove(folder)
            sys.modules.update({name: one for name, one in own.items() if _is_firmware(name)})
        wanted = blocks.blocks_at(module, mutant.line)
        system = [item for item in self._items if item.module.__name__.startswith("tests.system")]
        system = [item for item in system if self._reaches(item, module, wanted)]
        return self._first_failure(sorted(system, key=order), say)

    def _reaches(self, item, module, wanted):
        reached = self._reached.get(item.nodeid)
        if reached is None or wanted is None:
            return True
        return any((module, first) in reached for first in wanted)

    def _first_failure(self, items, say):
        """Id of the first test that fails, or empty."""
        for item, following in pairwise([*items, None]):
            say("begins", item.nodeid)
            if self._run(item, following).failed:
                return item.nodeid
        return ""

    @staticmethod
    def _run(item, following):
        reports = _Reports()
        item.config.pluginmanager.register(reports)
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        item.config.pluginmanager.unregister(reports)
        return reports


class _Reports:
    """Whether a test has failed, or a planted change of its own did not fit any more."""

    failed = misfit = False

    def pytest_runtest_logreport(self, report):
        """Setup, call and teardown."""
        place = getattr(getattr(report.longrepr, "reprcrash", None), "path", "")
        if report.failed and place.endswith(PLANTS):
            self.misfit = True
        elif report.failed:
            self.failed = True


def _is_firmware(name):
    return name.split(".")[0] == "penfw"


def _load_mutant(module, text, folder):
    """Another `penfw`, from a folder with the mutant, and the tests' names bound to it."""
    package = folder / "penfw"
    package.mkdir()
    for path in mutants.FIRMWARE.iterdir():
        (package / path.name).symlink_to(path)
    (package / f"{module}.py").unlink()
    (package / f"{module}.py").write_text(text)
    for name in [name for name in sys.modules if _is_firmware(name)]:
        del sys.modules[name]
    sys.dont_write_bytecode = True  # the folder of compiled modules is shared
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    for test in [one for name, one in sys.modules.items() if name.startswith("tests.firmware.")]:
        for origin, name, bound in _imports(Path(test.__file__)):
            found = importlib.import_module(origin)
            if not hasattr(found, name):
                found = importlib.import_module(f"{origin}.{name}")
                setattr(test, bound, found)
            else:
                setattr(test, bound, getattr(found, name))
        for name, value in vars(test).items():
            if value == mutants.FIRMWARE:
                setattr(test, name, package)


def _imports(path, package="penfw"):
    """(module, name, bound name) of what a file imports from a package."""
    tree = ast.parse(path.read_text())
    return [
        (node.module, one.name, one.asname or one.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for one in node.names
    ]


def _named_files(test):
    """Modules of the firmware whose text a test reads, by the names of their files."""
    tree = ast.walk(ast.parse(Path(test.__file__).read_text()))
    words = {node.value for node in tree if isinstance(node, ast.Constant)}
    return {name for name in mutants.MODULES if f"{name}.py" in words}


_REACHED = {}


def _reach(test):
    """Names of the firmware's modules that a test of tests/firmware brings in, by any way; among
    them are paths of its helpers."""
    if not test.__name__.startswith("tests.firmware"):
        return ()
    if test not in _REACHED:
        reached, waiting = _named_files(test), [Path(test.__file__)]
        while waiting:
            path = waiting.pop()
            for origin, _name, _bound in _imports(path, "tests"):
                helper = ROOT / f"{origin.replace('.', '/')}.py"
                if helper not in reached and helper.exists():
                    reached.add(helper)
                    waiting.append(helper)
            for origin, name, _bound in _imports(path):
                parts = [origin.partition(".")[2] or name, name]
                for part in parts:
                    path = mutants.FIRMWARE / f"{part}.py"
                    if part not in reached and path.exists():
                        reached.add(part)
                        waiting.append(path)
        _REACHED[test] = reached
    return _REACHED[test]


class Sources:
    """A plugin of pytest: tells the hashes of all that is loaded once the tests are collected."""

    def __init__(self, out):
        self._out = out

    def pytest_runtestloop(self, session):
        """Ends the process."""
        paths = {Path(one.__file__) for one in [*sys.modules.values()] if _is_ours(one)}
        paths.add(Path(__file__))
        for folder in (mutants.FIRMWARE, ROOT / "simulator"):
            paths |= {path for kind in ("py", "pxd") for path in folder.rglob(f"*.{kind}")}
        played = {ROOT / file for file in FILES}
        hashes = {"": _hash(paths - played)}
        hashes.update((file, _hash([ROOT / file])) for file in FILES)
        self._out.write(json.dumps(hashes) + "\n")
        self._out.flush()
        os._exit(0)


def _hash(paths):
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _is_ours(module):
    """The firmware, the client of its link, the tests that are played, the mutants."""
    name = getattr(module, "__name__", "")
    ours = name.split(".")[0] in ("penfw", "penhost", "tests") or name == mutants.__name__
    return ours and str(getattr(module, "__file__", None) or "").endswith(".py")


def main(arguments):
    """Collects; the plugin ends the process."""
    assert Path(next(iter(penfw.__path__))).is_relative_to(ROOT), "another penfw is installed"
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what pytest says itself
    if arguments == ["--sources"]:
        plugin = Sources(out)
    else:
        rows = [json.loads(line) for line in sys.stdin]
        todo = [(Mutant(*row[:4]), *row[4:]) for row in rows]
        plugin = Play(int(arguments[0]), "--measured" in arguments, todo, out)
    os.chdir(ROOT)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return pytest.main([*options, *FILES], plugins=[plugin])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
