"""docs/hardware.md and its picture say what the pin maps and the constants say."""

import importlib.util
import re
from xml.etree import ElementTree

import pytest

from penfw import faults, pins_esp32, pins_pico, states
from penfw.button import SERVICE_MS
from pensim.firmware import Firmware
from pensim.plant.presets import PENS
from tests.house.hardware_document import (
    DOCUMENT,
    number,
    pins_of,
    pulls_of_the_firmware,
    script,
    section,
    table,
    value_in_code,
    wiring,
)
from tests.house.sources import ROOT

MAPS = {"pico": pins_pico, "esp32": pins_esp32}
PREFIX = {"pico": "GP", "esp32": "GPIO"}
IN_THE_PICTURE = {"pico": "GP", "esp32": "IO"}
PULLED_UP = ("TACHOMETER", "TOP_DEAD_CENTRE", "HOME_SWITCH", "CARTRIDGE_PRESENT", "BUTTON")
I2C = ("CARTRIDGE_SDA", "CARTRIDGE_SCL")  # MicroPython pulls them up
MUST_BE_LOW = ("MOTOR_PWM", "LOAD_SWITCH", "STEP", "STEP_DIRECTION", "STEP_ENABLE")

# Where the boards bring their pins out: Raspberry Pi Pico, GP number by header pin.
PICO_HEADER = {
    1: 0, 2: 1, 4: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8, 12: 9, 14: 10, 15: 11, 16: 12, 17: 13,
    19: 14, 20: 15, 21: 16, 22: 17, 24: 18, 25: 19, 26: 20, 27: 21, 29: 22, 31: 26, 32: 27, 34: 28,
}  # fmt: skip
# ESP32-DevKitC, GPIO numbers of both rows from pin 1; None is no GPIO.
J1 = (None, None, 36, 39, 34, 35, 32, 33, 25, 26, 27, 14, 12, None, 13, 9, 10, 11, None)
J2 = (None, 23, 22, 1, 3, 21, None, 19, 18, 5, 17, 16, 4, 0, 2, 15, 8, 7, 6)
HEADERS = {
    "pico": {str(pin): gpio for pin, gpio in PICO_HEADER.items()} | {"on the board": 24},
    "esp32": {
        f"{name}-{pin}": gpio
        for name, row in (("J1", J1), ("J2", J2))
        for pin, gpio in enumerate(row, 1)
    },
}

both_boards = pytest.mark.parametrize("board", MAPS)


