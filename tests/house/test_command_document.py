"""docs/commands.md tells every command and every option, and none that is not there."""

import pytest

from penloop.command_table import COMMANDS
from tests.house import command_document as document

WORDS = sorted(document.commands())


def remedy(words):
    return (
        f"docs/commands.md lacks `penloop {words}`: add a section '### penloop {words}' under the "
        "heading of its group in penloop/command_table.py, with an example in a code block that "
        f"begins '$ penloop {words}', and each option in backticks"
    )


@pytest.mark.parametrize("words", WORDS)
def test_each_command_has_a_section_with_an_example(words):
    text = document.sections().get(f"penloop {words}")
    assert text is not None, remedy(words)
    assert f"\n$ penloop {words}" in text, remedy(words)


@pytest.mark.parametrize("words", WORDS)
def test_each_option_is_told(words):
    text = document.sections().get(f"penloop {words}", "")
    told = document.told(text) | document.told(document.sections()[document.SHARED])
    missing = document.options(document.commands()[words]) - told
    assert not missing, f"section 'penloop {words}' lacks {sorted(missing)}; {remedy(words)}"


@pytest.mark.parametrize("words", WORDS)
def test_no_option_is_told_that_the_command_lacks(words):
    command = document.commands()[words]
    there = {spelling for one in command.params for spelling in (*one.opts, *one.secondary_opts)}
    table = document.sections().get(f"penloop {words}", "").partition("| option |")[2]
    first_cells = "\n".join(line.split("|")[1] for line in table.splitlines() if line[:2] == "| ")
    assert document.told(first_cells) <= there, f"section 'penloop {words}' of docs/commands.md"


def test_no_section_is_of_a_command_that_is_gone():
    told = {name.removeprefix("penloop ") for name in document.sections() if "penloop " in name}
    assert told == set(WORDS)


def test_the_groups_are_those_of_the_help():
    headings = [name for name in document.sections() if not name.startswith("penloop ")]
    assert headings == [document.SHARED, *COMMANDS]
