"""The same firmware on CPython, MicroPython and 32-bit MicroPython: the same trace."""

from functools import partial

import pytest

from pensim import Bench
from pensim.engines import ENGINES
from pensim.errors import FirmwareError
from pensim.firmware import Firmware
from tests.system.fault_scenarios import SCENARIOS, linked
from tests.system.story import enter_service, latched


def treatment(bench):
    """Boot, start, skin, stop."""
    bench.operator.at(0.3, bench.operator.insert_cartridge)
    bench.run(1.0)
    bench.operator.click()
    bench.run(0.8)
    bench.operator.touch("cheek")
    bench.run(0.4)
    bench.operator.click()
    bench.run(0.6)


def jam(bench):
    """A run that ends with a stall and a park that fails."""
    bench.operator.at(0.3, bench.operator.insert_cartridge)
    bench.run(1.0)
    bench.operator.click()
    bench.run(0.8)
    bench.operator.touch("cheek")
    bench.operator.hazard("motor_jammed")
    bench.run(1.0)
    assert latched(bench) == {"stall", "park not reached"}


def settings_power_cuts(bench):
    """Power is cut in each operation of a settings write in turn, at last in none."""
    bench.run(0.5)
    operations = 3  # an erasure and two pages
    for operation in range(operations + 1):
        rate_mHz = 110_000 + 1000 * operation
        done = operation == operations
        with linked(bench) as pen:
            pen.set({"stroke_rate": rate_mHz})
            if not done:
                bench.board.files.cut_power(operation, kept_bytes=7)
            bench.run(0.4)
        assert bench.board.powered == done
        bench.board.power_on()
        bench.run(0.4)
        with linked(bench) as pen:
            assert pen.get("stroke_rate").value == (rate_mHz if done else 100_000)
    assert bench.board.boots == operations + 2


def trial_and_acknowledgement(bench):
    """Settings on trial go back by silence; a fault in SERVICE is cleared over the link."""
    enter_service(bench)
    with linked(bench) as pen:
        pen.command("trial", 1000)
        pen.set({"rate_kp": 20, "depth": 750})
        bench.run(1.5)
        assert pen.get("rate_kp").value == 10
        bench.operator.hazard("position_open")
        bench.run(3.5)
        bench.operator.hazard("position_open", False)
        bench.run(0.2)
        pen.command("acknowledge")
        bench.run(0.5)
        assert pen.cartridge().condition == "none"
    assert not latched(bench)


@pytest.mark.verifies("R-809")
@pytest.mark.parametrize("story", [treatment, jam, settings_power_cuts, trial_and_acknowledgement])
def test_all_engines_give_the_same_trace(make_bench, story):
    digests = {}
    for engine in ENGINES:
        bench = make_bench(engine=engine, seed=5)
        story(bench)
        digests[engine] = bench.trace().digest()
    assert len(set(digests.values())) == 1, digests


@pytest.mark.verifies("R-809")
@pytest.mark.parametrize("fault", SCENARIOS)
def test_all_engines_give_the_same_trace_of_a_fault(make_bench, fault):
    provoke, found = SCENARIOS[fault]
    digests = {}
    for engine in ENGINES:
        bench = provoke(partial(make_bench, engine=engine, seed=5))
        assert latched(bench) == found
        digests[engine] = bench.trace().digest()
    assert len(set(digests.values())) == 1, digests


def test_a_long_run_is_the_same_on_the_32_bit_engine(make_bench):
    digests = []
    for engine in ("cpython", "micropython32"):
        bench = make_bench(engine=engine)
        bench.operator.at(0.3, bench.operator.insert_cartridge)
        bench.run(1.0)
        bench.operator.click()
        bench.run(12.0)
        digests.append(bench.trace().digest())
    assert digests[0] == digests[1]


def test_another_seed_gives_another_trace(make_bench):
    digests = set()
    for seed in (1, 2):
        bench = make_bench(seed=seed)
        treatment(bench)
        digests.add(bench.trace().digest())
    assert len(digests) == 2


def script(tmp_path, text):
    path = tmp_path / "main.py"
    path.write_text(text)
    return Firmware.from_script(path)


def test_an_exception_arrives_with_the_firmware_s_traceback_and_the_virtual_time(
    tmp_path, engine, make_bench
):
    firmware = script(
        tmp_path, "import time\n\ndef f():\n    raise ValueError('x')\n\ntime.sleep_ms(5)\nf()\n"
    )
    with pytest.raises(FirmwareError) as caught:
        make_bench(firmware=firmware, engine=engine).run(1.0)
    assert "ValueError: x" in str(caught.value)
    assert "0.005" in str(caught.value)
    assert 'File "main.py", line 4, in f' in caught.value.traceback


def test_a_closed_bench_leaves_no_process(make_bench):
    bench = make_bench(engine="micropython")
    bench.run(0.1)
    process = bench.board.processor.engine._process
    bench.close()
    assert process.poll() is not None


def test_several_pens_live_in_one_process(make_bench):
    alone = make_bench(seed=1)
    treatment(alone)
    first, second = make_bench(seed=1), make_bench(seed=2)
    for bench in (first, second):
        bench.operator.at(0.3, bench.operator.insert_cartridge)
    for _ in range(10):
        first.run(0.1)
        second.run(0.1)
    assert isinstance(first, Bench)
    assert first.signal("state") == second.signal("state") == 2
    assert first.trace().digest() != second.trace().digest()
