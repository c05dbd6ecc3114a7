"""The steps of the desk-check, as data: what runs on the board, and what a person does.

What is right comes from the twin: each step runs on the board and on the simulator, and the
readings have to agree within the tolerance that stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

WAIT_S = 20  # for a person's act
EXACT = 0
COUNTS = 1500  # of 65,536: parts differ from pen to pen by so much
TRAVEL = 500  # 0.5 mm is about 9,930 counts of the position sensor
REST = 400  # a current of nothing, in counts of the shunt amplifier
LOAD = 300  # a fifth of full drive on 10 ohm is about 780 counts, at any charge of the cell
# Levels that depend on where nose and shaft happen to stand, and on the cartridge.
EITHER = {"TACHOMETER": 1, "TOP_DEAD_CENTRE": 1, "HOME_SWITCH": 1, "CARTRIDGE_PRESENT": 1}


@dataclass(frozen=True)
class Step:
    """One part: code that prints readings, a person's act or view, tolerances by reading."""

    name: str
    code: str
    tolerances: Mapping[str, float] = field(default_factory=dict)  # others are EXACT
    act: str = ""  # what a person does meanwhile, a key of PROMPTS
    question: str = ""  # what a person has to have noticed
    after: str = ""  # code that ends it
    parts: str = ""  # what to look at when it fails


PROMPTS = {
    "press": "press the button and hold it for a second",
    "cartridge": "put a cartridge in, or take it off",
    "shaft": "turn the motor's shaft by hand, one turn or a little more, needles off",
}

STEPS = (
    Step("inputs at rest", "levels()", EITHER,
         parts="pull-ups, wires of the inputs"),
    Step("button", f"watch({WAIT_S})", act="press", parts="BUTTON"),
    Step("cartridge switch", f"watch({WAIT_S})", act="cartridge", parts="CARTRIDGE_PRESENT"),
    Step("shaft sensors", f"shaft({WAIT_S})", {"tachometer_edges": 4, "top_edges": 2},
         act="shaft", parts="TACHOMETER, TOP_DEAD_CENTRE"),
    Step("red light", "light('LED_RED')", question="red", after="dark('LED_RED')",
         parts="LED_RED"),
    Step("green light", "light('LED_GREEN')", question="green", after="dark('LED_GREEN')",
         parts="LED_GREEN"),
    Step("blue light", "light('LED_BLUE')", question="blue", after="dark('LED_BLUE')",
         parts="LED_BLUE"),
    Step("buzzer", "sound(1)", question="buzzer", after="sound(0)", parts="BUZZER"),
    Step("analogue channels", "analogue()",
         {"temperature": 12000, "battery": 9000, "shunt": COUNTS, "position": 20000},
         parts="ANALOGUE_SWITCH, SHUNT_ADC, POSITION_ADC, SWITCHED_ADC"),
    Step("cartridge bus", "cartridge()", parts="CARTRIDGE_SDA, CARTRIDGE_SCL"),
    Step("depth axis", "axis()", {"travel": TRAVEL, "returned": TRAVEL},
         parts="STEP, STEP_DIRECTION, STEP_ENABLE, HOME_SWITCH, POSITION_ADC"),
    Step("drive alone: no current, the load switch is open", "drive_alone()",
         {"current": REST}, parts="LOAD_SWITCH, its one-shot"),
    Step("load switch alone: no current, the drive is off", "load_switch_alone()",
         {"current": REST}, parts="MOTOR_PWM, the bridge"),
)  # fmt: skip

WITH_LOAD = Step(
    "both stop paths on the dummy load", "both()",
    {"current": LOAD, "drive_off": REST, "switch_off": REST}, parts="MOTOR_PWM, LOAD_SWITCH",
)  # fmt: skip

ENDINGS = ("exception", "Ctrl-C")
# Both outputs on as far as is safe, the load switch open again before the drive begins; then a
# soft reset, which a PWM outlives, has to find them off. The marker leads back to the prompt.
ON_BEFORE_SOFT_RESET = """
import time
from machine import PWM, Pin
Pin(PINS['LOAD_SWITCH'], Pin.OUT, value=1)
time.sleep_ms(60)
PWM(Pin(PINS['MOTOR_PWM']), freq=100000, duty_u16=13107)
with open('/handover', 'w') as file:
    file.write('asked')
"""
# The levels that a start has left on both ways to the motor; reading configures nothing.
LEFT = (
    "from machine import Pin\n"
    "print('motor', Pin(PINS['MOTOR_PWM']).value())\n"
    "print('load_switch', Pin(PINS['LOAD_SWITCH']).value())"
)
