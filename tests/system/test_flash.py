"""`penloop flash` on a simulated board: what it does, what survives, and power cuts everywhere."""

import io
from contextlib import suppress

import pytest
from mpremote.transport import TransportExecError
from rich.console import Console
from serial import SerialException
from serial.tools import list_ports

from penfw import settings, states, store
from penhost import PenError
from penloop.cli import run
from penloop.errors import BoardError, UserError
from penloop.flashing.bundle import Bundle
from penloop.flashing.discovery import only_board
from penloop.flashing.installer import Installer
from penloop.flashing.line import Line, Prompt
from penloop.flashing.procedure import ask_for_prompt, at_prompt, roll_back
from penloop.flashing.target import Target, check
from penloop.rehearsal import BATTERY, own_settings, rehearse
from pensim import Firmware
from tests.system.board_line import bench_of, board, flashed, tiny_firmware, with_changes

OTHER = {"rate": ('"""', '"""Another version. ')}


def identity(line):
    with line.pen() as pen:
        return pen.info


def test_the_pen_reports_the_hash_of_the_bundle_that_was_flashed():
    with board() as line:
        flashed(line)
        assert identity(line).firmware_hash == Bundle.of(Firmware.installed()).hash


def test_compiled_modules_run_on_real_micropython():
    with board("engine=micropython") as line:
        said = flashed(line)
        bundle = Bundle.of(Firmware.installed(), "x64")
        assert f"bundle {bundle.hash} (x64" in said
        assert identity(line).firmware_hash == bundle.hash
        files = bench_of(line).board.flash.files
        assert f"{bundle.directory}/penfw/control.mpy" in files


def test_settings_and_the_pens_other_files_survive():
    with board() as line:
        with line.pen() as pen:
            pen.set({"depth": "0.75mm", "buzzer": 0})
            pen.wait(1.0)
        files = bench_of(line).board.flash.files
        files["/removed"] = b"1234\n"
        files["/blackbox"] = b"the last faults"
        flashed(line)
        with line.pen() as pen:
            assert (pen.get("depth").value, pen.get("buzzer").value) == (750, 0)
        assert files["/blackbox"] == b"the last faults"
        assert "/removed" in files


def test_roll_back_returns_to_the_version_before_and_forth_again():
    with board() as line:
        flashed(line)
        first = identity(line).firmware_hash
        flashed(line, with_changes(OTHER))
        second = identity(line).firmware_hash
        assert second != first
        for wanted in (first, second):
            console = Console(file=io.StringIO())
            roll_back(line, console)
            assert identity(line).firmware_hash == wanted


def test_only_the_current_and_the_previous_version_stay_on_the_board(tmp_path):
    with board() as line:
        hashes = []
        for text in ("one", "two", "three"):
            flashed(line, with_changes({"rate": ('"""', f'"""Version {text}. ')}))
            hashes.append(identity(line).firmware_hash)
        names = {path.split("/")[2] for path in files_of(line) if path.startswith("/versions/")}
        assert names == set(hashes[1:])


def files_of(line):
    return bench_of(line).board.flash.files


def test_a_pen_in_a_treatment_parks_before_it_hands_over():
    with board(port="uart") as line:
        bench = bench_of(line)
        bench.run(1.0)
        bench.operator.click()
        bench.run(0.5)
        bench.operator.touch("cheek")
        bench.run(1.0)
        with line.pen() as pen:
            pen.command("hand_over", 1)
        asked_s = bench.now_s
        bench.run(2.0)
        trace = bench.trace()
        assert bench.board.boots == 2
        assert "/intended" in files_of(line)
        moving = trace.time_s[trace["plant.rate"] != 0]
        assert moving[-1] - asked_s < 0.7
        assert bench.board.gpio.level(5) == 0  # top dead centre


def test_what_a_handed_over_board_is_asked_for_60_s_is_not_cut_short_by_a_watchdog():
    with board() as line:
        ask_for_prompt(line, lambda _text: None)
        with line.prompt() as prompt:
            start_us = line.clock.now_us()
            number = 0
            while line.clock.now_us() - start_us < 60_000_000:
                prompt.fs_writefile(f"/copy_{number % 4}", bytes(2048), 512)
                prompt.run("import time\ntime.sleep_ms(500)", 5.0)
                number += 1
            assert prompt.read_file("/copy_0") == bytes(2048)
        assert bench_of(line).board.boots == 2


