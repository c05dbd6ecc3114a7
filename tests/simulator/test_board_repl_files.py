"""mpremote on the virtual board: files over the REPL, power cuts and resets on the way."""

import hashlib

import pytest
import serial
from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

import pensim.urlhandler  # noqa: F401 (makes sim:// known)

IDLE = "import time\nprint('main')\n"
CONTENT = bytes(range(256)) * 5 + b"end"  # five pages and a bit


@pytest.fixture
def transport(tmp_path):
    """Opens mpremote's transport on a bare board's USB serial."""
    (tmp_path / "main.py").write_text(IDLE)
    opened = []

    def open_transport(engine="cpython"):
        made = SerialTransport(f"sim://?port=usb&engine={engine}&firmware={tmp_path}")
        made.is_pty = True  # a read waits in virtual time; without it mpremote naps and looks
        opened.append(made)
        return made

    yield open_transport
    for made in opened:
        made.serial.close()


def board_of(transport):
    return transport.serial.bench.board


def test_mpremote_enters_executes_and_leaves(transport, engine):
    remote = transport(engine)
    remote.enter_raw_repl()
    assert remote.exec("x = 6\nprint('out')") == b"out\r\n"
    assert remote.eval("x * 7") == 42
    with pytest.raises(TransportExecError, match="ValueError: no"):
        remote.exec("raise ValueError('no')")
    remote.exit_raw_repl()
    assert remote.read_until(1, b">>> ").endswith(b"\r\n>>> ")
    remote.enter_raw_repl(soft_reset=False)
    assert remote.eval("x") == 6
    remote.use_raw_paste = False
    remote.exec("y = 7")
    assert remote.eval("x + y") == 13


def test_mpremote_s_file_functions_work(transport, engine):
    remote = transport(engine)
    remote.enter_raw_repl()
    remote.fs_mkdir("/versions")
    remote.fs_mkdir("/versions/a b")
    remote.fs_writefile("/versions/a b/f.bin", CONTENT)
    assert remote.fs_readfile("/versions/a b/f.bin") == CONTENT
    digest = hashlib.sha256(CONTENT).digest()
    assert remote.fs_hashfile("/versions/a b/f.bin", "sha256") == digest
    assert remote.fs_stat("/versions/a b/f.bin").st_size == len(CONTENT)
    assert remote.fs_isdir("/versions")
    assert not remote.fs_exists("/versions/none")
    remote.fs_touchfile("/versions/empty")
    names = [(row.name, row.st_mode, row.st_size) for row in remote.fs_listdir("/versions")]
    assert names == [("a b", 0x4000, 0), ("empty", 0x8000, 0)]
    remote.fs_rmfile("/versions/empty")
    with pytest.raises(FileNotFoundError):
        remote.fs_rmfile("/versions/empty")
    with pytest.raises(TransportExecError, match="OSError: 39"):  # not empty
        remote.fs_rmdir("/versions")


def test_a_module_written_over_the_repl_can_be_imported_at_once(transport, engine):
    remote = transport(engine)
    remote.enter_raw_repl()
    remote.fs_mkdir("/v")
    remote.fs_writefile("/v/part.py", b"name = 'first'")
    remote.exec("import sys\nsys.path.insert(0, '/v')\nimport part")
    assert remote.eval("part.name") == "first"
    remote.fs_writefile("/v/part.py", b"name = 'second'")
    remote.enter_raw_repl()
    remote.exec("import sys\nsys.path.insert(0, '/v')\nimport part")
    assert remote.eval("part.name") == "second"


def test_mpremote_works_as_it_comes(transport):
    remote = transport()
    remote.is_pty = False
    remote.enter_raw_repl()
    assert remote.eval("1 + 1") == 2


def test_the_power_may_be_cut_at_every_flash_operation(transport):
    cuts = 0
    while write_with_cut(transport(), cuts):
        cuts += 1
    assert cuts == 7  # the file's creation, five whole pages, the rest


def write_with_cut(remote, after):
    """Writes a file; the power goes after so many operations. Returns whether it went."""
    board = board_of(remote)
    remote.enter_raw_repl()
    board.files.cut_power(after, kept_bytes=100)
    try:
        remote.fs_writefile("/f", CONTENT)
    except serial.SerialException:
        kept = max(after - 1, 0) * 256 + (100 if 0 < after < 6 else 3 if after == 6 else 0)
        assert (board.flash.files.get("/f") or b"") == CONTENT[:kept]
        assert ("/f" in board.flash.files) == (after > 0)
        board.power_on()
        remote.serial.timeout = 1
        assert remote.serial.read_until(b"main\r\n").endswith(b"main\r\n")
        remote.serial.timeout = None
        remote.enter_raw_repl()
        assert remote.eval("sum([1 for name in __import__('os').listdir() if name == 'f'])") == (
            1 if after else 0
        )
        return True
    assert board.flash.files["/f"] == CONTENT
    return False


@pytest.mark.parametrize("act", ["os.rename('/a', '/b')", "os.remove('/a')", "os.mkdir('/d')"])
def test_an_erasure_that_is_cut_has_not_happened(transport, engine, act):
    remote = transport(engine)
    board = board_of(remote)
    remote.enter_raw_repl()
    remote.fs_touchfile("/a")
    board.files.cut_power(0)
    with pytest.raises(serial.SerialException, match="no power"):
        remote.exec("import os\n" + act)
    assert not board.powered
    board.power_on()
    remote.enter_raw_repl()
    assert [row.name for row in remote.fs_listdir("/")] == ["a", "main.py", "settings_a"]
    remote.exec("import os\n" + act)


def test_a_board_without_power_drives_nothing_and_is_silent(transport):
    remote = transport()
    board = board_of(remote)
    remote.enter_raw_repl()
    remote.exec("from machine import Pin, Timer, WDT\nPin(2, Pin.OUT, value=1)\nWDT(timeout=500)")
    remote.exec("t = Timer(period=1, callback=lambda t: None)")
    uart_timeout_s = 1
    board.power_off()
    assert board.gpio.level(2) == 0
    remote.serial.bench.run(uart_timeout_s)
    assert board.boots == 2  # power-up and a soft reset; no watchdog bit
    with pytest.raises(serial.SerialException, match="no power"):
        remote.serial.read(1)


@pytest.mark.parametrize("way", ["machine.reset()", "machine.soft_reset()"])
def test_the_port_stays_open_over_a_reset(transport, engine, way):
    remote = transport(engine)
    port = remote.serial
    port.timeout = 1
    remote.enter_raw_repl()
    remote.exec_raw_no_follow("import machine\n" + way)
    assert port.read_until(b">").endswith(b">")
    assert remote.serial.is_open
    remote.enter_raw_repl()
    assert remote.eval("1 + 1") == 2


def test_polling_a_silent_usb_port_passes_a_frame_a_look(transport):
    port = transport().serial
    port.sleep_us(1_000_000)
    port.reset_input_buffer()
    before_us = port.now_us()
    assert port.in_waiting == 0
    assert port.now_us() - before_us == 1_000
    port.write(b"5\r")
    assert port.in_waiting
    assert port.now_us() - before_us < 1_200
