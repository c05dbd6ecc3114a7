"""The import directions hold, and each lint notices a breach."""

from pathlib import Path

import pytest

from tests.house.boundaries import (
    ALLOWED,
    BOARD_MODULES,
    CLOCK,
    ENGINE_MODULES,
    board_side_modules,
    clock_imports,
    forbidden_directions,
    foreign_imports,
    is_board_side,
    relative_imports,
)
from tests.house.sources import modules, report


def sources(*packages: str) -> list[tuple[str, Path]]:
    return [(package, path) for package in packages for path in modules(package)]


@pytest.mark.parametrize("package", ALLOWED)
def test_package_imports_only_in_its_direction(package):
    found = []
    for path in modules(package):
        found += report(path, forbidden_directions(path.read_text(), package))
    assert found == []


def test_every_import_names_its_package():
    found = []
    for _, path in sources(*ALLOWED):
        found += report(path, relative_imports(path.read_text()))
    assert found == []


def test_firmware_imports_only_what_the_boards_have():
    found = []
    for path in modules("penfw"):
        found += report(path, foreign_imports(path.read_text(), BOARD_MODULES | {"penfw"}))
    assert found == []


def test_board_side_of_the_simulator_imports_only_what_the_engines_have():
    known = BOARD_MODULES | ENGINE_MODULES | board_side_modules()
    found = []
    for path in filter(is_board_side, modules("pensim")):
        found += report(path, foreign_imports(path.read_text(), known))
    assert found == []


def test_only_the_clock_module_of_the_host_knows_wall_time():
    found = []
    for path in modules("penhost"):
        if path != CLOCK:
            found += report(path, clock_imports(path.read_text()))
    assert found == []


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("penfw", "import pensim"),
        ("penfw", "from penhost.pen import Pen"),
        ("pensim", "from penfw import control"),
        ("pensim", "import penfw"),
        ("pensim", "from penhost import link"),
        ("pensim", "def f():\n    import penloop.cli"),
        ("pensim", "import importlib\nimportlib.import_module('penfw.control')"),
        ("penhost", "from penfw.frames import FrameParser"),
        ("penhost", "import pensim.urlhandler"),
        ("penhost", "__import__('penloop')"),
    ],
)
def test_import_against_the_direction_is_noticed(package, line):
    assert len(forbidden_directions(line, package)) == 1


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("penfw", "from penfw import settings"),
        ("pensim", "from penfw.settings import SETTINGS"),
        ("penhost", "from penfw import protocol, settings"),
        ("penloop", "import pensim, penhost, penfw.control"),
        ("penhost", "import penfw_like"),
    ],
)
def test_import_along_the_direction_passes(package, line):
    assert forbidden_directions(line, package) == []


@pytest.mark.parametrize(
    "line", ["import typing", "from dataclasses import dataclass", "import json", "from . import x"]
)
def test_import_that_the_boards_lack_is_noticed(line):
    assert len(foreign_imports(line, BOARD_MODULES)) == 1


@pytest.mark.parametrize("line", ["from . import pen", "from .pen import Pen"])
def test_relative_import_is_noticed(line):
    assert len(relative_imports(line)) == 1


@pytest.mark.parametrize("line", ["import time", "from time import sleep", "import time as t"])
def test_wall_clock_is_noticed(line):
    assert len(clock_imports(line)) == 1
    assert clock_imports("from penhost.clock import Clock\nimport timeit") == []