@pytest.mark.verifies("R-806")
def test_the_watchdog_of_a_pen_that_runs_cannot_be_stopped():
    with board() as line:
        bench = bench_of(line)
        bench.run(1.0)
        starts = bench.board.boots
        bench.board.processor.wake_us = 1 << 60  # the main loop never goes on
        bench.run(3.0)
        assert bench.board.boots > starts


def test_a_damaged_copy_is_noticed_and_the_old_version_stays(monkeypatch):
    write = Installer._write

    def spoiled(installer, path, content, progress):
        write(installer, path, content + b"!" if path.endswith("axis.py") else content, progress)

    with board() as line:
        flashed(line)
        first = identity(line).firmware_hash
        monkeypatch.setattr(Installer, "_write", spoiled)
        with pytest.raises(BoardError, match=r"axis.py is not on the board as it was sent"):
            flashed(line, with_changes(OTHER))
        assert line.after_reset(lambda: identity(line)).firmware_hash == first


def test_this_firmware_passes_its_rehearsal_and_is_flashed():
    with board() as line:
        said = flashed(line, rehearsal=True)
        assert said.count("passed: ") == len(BATTERY)
        assert "failed" not in said
        assert identity(line).firmware_hash == Bundle.of(Firmware.installed()).hash


def test_a_version_that_fails_the_rehearsal_is_not_copied():
    broken = with_changes({"treatment": ("self.starting = True", "self.starting = False")})
    with board() as line:
        with pytest.raises(BoardError, match="the rehearsal failed, so nothing was copied"):
            flashed(line, broken, rehearsal=True)
        assert not any(path.startswith("/versions") for path in files_of(line))
        assert line.after_reset(lambda: identity(line)).firmware_hash == "source"


def test_the_rehearsal_uses_the_boards_own_settings():
    with board() as line:
        with line.pen() as pen:
            pen.set({"stroke_rate": "60Hz", "depth": "0.1mm"})
            pen.wait(1.0)
        ask_for_prompt(line, lambda _text: None)
        with line.prompt() as prompt:
            slots = Installer(prompt).settings()
        own = own_settings(slots)
        assert own["stroke_rate"] == 60000
        assert "shunt_zero" not in own
        assert set(own) <= {row[0] for row in settings.SETTINGS}


def test_a_fault_that_the_version_before_did_not_report_brings_that_one_back():
    faulty = with_changes(
        {
            "startup": (
                "    pen.start()\n",
                "    pen.start()\n    pen.control.raise_faults(1 << 9)\n",
            )
        }
    )
    with board() as line:
        flashed(line)
        first = identity(line).firmware_hash
        with pytest.raises(BoardError, match="settings corrupt, which the one before did not"):
            flashed(line, faulty)
        assert identity(line).firmware_hash == first


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--board", "esp32"], "--board esp32 was asked for, but a Raspberry Pi Pico"),
        (["--mpy"], "takes no .mpy"),
        (["--rollback"], "no version to go back to"),
    ],
)
def test_what_the_board_cannot_do_is_said_before_anything_is_copied(capsys, options, text):
    assert run(["flash", "--port", "sim://?port=usb", *options]) != 0
    error = capsys.readouterr().err
    assert text in error
    assert "Traceback" not in error


def test_a_port_without_a_prompt_says_where_the_prompt_is_and_the_treatment_goes_on():
    with board("zone=cheek", port="uart") as line:
        bench = bench_of(line)
        bench.run(1.0)
        bench.operator.click()
        bench.run(0.5)
        with pytest.raises(PenError, match="connect the board's own USB"):
            flashed(line)
        bench.run(1.0)
        assert bench.signal("state") == states.RUNNING


# Power cuts. Each goes through the whole sequence on a small firmware, one flash operation later
# each time, until one is complete.


def cut_after(line: Line, source, operations: int) -> bool:
    """Copies and switches, the power cut after some operations; whether it was cut."""
    bench = bench_of(line)
    try:
        with line.prompt() as prompt:
            put_on(bench, prompt, Firmware.from_directory(source), operations)
    except (BoardError, PenError, OSError):
        pass
    cut = not bench.board.powered
    if not cut:
        bench.board.power_off()
    return cut


