"""The hardware seam: the only module that touches `machine`, tick time and files."""

import os
import sys
import time
from binascii import hexlify

import micropython
from machine import ADC, I2C, PWM, UART, WDT, Pin, Timer, reset, reset_cause, unique_id

if sys.platform == "esp32":
    from penfw import pins_esp32 as pins
else:
    from penfw import pins_pico as pins

micropython.alloc_emergency_exception_buf(100)

PWM_HZ = 100000  # at 20 kHz the current ripple would be 1.9 A peak to peak
TICK_HZ = 1000
LINK_BAUD = 115200
RECEIVE_BYTES = 512
SEND_BYTES = 1024
FULL_US = SEND_BYTES * 11000000 // LINK_BAUD  # a full send buffer is sent long before
WATCHDOG_MS = 2000
WDT_RESET = 3
TICKS_MASK = 0x3FFFFFFF

BOARD_NAME = "esp32" if sys.platform == "esp32" else "pico"
HANDOVER_FILE = "/handover"  # sends the next start to the REPL, see main.py
INTENDED_FILE = "/intended"  # what main.py makes of it: the last reset was no watchdog's
VERSION_FILE = "/version"  # which version runs, see main.py

ticks_us = time.ticks_us
ticks_ms = time.ticks_ms
ticks_diff = time.ticks_diff
sleep_ms = time.sleep_ms


