"""A firmware that crashes or spins, an engine that dies or hangs, a simulator that is killed."""

import os
import re
import signal
import subprocess
import sys
import time
from textwrap import dedent

import pytest
import serial

from pensim.engines import hang_guard
from pensim.engines import micropython as lockstep
from pensim.errors import EngineError, FirmwareError
from pensim.firmware import Firmware

REAL = ("micropython", "micropython32")
SOON_S = 10.0  # wall time for a process to end


def main_py(text):
    """A firmware of one file."""
    return Firmware((("/main.py", dedent(text).encode()),))


def alive(process_id):
    """Whether a process runs, be it stopped; one that waits to be collected does not."""
    try:
        with open(f"/proc/{process_id}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends_soon(process_id):
    """Whether a process ends by itself."""
    deadline = time.monotonic() + SOON_S
    while alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(process_id)


@pytest.fixture(params=REAL)
def half_way(request, make_bench):
    """(bench, process of its engine) on each real engine, after 0.1 s."""
    bench = make_bench(engine=request.param)
    bench.run(0.1)
    return bench, bench.board.processor.engine._process


def test_an_engine_that_is_killed_is_an_error_with_the_virtual_time(half_way):
    bench, process = half_way
    process.kill()
    with pytest.raises(EngineError, match=r"engine ended unexpectedly at 0\.1\d+ s"):
        bench.run(0.3)
    assert process.returncode is not None


def test_an_engine_that_hangs_is_killed_and_told_with_the_virtual_time(half_way, monkeypatch):
    monkeypatch.setattr(hang_guard, "HANG_S", 0.3)
    monkeypatch.setattr(lockstep, "INTERRUPT_S", 0.1)
    bench, process = half_way
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(EngineError, match=r"gave no answer for 0\.3 s.* at 0\.1\d+ s"):
        bench.run(0.3)
    assert not alive(process.pid)


def test_a_bench_whose_engine_died_can_be_closed_and_others_go_on(half_way, make_bench):
    bench, process = half_way
    other = make_bench(engine=bench.engine)
    process.kill()
    with pytest.raises(EngineError):
        bench.run(0.3)
    bench.close()
    other.run(0.2)
    assert other.now_s == pytest.approx(0.2)


SPINNING = """
    import time
    def spin():
        while True:
            pass

    time.sleep_ms(5)
    spin()
"""


@pytest.mark.parametrize("engine", REAL)
def test_a_spin_without_a_board_call_is_ended_with_a_remedy(engine, make_bench, monkeypatch):
    monkeypatch.setattr(hang_guard, "HANG_S", 0.5)
    bench = make_bench(firmware=main_py(SPINNING), engine=engine)
    with pytest.raises(EngineError, match=r"at 0\.005\d+ s: .*a board call") as caught:
        bench.run(1.0)
    assert "\n" not in str(caught.value)
    if engine == "micropython":
        assert re.search(r'File "main.py", line [45], in spin', str(caught.value))


def test_a_spin_in_an_interrupt_is_ended_and_told(make_bench, monkeypatch):
    monkeypatch.setattr(hang_guard, "HANG_S", 0.5)
    text = """
        import time
        from machine import Timer
        def tick(timer):
            while True:
                pass

        timer = Timer(mode=Timer.ONE_SHOT, period=7, callback=tick, hard=True)
        time.sleep_ms(20)
    """
    bench = make_bench(firmware=main_py(text), engine="micropython")
    with pytest.raises(
        EngineError, match=r"no answer for .* in an interrupt at 0\.007\d+ s: .*a board"
    ):
        bench.run(1.0)


SIMULATOR = """
    import sys
    from pensim import Bench
    bench = Bench(engine=sys.argv[1])
    bench.run(0.1)
    print(bench.board.processor.engine._process.pid, flush=True)
    sys.stdin.readline()
    while True:
        bench.run(0.1)
"""


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("engine", REAL)
def test_an_engine_ends_when_its_simulator_is_killed(engine, busy):
    command = [sys.executable, "-c", dedent(SIMULATOR), engine]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as simulator:
        guest = int(simulator.stdout.readline())
        assert alive(guest)
        if busy:
            simulator.stdin.write(b"\n")
            simulator.stdin.flush()
            time.sleep(0.1)
        simulator.kill()
    assert ends_soon(guest)


PATIENT = """
    from pensim import Bench
    from pensim.engines import hang_guard
    hang_guard.HANG_S = 0.5
    bench = Bench(engine="micropython")
    while bench.now_s < 5.0:
        bench.run(0.05)
        print(bench.now_s, flush=True)
"""


def test_a_simulator_that_is_stopped_for_longer_than_a_hang_goes_on_as_before():
    command = [sys.executable, "-c", dedent(PATIENT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as simulator:
        for _ in range(3):
            simulator.stdout.readline()
            simulator.send_signal(signal.SIGSTOP)
            time.sleep(0.7)
            simulator.send_signal(signal.SIGCONT)
        assert float(simulator.stdout.read().split()[-1]) == pytest.approx(5.0)
    assert simulator.returncode == 0


CRASHES = {
    "at import": ("import helper\n", "def f(:\n", r"at 0\.0\d+ s: SyntaxError"),
    "by a missing module": ("import nothing\n", "", "ImportError: no module named 'nothing'"),
    "deep down": (
        "import helper, time\ntime.sleep_ms(5)\nhelper.fail()\n",
        "def fail():\n    return [][1]\n",
        r"at 0\.005\d+ s: IndexError",
    ),
}


@pytest.mark.parametrize("how", CRASHES)
def test_a_firmware_that_crashes_is_an_error_with_traceback_and_virtual_time(
    how, engine, make_bench
):
    main, helper, words = CRASHES[how]
    files = (("/helper.py", helper.encode()), ("/main.py", main.encode()))
    with pytest.raises(FirmwareError, match=words) as caught:
        make_bench(firmware=Firmware(files), engine=engine).run(1.0)
    assert "\n" not in str(caught.value)
    assert 'File "main.py", line ' in caught.value.traceback


@pytest.mark.parametrize("hard", [True, False])
def test_an_exception_in_an_interrupt_is_an_error_too(engine, hard, make_bench):
    text = f"""
        import time
        from machine import Timer
        def tick(timer):
            raise ValueError("in the interrupt")

        timer = Timer(mode=Timer.ONE_SHOT, period=7, callback=tick, hard={hard})
        time.sleep_ms(20)
        later = 1 // 0
    """
    bench = make_bench(firmware=main_py(text), engine=engine)
    with pytest.raises(FirmwareError, match=r"at 0\.00[78]\d+ s: ValueError: in the in") as caught:
        bench.run(1.0)
    assert 'File "main.py", line 5, in tick' in caught.value.traceback
    with pytest.raises(FirmwareError, match=r"at 0\.02\d+ s: ZeroDivisionError"):
        bench.run(1.0)  # the main loop goes on, as on the port


@pytest.mark.parametrize("part", ["SPI", "SoftSPI", "I2S", "I2CTarget", "bitstream"])
def test_a_part_of_machine_that_is_not_served_says_so(part, engine, make_bench):
    text = f"import machine\nmachine.{part}(0)\n"
    bench = make_bench(firmware=main_py(text), engine=engine)
    with pytest.raises(FirmwareError, match=f"NotImplementedError: .* no {part}: it has Pin"):
        bench.run(1.0)


def test_left_over_directories_of_killed_engines_are_removed(make_bench):
    bench = make_bench(engine="micropython")
    bench.run(0.1)
    engine = bench.board.processor.engine
    directory = engine._directory.name
    engine._process.kill()
    with pytest.raises(EngineError):
        bench.run(0.3)
    assert not os.path.exists(directory)


BROKEN = {
    "the program": ("1 // 0", r"the firmware stopped at 0\.0\d+ s: ZeroDivisionError"),
    "a callback": (
        "timer = Timer(period=7, callback=lambda timer: 1 // 0)\ntime.sleep_ms(50)",
        r"a callback of the firmware raised at 0\.0\d+ s: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_host_on_the_link_learns_what_ended_the_firmware(what, engine, tmp_path):
    text, words = BROKEN[what]
    (tmp_path / "main.py").write_text(f"import time\nfrom machine import Timer\n{text}\n")
    port = serial.serial_for_url(f"sim://?firmware={tmp_path}&engine={engine}", timeout=1)
    with port, pytest.raises(serial.SerialException, match=words) as caught:
        port.read(1)
    assert "\n" not in str(caught.value)


def test_a_host_at_the_prompt_reads_the_traceback_there(tmp_path):
    (tmp_path / "main.py").write_text("1 // 0\n")
    with serial.serial_for_url(f"sim://?port=usb&firmware={tmp_path}", timeout=1) as port:
        assert b"ZeroDivisionError" in port.read_until(b">>> ")
