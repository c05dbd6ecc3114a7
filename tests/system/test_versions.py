"""A version on trial: what keeps it, what makes the board go back by itself. See main.py."""

from contextlib import suppress

import pytest

from penfw import states
from penhost import Pen, PenError
from penloop.errors import BoardError
from penloop.flashing.bundle import Bundle
from penloop.flashing.procedure import ask_for_prompt
from pensim import Bench, Firmware
from pensim.electronics import BARE
from pensim.serial_port import SimulatedPort
from tests.system.board_line import bench_of, board, flashed, with_changes
from tests.system.story import latched

BROKEN = {
    "raises at import": {"trial": ("PASSES = 100", "raise ValueError(7)\nPASSES = 100")},
    "is no Python": {"trial": ("PASSES = 100", "PASSES = = 100")},
    "raises in its main loop": {"button": ("def step(self", "def stop(self")},
    "hangs before its watchdog": {
        "startup": ("    pen = Pen(board)\n", "    while True:\n        hardware.sleep_ms(10)\n")
    },
    "does not answer on its link": {
        "link": ("    def _send(self):\n", "    def _send(self):\n        return\n")
    },
    "has no control interrupt": {"board": ("self._timer.init(", "(")},
}
STUCK = {"startup": ("            try_version()\n", "            hardware.sleep_ms(60000)\n")}
OTHER = {"rate": ('"""', '"""Other. ')}
PULSE_MA = 200  # no more flows than the pulses that prove the stop paths take
STANDBY, RUNNING = states.STANDBY, states.RUNNING


def two_versions(broken: Firmware) -> tuple[Firmware, Bundle, Bundle]:
    """A board on which a broken version was just put beside a good one."""
    good, bad = Bundle.of(Firmware.installed()), Bundle.of(broken)
    files = good.on_board() | bad.on_board()
    files["/version"] = f"{bad.hash} {good.hash} 0".encode()
    return Firmware(tuple(sorted(files.items()))), good, bad


def words(bench: Bench) -> list[str]:
    """What /version says."""
    return bench.board.flash.files["/version"].decode().split()


def run_to_the_end_of_the_trial(bench: Bench, seconds: float = 40.0) -> None:
    """Runs until the board has decided, with a host that asks it again and again."""
    while bench.now_s < seconds and words(bench)[2] != "kept":
        ask(bench)
        bench.run(0.5)


def ask(bench: Bench) -> None:
    """A host on the link, whether it is answered or not."""
    with suppress(PenError), Pen(SimulatedPort.on_bench(bench)) as pen:
        pen.status()


@pytest.mark.verifies("R-810")
@pytest.mark.parametrize("name", list(BROKEN))
def test_a_version_that_does_not_work_gives_way_to_the_one_before(name):
    firmware, good, _bad = two_versions(with_changes(BROKEN[name]))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [good.hash, "-", "kept"]
        bench.run(2.0)
        assert bench.signal("state") == STANDBY
        assert bench.board.boots == 3
        assert bench.trace()["plant.current"].max() < PULSE_MA


@pytest.mark.verifies("R-810")
def test_a_version_that_the_watchdog_bites_gives_way_at_once():
    firmware, good, _bad = two_versions(with_changes(STUCK))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [good.hash, "-", "kept"]
        assert bench.board.boots == 2
        assert latched(bench) == {"watchdog reset"}


def test_a_version_that_works_is_kept_in_its_first_start():
    firmware, good, other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [other.hash, good.hash, "kept"]
        assert bench.board.boots == 1
        assert bench.now_s < 7.0


@pytest.mark.verifies("R-211", "R-810")
def test_a_version_that_no_host_has_heard_gives_way_and_starts_no_treatment():
    firmware, good, _other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True) as bench:
        bench.operator.insert_cartridge()
        bench.run(2.0)
        bench.operator.click()
        bench.run(23.0)
        assert words(bench) == [good.hash, "-", "kept"]
        assert bench.board.boots == 3
        assert not bench.trace()["plant.strokes"].any()


def test_an_internal_error_keeps_no_version():
    raising = {
        "startup": ("    pen.start()\n", "    pen.start()\n    pen.control.raise_faults(1 << 8)\n")
    }
    firmware, good, _bad = two_versions(with_changes(raising))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench)[0] == good.hash


def test_a_bare_board_keeps_a_new_version_whatever_its_faults():
    firmware, good, other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True, wiring=BARE) as bench:
        bench.operator.unplug_sensors()
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [other.hash, good.hash, "kept"]
        assert bench.signal("faults")
        assert bench.board.boots == 1


