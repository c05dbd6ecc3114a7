"""What the control interrupt costs on the chip, derived from its source."""

import importlib.util
from pathlib import Path

import pytest

from penloop.mpy import NATIVE_MODULES

TOOL = Path(__file__).parents[2] / "tools" / "interrupt_cost.py"


@pytest.fixture(scope="module")
def tool():
    """tools/interrupt_cost.py as a module."""
    spec = importlib.util.spec_from_file_location("interrupt_cost", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weigh(tool, tmp_path, source):
    """Cost of the function `f` of a source text."""
    (tmp_path / "m.py").write_text(source)
    sources = tool.Sources(tmp_path, ("m",))
    return tool.Scale(sources, {}).function("f")


def test_the_table_in_the_documents_is_what_the_source_gives(tool):
    text = tool.TABLE.read_text()
    assert text.startswith(tool.table(tool.measure())), "run: python -m tools.interrupt_cost"


@pytest.mark.verifies("R-804")
def test_the_worst_tick_fits_its_budget_as_native_code(tool):
    found = tool.measure()
    for name, (cost, _functions) in found.items():
        if name.startswith("tick"):
            assert cost.native <= tool.BUDGET_NATIVE, name


def test_every_module_that_is_compiled_to_native_code_is_of_the_interrupt(tool):
    reached = {name for _cost, functions in tool.measure().values() for name in functions}
    for module in NATIVE_MODULES:
        assert reached & tool.Sources(modules=(module,)).functions.keys(), module


@pytest.mark.verifies("R-804")
def test_the_edge_handlers_fit_their_share_of_a_millisecond(tool):
    found = tool.measure()
    tachometer, top = (found[name][0].native for name in ("tachometer_edge",
                                                          "top_dead_centre_edge"))  # fmt: skip
    assert 0.15 * (6 * tachometer + top) <= tool.EDGE_BUDGET


def test_an_operation_more_costs_more(tool, tmp_path):
    short = weigh(tool, tmp_path, "def f(a, b):\n    a.x = a.y + b\n")
    longer = weigh(tool, tmp_path, "def f(a, b):\n    a.x = a.y + b + b\n")
    assert short.bytecode == pytest.approx(1.7 + 1.6 + 2.4)
    assert longer.bytecode == pytest.approx(short.bytecode + 1.6)


def test_of_two_branches_the_dearer_counts_and_a_return_ends_the_way(tool, tmp_path):
    source = "def f(a):\n    if a:\n        return a.x.y.z\n    a.x = 1\n"
    assert weigh(tool, tmp_path, source).bytecode == pytest.approx(0.3 + 3 * 1.7)


def test_a_loop_costs_its_turns(tool, tmp_path):
    source = "def f(a):\n    for b in a:  # <= 4 turns\n        a.x = b\n"
    assert weigh(tool, tmp_path, source).bytecode == pytest.approx(4 * (2.0 + 2.4))


def test_a_construct_without_a_weight_is_refused(tool, tmp_path):
    with pytest.raises(ValueError, match="no weight"):
        weigh(tool, tmp_path, "def f(a):\n    return [b for b in a]\n")


def test_the_readme_quotes_the_worst_path(tool):
    worst = max(c.native for name, (c, _) in tool.measure().items() if name.startswith("tick"))
    assert f"Its worst path is {worst:.0f} us" in (tool.ROOT / "README.md").read_text()
