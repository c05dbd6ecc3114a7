"""The main loop's figures of the cartridge."""

import pytest

from penfw import cartridge, states
from tests.system.story import fault_names, pen_of


@pytest.mark.parametrize("kind", [cartridge.TREATMENT, cartridge.TEST])
@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (cartridge.INVALID, "cartridge invalid"), (cartridge.USED, "cartridge used"),
        (cartridge.EXPIRED, "cartridge expired"), (cartridge.FRESH, ""), (cartridge.SAME, ""),
        (cartridge.ABSENT, ""),
    ],
)  # fmt: skip
def test_a_treatment_needs_a_good_cartridge_that_is_for_treatment(part, found, fault, kind):
    pen = part.pen
    part.set(main_conditions=0)
    pen.cartridge.state, pen.cartridge.kind = found, kind
    pen.judge_cartridge()
    assert fault_names(part.control.main_faults) == ({fault} if fault else set())
    good = found in (cartridge.FRESH, cartridge.SAME) and kind == cartridge.TREATMENT
    assert bool(part.control.main_conditions & states.CARTRIDGE) == good


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("seated_ms", "read"), [(40, False), (80, True)])
def test_a_cartridge_is_read_once_it_has_sat_for_50_ms(make_bench, seated_ms, read, times):
    bench = make_bench()
    bench.run(1.0)
    bench.operator.insert_cartridge()
    if times == 2:
        bench.run(0.3)
        bench.operator.remove_cartridge()
        bench.run(0.3)
        bench.operator.insert_cartridge()
    pen = pen_of(bench)
    assert not pen.cartridge.serial
    while pen._inserted_ms < 0:
        bench.run(0.001)
    bench.run(seated_ms / 1000)
    assert bool(pen.cartridge.serial) == read


def test_a_holder_that_is_empty_tells_nothing_of_what_was_in_it(part):
    held = part.pen.cartridge
    words = (
        "serial", "needles", "kind", "max_depth_um", "strokes_allowed", "minutes_allowed",
        "strokes_used", "used_ms", "account", "open",
    )  # fmt: skip
    for word in words:
        setattr(held, word, 7)
    held.clear()
    assert [getattr(held, word) for word in words] == [0] * len(words)
    assert held.state == cartridge.ABSENT


@pytest.mark.verifies("R-417")
@pytest.mark.parametrize("state", [cartridge.FRESH, cartridge.SAME])
def test_no_run_begins_on_a_cartridge_that_is_used_up(part, state):
    held = part.pen.cartridge
    held.state, held.strokes_allowed, held.minutes_allowed = state, 10, 10
    held.strokes_used = 10
    assert not held.mark_used()
    assert held.state == cartridge.EXPIRED


@pytest.mark.parametrize("size", range(9))
def test_a_list_of_serials_that_is_none_is_read_as_empty(part, size):
    read = type(part.pen).step.__globals__["tables"].read
    assert read("cartridge_memory", "unpack_serials")(b"\x55" * size) == []


def test_the_account_goes_by_turns_to_its_two_places(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.5)
    content = bytes(bench.operator.cartridge.eeprom.content)
    sequences = [int.from_bytes(content[at : at + 2], "little") for at in (48, 64)]
    assert sequences == [2, 1]  # the end of the run, its beginning