class Files:
    """Whole files on the flash. Writing stops the processor: with the motor off only."""

    def read(self, path):
        """Content, or None when there is no such file."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None

    def write(self, path, content):
        """Creates or replaces the file."""
        with open(path, "wb") as file:
            file.write(content)

    def replace(self, path, content):
        """As `write`, but a power cut leaves the old content or the new one."""
        self.write(path + ".new", content)
        os.rename(path + ".new", path)

    def part(self, path, at, size):
        """(bytes of the file, at most `size` of them from `at` on); (0, b"") without a file."""
        try:
            with open(path, "rb") as file:
                length = file.seek(0, 2)
                file.seek(at)
                return length, file.read(size)
        except OSError:
            return 0, b""

    def append(self, path, pieces, anew):
        """Writes some pieces behind what the file holds, or in its place."""
        with open(path, "wb" if anew else "ab") as file:
            for piece in pieces:
                file.write(piece)

    def remove(self, path):
        """Removes the file if it is there."""
        try:
            os.remove(path)
        except OSError:
            pass


class UartPort:
    """The link's UART with the room in its send buffer, which MicroPython does not tell."""

    def __init__(self):
        self._uart = UART(
            pins.LINK_UART,
            LINK_BAUD,
            tx=Pin(pins.LINK_TX),
            rx=Pin(pins.LINK_RX),
            rxbuf=RECEIVE_BYTES,
            txbuf=SEND_BYTES,
        )
        self.any = self._uart.any
        self.readinto = self._uart.readinto
        self._busy_until_us = ticks_us()

    def room(self):
        """Bytes that `write` takes without waiting."""
        now = ticks_us()
        left_us = ticks_diff(self._busy_until_us, now)
        if not 0 < left_us <= FULL_US:  # over; or long ago, and the difference has wrapped
            self._busy_until_us = now
            return SEND_BYTES
        return SEND_BYTES - left_us * (LINK_BAUD // 10) // 1000000 - 1

    def write(self, data):
        """Sends at most `room()` bytes; returns how many."""
        size = len(data)
        self.room()  # brings `_busy_until_us` up to now
        spent_us = size * 10000000 // LINK_BAUD + 1
        self._busy_until_us = time.ticks_add(self._busy_until_us, spent_us)
        return self._uart.write(data)


def link_port(on_usb):
    """The link's port; the other one is not even kept in memory."""
    if not on_usb:
        return UartPort()
    from penfw.usb_port import UsbPort

    return UsbPort()


class Board:
    """The pen's parts, made once at start; the interrupt binds the methods it needs."""

    def __init__(self):
        self.ticks_us = ticks_us
        self.motor = PWM(Pin(pins.MOTOR_PWM), freq=PWM_HZ, duty_u16=0)
        self.load_switch = Pin(pins.LOAD_SWITCH, Pin.OUT, value=0)
        self.tachometer = Pin(pins.TACHOMETER, Pin.IN, Pin.PULL_UP)
        self.top_dead_centre = Pin(pins.TOP_DEAD_CENTRE, Pin.IN, Pin.PULL_UP)
        self.step_pin = Pin(pins.STEP, Pin.OUT, value=0)
        self.step_direction = Pin(pins.STEP_DIRECTION, Pin.OUT, value=0)
        self.step_enable = Pin(pins.STEP_ENABLE, Pin.OUT, value=0)
        self.home_switch = Pin(pins.HOME_SWITCH, Pin.IN, Pin.PULL_UP)
        self.cartridge_present = Pin(pins.CARTRIDGE_PRESENT, Pin.IN, Pin.PULL_UP)
        self.button = Pin(pins.BUTTON, Pin.IN, Pin.PULL_UP)
        self.usb_power = Pin(pins.USB_POWER, Pin.IN, Pin.PULL_DOWN)
        self.analogue_switch = Pin(pins.ANALOGUE_SWITCH, Pin.OUT, value=1)
        self.shunt = ADC(Pin(pins.SHUNT_ADC))
        self.position = ADC(Pin(pins.POSITION_ADC))
        self.switched = ADC(Pin(pins.SWITCHED_ADC))
        self._leds = [
            Pin(number, Pin.OUT, value=0)
            for number in (pins.LED_RED, pins.LED_GREEN, pins.LED_BLUE)
        ]
        self._buzzer = PWM(Pin(pins.BUZZER), freq=2000, duty_u16=0)
        self.cartridge_bus = I2C(
            pins.CARTRIDGE_I2C, scl=Pin(pins.CARTRIDGE_SCL), sda=Pin(pins.CARTRIDGE_SDA)
        )
        self.files = Files()
        self.on_usb = self.usb_power.value()  # the link is where the prompt is
        self.link = link_port(self.on_usb)
        self._timer = Timer(pins.TIMER_ID)
        self._watchdog = None

    def start(self, tick, tachometer_edge, top_dead_centre_edge):
        """Starts the interrupts: the control tick and the two edge handlers."""
        hard = {"hard": True} if pins.HARD_TIMER else {}  # elsewhere the port does not know it
        edges = Pin.IRQ_RISING | Pin.IRQ_FALLING
        self.tachometer.irq(tachometer_edge, edges, **hard)
        self.top_dead_centre.irq(top_dead_centre_edge, Pin.IRQ_FALLING, **hard)
        self._timer.init(freq=TICK_HZ, callback=tick, **hard)

    def start_watchdog(self):
        """From here on `feed` has to come at least every 2 s; it cannot be stopped."""
        self._watchdog = WDT(timeout=WATCHDOG_MS)

    def feed(self):
        """Tells the watchdog that interrupt and main loop have both made progress."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def light(self, red, green, blue):
        """Switches the LED's colours on (non-zero) or off."""
        self._leds[0].value(1 if red else 0)
        self._leds[1].value(1 if green else 0)
        self._leds[2].value(1 if blue else 0)

    def buzz(self, frequency_hz):
        """Sounds the buzzer; 0 silences it."""
        if frequency_hz:
            self._buzzer.freq(frequency_hz)
        self._buzzer.duty_u16(32768 if frequency_hz else 0)


def pen_id():
    """Eight hexadecimal digits that tell this board from others."""
    return hexlify(unique_id()).decode()[-8:]


def bundle_hash():
    """Hash of the flashed bundle that runs, or "source" where no flasher has left one."""
    text = Files().read(VERSION_FILE)
    return text.decode().split()[0] if text else "source"


def keep_version():
    """The version that runs has passed its trial. Motor off only."""
    words = Files().read(VERSION_FILE).decode().split()
    Files().replace(VERSION_FILE, (" ".join(words[:2]) + " kept").encode())


def print_exception(error, link):
    """Shows what ended the main loop on the USB serial, unless that is the link."""
    if isinstance(link, UartPort):
        sys.print_exception(error)


def was_watchdog_reset():
    """Whether the watchdog has bitten. The firmware's own resets look alike, but leave a file."""
    files = Files()
    intended = files.read(INTENDED_FILE) is not None
    if intended:
        files.remove(INTENDED_FILE)
    return reset_cause() == WDT_RESET and not intended


def ignore_ctrl_c():
    """A second Ctrl-C must not break off what the first one has begun."""
    micropython.kbd_intr(-1)


def hand_over(how):
    """Resets the board into the REPL, with outputs off and no watchdog. Motor off only.

    `how` is b"asked", by a host, or b"failed": then a version on trial is started again instead.
    Where the flash is full it is a reset like the watchdog's.
    """
    try:
        Files().write(HANDOVER_FILE, how)
    finally:
        reset()


__all__ = ("Board", "sleep_ms", "ticks_diff", "ticks_ms", "ticks_us")