def put_on(bench, prompt, firmware, operations):
    """What flashing does at the prompt, the power cut after some operations."""
    bench.board.files.cut_power(operations)
    bundle = Bundle.of(firmware)
    installer = Installer(prompt)
    installer.install(bundle, lambda _count: None)
    installer.switch(bundle)
    installer.put_main(bundle)
    installer.sweep()


def told_after_power_up(line: Line) -> str:
    """What the board says on its USB serial after power comes back."""
    bench = bench_of(line)
    bench.board.files.cut_power(-2)  # no more cuts
    bench.board.power_on()
    bench.run(0.5)
    return line.port.read(4000).decode()


@pytest.mark.parametrize("starts_with", ["foreign", "flashed"])
def test_after_a_power_cut_at_any_flash_operation_a_complete_version_starts(tmp_path, starts_with):
    old, new = tiny_firmware(tmp_path, "old"), tiny_firmware(tmp_path, "new")
    seen = []
    operations = 0
    cut = True
    while cut:
        with board(f"firmware={old}") as line:
            bench = bench_of(line)
            install_by_hand(bench, old if starts_with == "flashed" else None)
            bench.board.power_off()
            bench.board.flash.files["/handover"] = b"asked"
            bench.board.power_on()
            bench.run(0.3)
            cut = cut_after(line, new, operations)
            seen.append(told_after_power_up(line))
        operations += 1
    assert operations > 15
    wrong = [(number, text) for number, text in enumerate(seen) if text.count("version ") != 1]
    assert wrong == []
    assert "version old" in seen[0]
    assert "version new" in seen[-1]
    names = ["new" if "version new" in text else "old" for text in seen]
    assert names == sorted(names, reverse=True)  # old up to one operation, new from there on


def install_by_hand(bench, source):
    """The board as an earlier flash has left it, or with files copied by hand."""
    if source is not None:
        bundle = Bundle.of(Firmware.from_directory(source))
        bench.board.flash.files.clear()
        bench.board.flash.install(bundle.on_board())


def test_after_a_power_cut_in_the_real_bundle_the_pen_answers():
    with board() as line:
        flashed(line)
        first = identity(line).firmware_hash
        other = with_changes(OTHER)
        total = operations_of(line, other)
        wanted = {first, Bundle.of(other).hash}
        for share in (0.0, 0.3, 0.6, 0.9, 0.985, 0.995):
            ask_for_prompt(line, lambda _text: None)
            bench = bench_of(line)
            with pytest.raises(BoardError), at_prompt(line) as prompt:
                put_on(bench, prompt, other, round(share * total))
            bench.board.files.cut_power(-2)
            bench.board.power_on()
            assert line.after_reset(lambda: identity(line)).firmware_hash in wanted


def operations_of(line: Line, firmware: Firmware) -> int:
    """Flash operations that flashing this firmware takes, on a board of its own."""
    with board() as other:
        flashed(other)
        before = bench_of(other).board.files.operations
        flashed(other, firmware)
        return bench_of(other).board.files.operations - before


@pytest.mark.parametrize(
    ("platform", "machine", "board_name"),
    [
        ("rp2", "Raspberry Pi Pico with RP2040", "pico"),
        ("rp2", "Raspberry Pi Pico2 with RP2350", "pico2"),
        ("esp32", "Generic ESP32 module with ESP32", "esp32"),
        ("rp2", "Raspberry Pi Pico W with RP2040", ""),
        ("rp2", "Pimoroni Tiny 2040 with RP2040", ""),
        ("esp32", "Generic ESP32S3 module with ESP32S3", ""),
        ("esp32", "Generic ESP32C3 module with ESP32C3", ""),
        ("esp32", "Generic ESP32 module with SPIRAM with ESP32", ""),
        ("rp2", "Raspberry Pi Pico 2 W with RP2350", ""),
        ("stm32", "PYBv1.1 with STM32F405RG", ""),
    ],
)
def test_a_board_is_known_by_what_it_says_of_itself(platform, machine, board_name):
    target = Target(platform, (1, 28, 0), machine, 0)
    if board_name:
        assert target.board() == board_name
        return
    with pytest.raises(BoardError, match="no pin map"):
        target.board()


def mpy(version, architecture):
    """sys.implementation._mpy of a board."""
    return architecture << 10 | 3 << 8 | version