@pytest.mark.verifies("R-811")
def test_power_cuts_during_the_trial_leave_one_of_the_two_versions():
    firmware, good, other = two_versions(with_changes(OTHER))
    for operation in range(12):
        with Bench(firmware=firmware, repl=True) as bench:
            bench.board.files.cut_power(operation)
            with suppress(PenError):
                run_to_the_end_of_the_trial(bench, 8.0)
            if not bench.board.powered:
                bench.board.files.cut_power(-2)
                bench.board.power_on()
            run_to_the_end_of_the_trial(bench, 20.0)
            bench.run(1.0)
            assert words(bench)[0] in (good.hash, other.hash)
            assert words(bench)[2] == "kept"
            assert bench.signal("state") == STANDBY


def test_after_the_trial_treatments_start_as_ever():
    firmware, _good, _other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True) as bench:
        bench.operator.insert_cartridge()
        run_to_the_end_of_the_trial(bench)
        bench.operator.click()
        bench.run(5.0)
        assert bench.signal("state") == RUNNING


def test_a_host_that_asks_gets_the_prompt_of_a_version_on_trial():
    firmware, _good, other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True) as bench:
        bench.run(1.0)
        with Pen(SimulatedPort.on_bench(bench)) as pen:
            pen.command("hand_over", 1)
        bench.run(2.0)
        assert words(bench) == [other.hash, words(bench)[1], "1"]
        assert bench.board.boots == 2
        with pytest.raises(PenError, match="nothing answers"):
            Pen(SimulatedPort.on_bench(bench))


@pytest.mark.verifies("R-811")
@pytest.mark.parametrize(
    "damaged", [b"", b"a b", b"a b c", b"\xff\xfe", b"0123456789abcdef - kept", None]
)
def test_a_damaged_version_file_still_starts_a_complete_version(damaged):
    firmware, good, bad = two_versions(with_changes(OTHER))
    files = dict(firmware.files)
    files.pop("/version") if damaged is None else files.update({"/version": damaged})
    with Bench(firmware=Firmware(tuple(sorted(files.items()))), repl=True) as bench:
        bench.run(2.0)
        assert bench.signal("state") == STANDBY
        assert words(bench)[0] in (good.hash, bad.hash)


def test_the_first_version_on_a_board_ends_at_the_prompt_when_it_does_not_work():
    bad = Bundle.of(with_changes(BROKEN["raises at import"]))
    with Bench(firmware=Firmware(tuple(bad.on_board("0").items())), repl=True) as bench:
        bench.run(5.0)
        assert words(bench) == [bad.hash, "-", "kept"]
        boots = bench.board.boots
        bench.run(5.0)
        assert bench.board.boots == boots


@pytest.mark.verifies("R-303")
def test_both_ways_to_the_motor_are_off_before_anything_of_a_version_can_fail():
    bad = Bundle.of(with_changes(BROKEN["raises at import"]))
    with board() as line:
        bench = bench_of(line)
        ask_for_prompt(line, lambda _text: None)
        bench.board.flash.files.clear()
        bench.board.flash.install(bad.on_board())
        with line.prompt() as prompt:
            prompt.exec(
                "from machine import PWM, Pin\nPWM(Pin(2), freq=100000, duty_u16=40000)\n"
                "Pin(3, Pin.OUT, value=1)"
            )
            assert bench.board.gpio.duty(2) == 40000
            prompt.exit_raw_repl()
            prompt.serial.write(b"\x04")
            prompt.read_until(1, b"soft reboot\r\n", 5.0)
            prompt.read_until(1, b">>> ", 5.0)
        assert bench.board.gpio.duty(2) == 0
        assert bench.board.gpio.level(3) == 0


def test_flash_tells_that_the_new_version_did_not_pass_its_trial():
    with board() as line:
        flashed(line)
        with line.pen() as pen:
            first = pen.info.firmware_hash
        broken = with_changes(BROKEN["raises at import"])
        with pytest.raises(
            BoardError, match=f"did not pass its trial; the pen went back to {first}"
        ):
            flashed(line, broken)
        with line.pen() as pen:
            assert pen.info.firmware_hash == first


def test_a_version_deaf_on_its_link_is_reported_and_given_up():
    with board() as line:
        flashed(line)
        deaf = with_changes(BROKEN["does not answer on its link"])
        with pytest.raises(BoardError, match="did not pass its trial; the pen went back to"):
            flashed(line, deaf)
        with line.pen() as pen:
            assert pen.info.firmware_hash == Bundle.of(Firmware.installed()).hash
