"""No file of the repository names a registry or this machine."""

from pathlib import Path

import pytest

from tests.house.addresses import machine_addresses
from tests.house.sources import ROOT, report, repository_files

HERE = (f"{ROOT}/", f"{Path.home()}/")


def text_of(path: Path) -> str:
    """The file as text; nothing of a picture or another binary."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode(errors="replace")


def test_no_file_names_a_registry_or_this_machine():
    found = []
    for path in repository_files():
        found += report(path, machine_addresses(text_of(path), HERE))
    assert found == []


@pytest.mark.parametrize(
    "parts",
    [
        ("see https://", "pypi", ".org/simple"),
        ("registry.", "npmjs", ".org"),
        ("pip install --", "index-url", " x"),
        ("cd /", "home", "/someone/penloop"),
        ('path = "/', "Users", '/someone"'),
        ("in /", "root", "/x"),
    ],
)
def test_address_is_noticed(parts):
    assert len(machine_addresses("".join(parts))) == 1


@pytest.mark.parametrize(
    "line",
    ["penloop info --port /dev/ttyACM0", "see out/demo/", "docs/work/notes.md", "PyPI has it"],
)
def test_harmless_line_passes(line):
    assert machine_addresses(line) == []