@pytest.fixture(scope="module")
def drawing():
    """tools/wiring_picture.py as a module."""
    path = ROOT / "tools" / "wiring_picture.py"
    spec = importlib.util.spec_from_file_location("wiring_picture", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Wiring tables


@both_boards
def test_every_pin_stands_in_the_board_s_table_with_its_number(board):
    found = {signal: row["GPIO"] for signal, row in wiring(board).items()}
    wanted = {signal: f"{PREFIX[board]}{pin}" for signal, pin in pins_of(MAPS[board]).items()}
    assert found == wanted


@both_boards
def test_the_board_pin_is_where_the_board_brings_that_gpio_out(board):
    pins = pins_of(MAPS[board])
    found = {signal: HEADERS[board].get(row["board pin"]) for signal, row in wiring(board).items()}
    assert found == pins


@both_boards
def test_pulls_inside_are_those_that_the_firmware_switches_on(board):
    wanted = pulls_of_the_firmware() | dict.fromkeys(I2C, "up")
    if board == "esp32":
        del wanted["USB_POWER"]  # its pin has none, see below
    found = {}
    for signal, row in wiring(board).items():
        if match := re.search(r"inside: (\w+)", row["pull"]):
            found[signal] = match.group(1)
    assert found == wanted


@both_boards
def test_an_open_wire_or_a_booting_board_finds_a_resistor_outside(board):
    rows = wiring(board)
    for signal in PULLED_UP + I2C + ("LINK_RX", "POSITION_ADC", "SHUNT_ADC"):
        assert re.search(r"outside: [\d.]+ [kM]Ω up", rows[signal]["pull"]), signal
    for signal in MUST_BE_LOW:
        assert "outside: 4.7 kΩ down" in rows[signal]["pull"], signal


@both_boards
def test_link_and_cartridge_bus_name_their_peripheral(board):
    rows = wiring(board)
    for signal in ("LINK_TX", "LINK_RX"):
        assert f"UART{MAPS[board].LINK_UART}" in rows[signal]["to"]
    for signal in I2C:
        assert f"I2C{MAPS[board].CARTRIDGE_I2C}" in rows[signal]["to"]


def test_the_motor_s_pwm_shares_its_slice_with_no_other_pwm():
    pins = pins_of(pins_pico)
    slices = {signal: pin >> 1 & 7 for signal, pin in pins.items()}
    rows = wiring("pico")
    for signal in ("MOTOR_PWM", "BUZZER"):
        assert f"PWM slice {slices[signal]}" in rows[signal]["why"]
    assert slices["MOTOR_PWM"] != slices["BUZZER"]
    beside = [name for name, number in slices.items() if number == slices["MOTOR_PWM"]]
    assert beside == ["MOTOR_PWM", "LOAD_SWITCH", "LED_BLUE"]
    assert f"slice {slices['LED_BLUE']}" in rows["LED_BLUE"]["why"]


def test_pins_of_the_esp32_with_a_second_duty_are_told():
    rows = wiring("esp32")
    for signal, pin in pins_of(pins_esp32).items():
        why = rows[signal]["why"]
        assert pin not in range(6, 12), f"{signal} is on a pin of the flash"
        assert ("strapping pin" in why) == (pin in (0, 2, 5, 12, 15)), signal
        assert ("input only, no pull inside" in why) == (pin >= 34), signal
        assert ("WROVER" in why) == (pin in (16, 17)), signal
        assert not (signal.endswith("_ADC") and pin < 32), f"{signal} is not on ADC1"


# Figures


def test_every_figure_is_that_of_the_code():
    rows = table(section("Figures that the firmware expects"), "figure")
    assert len(rows) >= 30
    for row in rows:
        assert float(row["value"]) == value_in_code(row["stands in"]), row["figure"]


def one_shot():
    """Rows of the two tables of the load switch, by their first column."""
    text = section("The load switch")
    parts = {row["part"]: row["value"] for row in table(text, "part")}
    times = {row["case"]: row["time"] for row in table(text, "case")}
    return parts, times


def rc_ms():
    """The time constant: two equal resistors parallel, two equal capacitors in series."""
    parts, _ = one_shot()
    resistance_ohm = number(parts["R1, R2"]) * 1e6 / 2
    return resistance_ohm * number(parts["C1, C2"]) * 1e-9 / 2 * 1e3


@pytest.mark.verifies("R-301")
def test_the_one_shot_s_time_follows_from_its_parts():
    _, times = one_shot()
    factors = [key for key in times if key.startswith("K = ")]
    assert len(factors) == 3
    for key in factors:
        assert number(times[key]) == pytest.approx(number(key) * rc_ms(), abs=0.05), key


@pytest.mark.verifies("R-301", "R-803")
def test_the_one_shot_holds_over_a_late_tick_and_is_open_before_flash_is_written():
    _, times = one_shot()
    low, high = (factor * rc_ms() * spread for factor, spread in ((0.45, 0.891), (0.55, 1.111)))
    wanted = times["wanted, by the simulator's `ONE_SHOT_US`"]
    assert low < number(wanted) < high
    assert number(wanted) * 1000 == value_in_code("`pensim/electronics.py` `ONE_SHOT_US`")
    assert low > value_in_code("`penfw/control.py` `_DEADLINE_US`") / 1000 + 4
    failed_ms = number(times["one timing part failed, worst case"])
    assert failed_ms == pytest.approx(2 * high, abs=1)
    assert failed_ms < value_in_code("`penfw/flash_window.py` `OPEN_MS`")
    assert number(times["the firmware writes flash after, `OPEN_MS`"]) > failed_ms


def test_what_has_to_fit_before_calibration_is_said_in_volts():
    text = section("Figures that the firmware expects")
    band_V = value_in_code("`penfw/selftest.py` `ROUGH_CURRENT_MA`") / 1000 * 0.5
    assert f"{0.75 - band_V:.2f} to {0.75 + band_V:.2f} V" in text
    band_V = value_in_code("`penfw/control_setup.py` `ROUGH_MISMATCH_UM`") / 1000
    lowest_V = value_in_code("`penfw/watch.py` `_POSITION_LOW`") * 3.3 / 65535
    assert f"between {lowest_V:.1f} V and {0.4 + band_V:.1f} V" in text


def test_the_rescue_by_the_button_has_the_firmware_s_times():
    text = section("When the board does not answer")
    assert f"keep it held for {SERVICE_MS[0] // 1000} to {SERVICE_MS[1] // 1000} s" in text


# First power-up


def lines_of(bench):
    """What a script has printed, {name: number}."""
    usb = bench.board.serial.lines[2]
    usb.connected = True
    bench.run(3.0)
    lines = usb.take(1000).decode().splitlines()
    return {re.sub(r" -?\d+ \w+$", "", line): number(line) for line in lines}


def test_the_script_finds_both_stop_paths_with_the_dummy_load(make_bench):
    firmware = Firmware((("/main.py", script()),))
    found = lines_of(make_bench(firmware=firmware, parameters=PENS["dummy load"]))
    rows = table(section("First power-up"), "line")
    assert list(found) == [row["line"] for row in rows]
    assert found["PWM alone"] == pytest.approx(found["both off"], abs=5)
    assert found["load switch alone"] == pytest.approx(found["both off"], abs=5)
    assert found["both on"] - found["both off"] == pytest.approx(45, abs=8)
    assert 25 <= found["opens after"] <= 45


def test_the_script_has_the_pins_of_the_pico():
    numbers = re.findall(rb"Pin\((\d+)", script())
    pins = (pins_pico.LOAD_SWITCH, pins_pico.MOTOR_PWM, pins_pico.SHUNT_ADC)
    assert [int(text) for text in numbers] == list(pins)
    pins = (pins_esp32.LOAD_SWITCH, pins_esp32.MOTOR_PWM, pins_esp32.SHUNT_ADC)
    assert "ESP32: pins {}, {}, {} and `ADC(Pin({})".format(*pins, pins[2]) in DOCUMENT.read_text()


def test_without_a_cell_battery_critical_is_the_only_fault(make_bench):
    bench = make_bench(calibrated=False)
    bench.operator.hazard("battery_open")
    bench.operator.usb_power()
    bench.run(2.0)
    assert bench.signal("state") == states.FAULT
    assert bench.signal("faults") == 1 << faults.BATTERY_CRITICAL


def test_with_a_cell_and_no_calibration_the_pen_homes_and_waits(make_bench):
    bench = make_bench(calibrated=False)
    bench.run(2.0)
    assert (bench.signal("state"), bench.signal("faults")) == (states.SELF_TEST, 0)


# The picture, and the way to the page


def test_the_picture_is_what_its_tool_draws(drawing):
    found = drawing.PICTURE.read_text(encoding="utf-8")
    assert found == drawing.picture(), "run: python tools/wiring_picture.py"


@both_boards
def test_the_picture_names_every_pin_of_the_board(drawing, board):
    labels = [element for element in ElementTree.parse(drawing.PICTURE).iter()
              if element.get("data-signal")]  # fmt: skip
    names = {label.text for label in labels if not label.get("data-board")}
    found = {label.get("data-signal"): label.text for label in labels
             if label.get("data-board") == board}  # fmt: skip
    pins = pins_of(MAPS[board])
    assert found == {signal: f"{IN_THE_PICTURE[board]}{pin}" for signal, pin in pins.items()}
    assert names == set(pins)


def test_the_page_is_found_and_its_links_lead_somewhere():
    for name in ("README.md", "docs/architecture.md"):
        assert "hardware.md)" in (ROOT / name).read_text(), name
    text = DOCUMENT.read_text()
    headings = re.findall(r"^## (.*)$", text, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) == anchors
    for target in re.findall(r"\]\(([\w/.]+)\)", text):
        assert (DOCUMENT.parent / target).exists(), target
