"""Pin map of ESP32 development boards (GPIO numbers); SERVICE bench use only (see docs).

The ESP32 port's timer is always soft, so a tick can be late by a garbage collection.
"""

TIMER_ID = 0
HARD_TIMER = False

LINK_UART = 2
LINK_TX = 17
LINK_RX = 16
MOTOR_PWM = 25  # half-bridge input with pull-down: low is the brake
LOAD_SWITCH = 26  # one-shot: toggled every tick or it opens
TACHOMETER = 27
TOP_DEAD_CENTRE = 14  # low: at the top; an open wire is never there
STEP = 18
STEP_DIRECTION = 19  # high: deeper
STEP_ENABLE = 23
HOME_SWITCH = 13
CARTRIDGE_PRESENT = 4  # low: a cartridge is in
CARTRIDGE_I2C = 0
CARTRIDGE_SDA = 21
CARTRIDGE_SCL = 22
BUTTON = 15  # low: pressed
USB_POWER = 35  # this pin has no pull of its own: pull it down outside
LED_RED = 32
LED_GREEN = 33
LED_BLUE = 2
BUZZER = 12
ANALOGUE_SWITCH = 5  # low: housing temperature, high: battery, both on SWITCHED_ADC
SHUNT_ADC = 34
POSITION_ADC = 36
SWITCHED_ADC = 39
