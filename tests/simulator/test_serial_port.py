"""sim:// as any pyserial program uses it."""

import subprocess
import sys

import pytest
import serial

import pensim
from pensim.pen_url import PenUrl

ECHO = """
from machine import UART
import time

uart = UART(0, 115200)
while True:
    if uart.any():
        uart.write(uart.read())
    time.sleep_ms(1)
"""


@pytest.fixture
def echo(tmp_path):
    """A port with a board behind it that sends back what it gets."""
    (tmp_path / "main.py").write_text(ECHO)
    ports = []

    def open_port(**options):
        port = serial.serial_for_url(f"sim://?firmware={tmp_path}", **options)
        ports.append(port)
        port.sleep_us(10_000)
        return port

    yield open_port
    for port in ports:
        port.close()


def test_a_plain_pyserial_program_gets_a_pen():
    code = (
        "import serial, pensim\n"
        "port = serial.serial_for_url('sim://?zone=cheek&seed=7', timeout=0.5)\n"
        "port.write(b'hello?')\n"
        "port.read(10)\n"
        "print(port.now_us())\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) == pytest.approx(500_000, abs=10)


def test_what_is_written_comes_back(echo):
    port = echo(timeout=1)
    port.write(b"ping")
    assert port.read(4) == b"ping"


def test_bytes_take_their_time_on_the_line(echo):
    port = echo(timeout=1)
    start_us = port.now_us()
    port.write(b"x" * 100)
    assert port.read(100) == b"x" * 100
    line_us = 100 * 10 / 115_200 * 1e6
    assert line_us < port.now_us() - start_us < 2 * line_us + 5_000


def test_a_read_ends_with_its_time_out_in_virtual_time(echo):
    port = echo(timeout=0.25)
    start_us = port.now_us()
    assert port.read(1) == b""
    assert port.now_us() - start_us == 250_000


def test_a_read_gives_what_has_come_when_the_time_is_over(echo):
    port = echo(timeout=0.1)
    port.write(b"abc")
    assert port.read(10) == b"abc"


def test_a_program_that_polls_makes_progress(echo):
    port = echo(timeout=0)
    port.write(b"abc")
    polls = 0
    while port.in_waiting < 3:
        polls += 1
        assert polls < 1000
    assert port.read(3) == b"abc"
    assert port.read(1) == b""


def test_read_until_ends_at_the_line_s_end_and_at_the_time_out(echo):
    port = echo(timeout=0.5)
    port.write(b"one\ntwo")
    assert port.read_until() == b"one\n"
    start_us = port.now_us()
    assert port.read_until() == b"two"
    assert port.now_us() - start_us >= 500_000
    port.write(b"abcdef")
    assert port.read_until(size=2) == b"ab"


def test_flush_waits_until_the_board_has_everything(echo):
    port = echo()
    start_us = port.now_us()
    port.write(b"x" * 1000)
    port.flush()
    assert port.now_us() - start_us == pytest.approx(1000 * 10 / 115_200 * 1e6, rel=0.01)


def test_a_read_that_can_never_end_says_so(tmp_path):
    (tmp_path / "main.py").write_text("import machine\nmachine.lightsleep()\n")
    port = serial.serial_for_url(f"sim://?firmware={tmp_path}", timeout=None)
    port.bench.recorder._alarm.stop()
    with pytest.raises(serial.SerialException, match="nothing can happen"):
        port.read(1)


def test_a_named_pen_is_one_pen_on_two_ports():
    first = serial.serial_for_url("sim://left?seed=1")
    second = serial.serial_for_url("sim://left?port=usb")
    assert first.bench is second.bench
    first.close()
    second.sleep_us(1000)
    second.close()
    fresh = serial.serial_for_url("sim://left")
    assert fresh.now_us() == 0
    fresh.close()


def test_a_port_that_is_open_already_is_busy():
    first = serial.serial_for_url("sim://right")
    with pytest.raises(serial.SerialException, match="busy"):
        serial.serial_for_url("sim://right")
    first.close()


def test_two_pens_without_a_name_are_two_pens():
    first, second = serial.serial_for_url("sim://"), serial.serial_for_url("sim://")
    assert first.bench is not second.bench
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sim://?zone=elbow", "zone='elbow': choose"),
        ("sim://?engine=lua", "engine='lua': choose cpython"),
        ("sim://?speed=3", "no option 'speed'"),
        ("sim://?seed=many", "seed='many' is not a number"),
        ("sim://?pace=-1", "must not be negative"),
        ("sim://?operator=/nowhere.toml", "cannot read the operator's script"),
        ("sim://?firmware=/nowhere", "no firmware in /nowhere"),
    ],
)
def test_a_wrong_url_is_one_line_that_names_the_remedy(url, words):
    with pytest.raises(serial.SerialException, match=words) as caught:
        serial.serial_for_url(url)
    assert "\n" not in str(caught.value)


def test_a_port_that_is_closed_cannot_be_read():
    port = serial.serial_for_url("sim://")
    port.close()
    with pytest.raises(serial.SerialException):
        port.read(1)


def test_a_firmware_that_ends_leaves_the_board_in_its_repl(tmp_path):
    (tmp_path / "main.py").write_text("import time\ntime.sleep(1)\n1 // 0\n")
    uart = serial.serial_for_url(f"sim://ended?firmware={tmp_path}", timeout=3)
    usb = serial.serial_for_url("sim://ended?port=usb", timeout=1)
    assert uart.read(1) == b""
    printed = usb.read_until(b">>> ")
    assert b"ZeroDivisionError" in printed
    assert printed.endswith(b"\r\n>>> ")
    uart.close()
    usb.close()


def test_the_options_of_a_url_are_read():
    url = PenUrl.parse("sim://pen?zone=nose&seed=7&pace=1&engine=micropython")
    assert (url.name, url.zone, url.seed, url.pace, url.engine) == (
        "pen", "nose", 7, 1.0, "micropython",
    )  # fmt: skip


def test_the_link_runs_over_usb_on_a_board_that_usb_powers(tmp_path):
    from penhost import Pen

    script = tmp_path / "usb.toml"
    script.write_text('[[step]]\nat = "0 s"\ndo = "usb_power"\n')
    with Pen(f"sim://?port=usb&operator={script}") as pen:
        assert pen.info.product == "penloop"
        assert pen.get("depth").value == 500


def test_importing_pensim_is_what_registers_the_scheme():
    assert "pensim.urlhandler" in serial.protocol_handler_packages
    assert pensim.Bench
