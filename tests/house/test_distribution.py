"""One distribution: declared, pinned, and installed in each of its three ways."""

import shutil
import zipfile

import pytest

from tests.house.boundaries import foreign_imports, is_board_side
from tests.house.distribution import (
    CONSTRAINT,
    Environment,
    build_wheel,
    copy_repository,
    direct_requirements,
    known_modules,
)
from tests.house.sources import PACKAGES, ROOT, modules, relative, report

CONSTRAINTS = [
    line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"
]

WHERE = "import {0}; print({0}.__file__)"
TWIN_MATCHES = """
import hashlib, pathlib
from pensim.plant import _kernel_compiled as twin, kernel
print(twin.SOURCE_SHA256 == hashlib.sha256(pathlib.Path(kernel.__file__).read_bytes()).hexdigest())
"""
TWIN_PRESENT = """
from importlib.util import find_spec
print(find_spec("pensim.plant._kernel_compiled") is not None)
"""

STRANGERS_TEST = """
def test_a_pen_starts(bench, operator, pen):
    operator.insert_cartridge()
    bench.run(1.0)
    assert pen.status().state == "READY"
"""


@pytest.fixture
def repository(tmp_path):
    """A copy whose kernel is compiled soon: what it is packed as is asked, not how fast it is."""
    copy = copy_repository(tmp_path / "repository")
    setup = copy / "setup.py"
    setup.write_text(setup.read_text().replace('"-O2"', '"-O0"'))
    return copy


@pytest.fixture
def environment(tmp_path):
    return Environment.create(tmp_path / "environment")


def test_constraints_are_names_and_versions_only():
    assert [line for line in CONSTRAINTS if not CONSTRAINT.fullmatch(line)] == []


def test_constraints_pin_every_direct_dependency():
    pinned = {line.split("==")[0] for line in CONSTRAINTS}
    assert direct_requirements() - pinned == set()


def test_packages_import_only_declared_dependencies():
    found = []
    for package in ("pensim", "penhost", "penloop"):
        for path in modules(package):
            if not is_board_side(path):
                found += report(path, foreign_imports(path.read_text(), known_modules()))
    assert found == []


def test_undeclared_dependency_is_noticed():
    assert len(foreign_imports("import seaborn.objects", known_modules())) == 1


def test_pure_wheel_carries_every_file_and_runs(repository, environment, tmp_path):
    expected = {
        path.relative_to(root.parent).as_posix()
        for root in (repository / relative(package) for package in PACKAGES.values())
        for path in root.rglob("*.*")
    }
    wheel = build_wheel(repository, tmp_path, PENLOOP_NO_COMPILE="1")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert expected - set(zipfile.ZipFile(wheel).namelist()) == set()
    environment.install(wheel)
    assert environment.evaluate(TWIN_PRESENT) == "False"
    assert_runs_from(environment, environment.root)


def test_platform_wheel_carries_the_twin_of_its_kernel(repository, environment, tmp_path):
    wheel = build_wheel(repository, tmp_path)
    assert not wheel.name.endswith("-any.whl")
    environment.install(wheel)
    assert environment.evaluate(TWIN_MATCHES) == "True"
    assert_runs_from(environment, environment.root)


def test_editable_install_builds_the_twin_beside_its_kernel(repository, environment):
    environment.install("--editable", repository)
    assert environment.evaluate(TWIN_MATCHES) == "True"
    assert_runs_from(environment, repository)


def test_install_without_a_compiler_runs_plain_python(repository, environment, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    environment.install("--editable", repository)
    assert environment.evaluate(TWIN_PRESENT) == "False"
    assert_runs_from(environment, repository)


def test_an_installed_wheel_gives_a_stranger_fixtures_and_scenario_files(
    repository, environment, tmp_path
):
    environment.install(build_wheel(repository, tmp_path, PENLOOP_NO_COMPILE="1"))
    (environment.root / "test_pen.py").write_text(STRANGERS_TEST)
    scenario = repository / "examples" / "scenarios" / "treatment.pen.toml"
    shutil.copy(scenario, environment.root / scenario.name)
    said = environment.run(environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "2 passed" in said
    assert "1 runs, 0 failed" in environment.run(
        environment.root / "bin" / "penloop", "run", scenario.name
    )


def assert_runs_from(environment, place):
    for package in ("pensim", "penhost", "penloop"):
        assert environment.evaluate(WHERE.format(package)).startswith(str(place))
    assert "penloop" in environment.run(environment.root / "bin" / "penloop", "--help")