@pytest.mark.parametrize(
    ("mpy", "architecture"),
    [
        (mpy(6, 4), "armv6m"),
        (mpy(6, 7), "armv7emsp"),
        (mpy(6, 10), "xtensawin"),
        (mpy(5, 4), "source"),
        (0, "source"),
    ],
)
def test_the_architecture_is_read_from_what_the_board_can_load(mpy, architecture):
    assert Target("rp2", (1, 28, 0), "Raspberry Pi Pico", mpy).architecture == architecture


def test_another_board_on_the_same_chip_is_flashed_as_the_one_that_is_named():
    assert Target("rp2", (1, 28, 0), "Pimoroni Tiny 2040 with RP2040", 0).board("pico") == "pico"
    with pytest.raises(BoardError):
        Target("rp2", (1, 28, 0), "Pimoroni Tiny 2040 with RP2040", 0).board("pico2")


class OldPrompt:
    """A prompt whose timers know no `hard`."""

    def exec(self, _code):
        raise TransportExecError(b"", "Traceback\nTypeError: extra keyword arguments given\n")


def test_a_micropython_without_hard_timers_is_refused_in_clear_words():
    old = Target("rp2", (1, 25, 0), "Raspberry Pi Pico with RP2040", 0)
    with pytest.raises(BoardError, match=r"1.25.0 .* too old: its timers have no hard"):
        check(OldPrompt(), old, "")


@pytest.mark.parametrize("commands", [0, 1, 3, 10, 40, 100, 160, 170, 180, 184, 188])
def test_after_a_cable_was_pulled_the_same_command_goes_through(monkeypatch, commands):
    """The board keeps its power, at its prompt; or it has been asked, and waits there."""
    left = commands
    execute = Prompt.exec_raw

    def pulled(prompt, command, *arguments, **options):
        nonlocal left
        left -= 1
        if left < 0:
            raise SerialException("device disconnected")
        return execute(prompt, command, *arguments, **options)

    with board() as line:
        with monkeypatch.context() as cable:
            cable.setattr(Prompt, "exec_raw", pulled)
            with pytest.raises(BoardError, match="the board was lost"):
                flashed(line)
        flashed(line)
        assert identity(line).firmware_hash == Bundle.of(Firmware.installed()).hash


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize("count", [2, 60, 300, 1200, 4000, 9000])
def test_after_ctrl_c_at_any_moment_the_pen_runs_again(monkeypatch, kind, count):
    """Once it is at its prompt; before, nothing has happened to it."""
    left = count

    def interrupted(use):
        def wrapper(*arguments):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return use(*arguments)

        return wrapper

    with board() as line:
        with monkeypatch.context() as patched:
            patched.setattr(line.port, kind, interrupted(getattr(line.port, kind)), raising=False)
            with suppress(KeyboardInterrupt):
                flashed(line)
        info = line.after_reset(lambda: identity(line), 60.0)
        assert info.firmware_hash in ("source", Bundle.of(Firmware.installed()).hash)


class Plugged:
    """A serial port as the system lists it."""

    def __init__(self, device, vid, pid):
        self.device, self.vid, self.pid = device, vid, pid

    def __lt__(self, other):
        return self.device < other.device


PICO = Plugged("/dev/ttyACM0", 0x2E8A, 0x0005)
ESP32 = Plugged("/dev/ttyUSB0", 0x303A, 0x4001)
MOUSE = Plugged("/dev/ttyACM7", 0x046D, 0xC077)


def test_the_one_board_that_is_plugged_in_is_found(monkeypatch):
    monkeypatch.setattr(list_ports, "comports", lambda: [MOUSE, PICO])
    assert only_board() == "/dev/ttyACM0"


@pytest.mark.parametrize(
    ("ports", "said"), [([MOUSE], "no board found on USB"), ([PICO, ESP32], "several boards")]
)
def test_no_board_or_several_are_not_guessed_at(monkeypatch, ports, said):
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    with pytest.raises(UserError, match=said):
        only_board()


def test_settings_under_which_the_pen_cannot_treat_fail_the_rehearsal():
    slot = store.encode([row[3] for row in settings.SETTINGS], 1)
    weak = store.decode(slot)[1]
    weak[settings.index("current_limit")] = 300
    weak[settings.index("rate_kp")] = weak[settings.index("rate_ki")] = 0
    weak[settings.index("motor_constant")] = 8000
    results = dict(rehearse(Firmware.installed(), {"/settings_a": store.encode(weak, 2)}))
    assert results["starts and tests itself"] == ""
    assert results["treats at its rate and parks"]
