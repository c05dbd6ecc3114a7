"""Pin map of the Raspberry Pi Pico and Pico 2 (GP numbers); docs/hardware.md has the wiring."""

TIMER_ID = -1
HARD_TIMER = True

LINK_UART = 0
LINK_TX = 0
LINK_RX = 1
MOTOR_PWM = 2  # half-bridge input with pull-down: low is the brake
LOAD_SWITCH = 3  # one-shot: toggled every tick or it opens
TACHOMETER = 4
TOP_DEAD_CENTRE = 5  # low: at the top; an open wire is never there
STEP = 6
STEP_DIRECTION = 7  # high: deeper
STEP_ENABLE = 8
HOME_SWITCH = 9
CARTRIDGE_PRESENT = 10  # low: a cartridge is in
CARTRIDGE_I2C = 0
CARTRIDGE_SDA = 12
CARTRIDGE_SCL = 13
BUTTON = 14  # low: pressed
USB_POWER = 24  # the Pico's own VBUS sense
LED_RED = 16
LED_GREEN = 17
LED_BLUE = 18
BUZZER = 21  # not 19: GP2, GP18 and GP19 share one PWM slice and so its frequency
ANALOGUE_SWITCH = 20  # low: housing temperature, high: battery, both on SWITCHED_ADC
SHUNT_ADC = 26
POSITION_ADC = 27
SWITCHED_ADC = 28
