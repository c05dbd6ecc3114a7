"""A version on trial: what keeps it, what makes the board go back by itself. See main.py."""

import pytest

from penfw import states
from penhost import PenError
from penloop.errors import BoardError
from penloop.flashing.bundle import Bundle
from pensim import Bench, Firmware
from pensim.electronics import BARE
from tests.system.board_line import bench_of, board, flashed, with_changes
from tests.system.story import latched

BROKEN = {
    "raises at import": {"trial": ("PASSES = 100", "raise ValueError(7)\nPASSES = 100")},
    "is no Python": {"trial": ("PASSES = 100", "PASSES = = 100")},
    "raises in its main loop": {"button": ("def step(self", "def stop(self")},
    "hangs before its watchdog": {
        "startup": ("    pen = Pen(board)\n", "    while True:\n        hardware.sleep_ms(10)\n")
    },
    "does not answer on its link": {"link": ("self._reply_waits = True\n\n    #", "pass\n\n    #")},
    "has no control interrupt": {"board": ("self._timer.init(", "(")},
}
STUCK = {"startup": ("            try_version()\n", "            hardware.sleep_ms(60000)\n")}
OTHER = {"rate": ('"""', '"""Other. ')}
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
    """Runs until the board has decided."""
    while bench.now_s < seconds and words(bench)[2] != "kept":
        bench.run(0.5)


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_version_that_does_not_work_gives_way_to_the_one_before(name):
    firmware, good, bad = two_versions(with_changes(BROKEN[name]))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [good.hash, bad.hash, "kept"]
        bench.run(2.0)
        assert bench.signal("state") == STANDBY
        assert bench.board.boots == 3
        trace = bench.trace()
        assert not trace["plant.current"].any()


def test_a_version_that_the_watchdog_bites_gives_way_at_once():
    firmware, good, bad = two_versions(with_changes(STUCK))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [good.hash, bad.hash, "kept"]
        assert bench.board.boots == 2
        assert latched(bench) == {"watchdog reset"}


def test_a_version_that_works_is_kept_after_its_first_start():
    firmware, good, other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True) as bench:
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [other.hash, good.hash, "kept"]
        assert bench.board.boots == 1
        assert bench.now_s < 7.0


def test_a_bare_board_keeps_a_new_version_whatever_its_faults():
    firmware, good, other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True, wiring=BARE) as bench:
        bench.operator.unplug_sensors()
        run_to_the_end_of_the_trial(bench)
        assert words(bench) == [other.hash, good.hash, "kept"]
        assert bench.signal("faults")
        assert bench.board.boots == 1


def test_power_cuts_during_the_trial_leave_one_of_the_two_versions():
    firmware, good, other = two_versions(with_changes(OTHER))
    for operation in range(12):
        with Bench(firmware=firmware, repl=True) as bench:
            bench.board.files.cut_power(operation)
            bench.run(8.0)
            if not bench.board.powered:
                bench.board.files.cut_power(-2)
                bench.board.power_on()
                bench.run(8.0)
            assert words(bench)[0] in (good.hash, other.hash)
            assert words(bench)[2] == "kept"
            assert bench.signal("state") == STANDBY


def test_a_treatment_in_the_first_seconds_of_a_trial_is_not_cut_short():
    firmware, good, other = two_versions(with_changes(OTHER))
    with Bench(firmware=firmware, repl=True) as bench:
        bench.operator.insert_cartridge()
        bench.run(1.5)
        bench.operator.click()
        bench.run(14.0)
        assert bench.signal("state") == RUNNING
        assert words(bench)[2] == "1"  # flash is written with the motor off only
        bench.operator.click()
        bench.run(2.0)
        assert words(bench) == [other.hash, good.hash, "kept"]


def test_the_first_version_on_a_board_ends_at_the_prompt_when_it_does_not_work():
    bad = Bundle.of(with_changes(BROKEN["raises at import"]))
    with Bench(firmware=Firmware(tuple(bad.on_board("0").items())), repl=True) as bench:
        bench.run(5.0)
        assert words(bench) == [bad.hash, "-", "kept"]
        boots = bench.board.boots
        bench.run(5.0)
        assert bench.board.boots == boots


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
        with pytest.raises((BoardError, PenError)):
            flashed(line, deaf)
        bench = bench_of(line)
        bench.run(30.0)
        with line.pen() as pen:
            assert pen.info.firmware_hash == Bundle.of(Firmware.installed()).hash
