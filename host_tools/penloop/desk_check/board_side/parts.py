"""What the desk-check runs on the board, at its prompt. MicroPython; sent as text.

`PINS` goes before it: the pin map as a dict. Each function prints lines `name value`. Outputs are
driven one at a time, and are off again when a function returns, however it ends.
"""

import time

from machine import ADC, I2C, PWM, Pin

INPUTS = (
    ("TACHOMETER", Pin.PULL_UP),
    ("TOP_DEAD_CENTRE", Pin.PULL_UP),
    ("HOME_SWITCH", Pin.PULL_UP),
    ("CARTRIDGE_PRESENT", Pin.PULL_UP),
    ("BUTTON", Pin.PULL_UP),
    ("USB_POWER", Pin.PULL_DOWN),
)
STEP_US = 2500  # 400 steps a second
DRIVE_U16 = 13107  # a fifth of full drive
SAMPLES = 16
APART = 400  # counts between temperature and battery; a cell at 3.3 V and 25 C happen to agree
QUIET_MS = 2000  # a button that is held for a second is released by then
HOME_STEPS = 150  # the whole way and some more

inputs = [(name, Pin(PINS[name], Pin.IN, pull)) for name, pull in INPUTS]  # noqa: F821
shunt = ADC(Pin(PINS["SHUNT_ADC"]))  # noqa: F821
position = ADC(Pin(PINS["POSITION_ADC"]))  # noqa: F821
switched = ADC(Pin(PINS["SWITCHED_ADC"]))  # noqa: F821


def output(name):
    return Pin(PINS[name], Pin.OUT, value=0)  # noqa: F821


motor_pin = output("MOTOR_PWM")
load_switch = output("LOAD_SWITCH")


def mean(channel):
    return sum([channel.read_u16() for _ in range(SAMPLES)]) // SAMPLES


def levels():
    for name, pin in inputs:
        print(name, pin.value())


def watch(seconds):
    """Which inputs change within a time; ends once they have been quiet for QUIET_MS again."""
    was = [pin.value() for _name, pin in inputs]
    seen = []
    left_ms = seconds * 1000
    while left_ms > 0:
        for number, (name, pin) in enumerate(inputs):
            if pin.value() != was[number]:
                was[number] = 1 - was[number]
                left_ms = QUIET_MS
                if name not in seen:
                    seen.append(name)
        time.sleep_ms(2)
        left_ms -= 2
    print("changed", "+".join(seen) or "nothing")


def shaft(seconds):
    """Edges of the two shaft sensors while a hand turns the shaft, from the first one on."""
    tachometer, top = inputs[0][1], inputs[1][1]
    was = [tachometer.value(), top.value()]
    edges = [0, 0]
    left_ms = seconds * 1000
    while left_ms > 0:
        now = [tachometer.value(), top.value()]
        if now != was:
            if not edges[0] and not edges[1]:
                left_ms = min(left_ms, 3000)
            edges[0] += now[0] != was[0]
            edges[1] += now[1] != was[1]
            was = now
        time.sleep_ms(2)
        left_ms -= 2
    print("tachometer_edges", edges[0])
    print("top_edges", edges[1])


def light(name):
    output(name).value(1)


def dark(name):
    output(name).value(0)


def sound(on):
    PWM(Pin(PINS["BUZZER"]), freq=2000, duty_u16=32768 if on else 0)  # noqa: F821
    if not on:
        output("BUZZER")


def analogue():
    channel = output("ANALOGUE_SWITCH")
    time.sleep_ms(5)
    temperature = mean(switched)
    channel.value(1)
    time.sleep_ms(5)
    battery = mean(switched)
    channel.value(0)
    print("temperature", temperature)
    print("battery", battery)
    print("channels_differ", int(abs(temperature - battery) > APART))
    print("shunt", mean(shunt))
    print("position", mean(position))


def cartridge():
    bus = I2C(PINS["CARTRIDGE_I2C"], scl=Pin(PINS["CARTRIDGE_SCL"]), sda=Pin(PINS["CARTRIDGE_SDA"]))  # noqa: F821
    try:
        found = bus.scan()
    except OSError:
        found = []
    print("addresses", "+".join([hex(address) for address in found]) or "none")


def move(steps, deeper):
    step = output("STEP")
    output("STEP_DIRECTION").value(1 if deeper else 0)
    home = inputs[2][1]
    made = 0
    while made < steps and (deeper or home.value()):
        step.value(1)
        time.sleep_us(STEP_US // 2)
        step.value(0)
        time.sleep_us(STEP_US // 2)
        made += 1
    time.sleep_ms(20)
    return made


def axis():
    """Home, twenty steps deeper, and back."""
    enable = output("STEP_ENABLE")
    enable.value(1)
    try:
        move(HOME_STEPS, False)
        print("home", 1 - inputs[2][1].value())
        at_home = mean(position)
        move(20, True)
        print("left_home", inputs[2][1].value())
        print("travel", mean(position) - at_home)
        move(HOME_STEPS, False)
        print("returned", mean(position) - at_home)
    finally:
        enable.value(0)


def current(drive, closed):
    """Shunt reading above rest, with the drive and the load switch each on or off."""
    rest = mean(shunt)
    motor = PWM(motor_pin, freq=100000, duty_u16=0)
    total = 0
    count = 0
    try:
        motor.duty_u16(DRIVE_U16 if drive else 0)
        for turn in range(120):
            load_switch.value(turn & 1 if closed else 0)
            time.sleep_us(500)
            if turn >= 80:
                total += shunt.read_u16()
                count += 1
    finally:
        motor.duty_u16(0)
        motor.deinit()
        output("MOTOR_PWM")
        load_switch.value(0)
        time.sleep_ms(60)
    return total // count - rest


def drive_alone():
    print("current", current(True, False))


def load_switch_alone():
    print("current", current(False, True))


def both():
    print("current", current(True, True))
    print("drive_off", current(False, True))
    print("switch_off", current(True, False))
