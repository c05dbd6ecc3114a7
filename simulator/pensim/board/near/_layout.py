"""Word numbers of the grant: the one array through which the firmware's side of the virtual
board and the simulator's side talk. Both sides read this file.

All times are microseconds. Every word stays within +-2**30, so that the 32-bit engine never
leaves its small ints.
"""

# What the simulator grants.
ELAPSED = 0  # time used since the grant began; each board call adds its cost
LIMIT = 1  # the main loop must exchange when ELAPSED reaches this: the horizon
TICKS_US = 2  # ticks_us() at ELAPSED 0, minus 2**30
CLOCK_US = 3  # a moment of ticks_us(), minus 2**30, renewed often enough,
CLOCK_MS = 4  # ticks_ms() at that moment, minus 2**30,
CLOCK_REST = 45  # and the microseconds since that millisecond began
IRQ = 5  # number of the interrupt to take, or -1
PINS = 6  # levels at the pins, bit n for GPn
ADC0 = 7  # five 16-bit conversions: GP26, GP27, GP28, GP29, chip temperature
FLAGS = 12  # FLAG_* bits

# What the firmware drives.
LEVELS = 14  # output latches, bit n for GPn
DIRTY = 15  # PWM channels written since the last exchange, bit a channel
DUTY0 = 16  # sixteen duties, 0..65535

# What the firmware asks.
REASON = 32
ARG0 = 33  # six arguments
SIZE = 39  # bytes of payload that follow
STATUS = 40  # answer: 0 or an errno, negative for a named exception
RESULT = 41  # answer: a number
IN_IRQ = 42  # 1 while a hard interrupt runs
SOFT = 43  # soft callbacks that wait for the main loop
RECEIVED = 44  # bytes of received-data records at the head of the answer's payload
UART_FLAGS0 = 46  # two words: the events that raised a UART's interrupt
WDT_FED = 49  # ticks_us() when the watchdog was last fed
REBOOT = 48  # 1: the SystemExit that ends the script is a soft reset

PROBE0 = 64  # the firmware's signal array, as a debugger would read it
PROBE_WORDS = 64
EDGES0 = PROBE0 + PROBE_WORDS  # of each pin, the edges that raised its interrupt
WORDS = EDGES0 + 30

FLAG_INTERRUPT = 1  # Ctrl-C arrived: raise KeyboardInterrupt in the main loop

# Reasons for an exchange.
HORIZON = 0
WAIT = 1  # ARG0 us at most; ARG1: WAKE_* bits
DONE = 2  # an interrupt has returned; ARG0 = 1 when its callback raised
WRITE = 3  # outputs changed by the main loop
SENSE = 4  # fresh ADC conversions, please
PIN_INIT = 5  # pin, mode or -1, pulls
PIN_IRQ = 6  # pin, edges, interrupt number or -1
TIMER = 7  # interrupt number, period seconds and microseconds (both 0 stops), 1 periodic
PWM_INIT = 8  # pin to connect or -1, divider in 1/16 (0 keeps, -1 stops), top, channel + 256 invert
SERIAL_INIT = 9  # port, byte time ns, bits of a byte, pins tx + 256 rx; bits 0 switches it off
SERIAL_SEND = 10  # port; payload; RESULT bytes taken
I2C_TRANSFER = 11  # bus, address + 1024 stop, bytes to read, pins sda + 256 scl; payload
WDT_START = 12  # time-out ms
RESET = 14  # the chip
FILE = 15  # operation, arguments; payload
MASK = 16  # 1 holds interrupts back, 0 lets them in; RESULT what was before
PROBE = 17  # payload: names of the signal array, one a line
EXIT = 18  # the script ended; ARG0 exit code, ARG1 the REPL's mode; payload: traceback or nothing
UNHANDLED = 19  # an exception in a callback; payload: its traceback
STALL = 20  # ARG0 us in which only hard interrupts run
PULSE = 21  # wait for an edge: pin, us at most
LISTEN = 22  # ARG0 pin: its level is read, so a PWM needs real edges there
UART_IRQ = 23  # port, trigger, interrupt number or -1
SERIAL_ROOM = 24  # port; RESULT bytes that can be written without blocking
KBD_INTR = 25  # the character that interrupts, -1: none
GARBAGE = 26  # a GARBAGE_* operation
CLOCK = (
    27  # sets the clock to ARG0 s after CLOCK_START_S when ARG1; RESULT those seconds, and ARG0 us
)
ADC_INIT = 28  # pin or -1, word of its conversions
RANDOM = 29  # ARG0 bytes
SERIAL_BREAK = 30  # port
FAILED = 31  # the program ended with an exception and the REPL follows; payload: its traceback

GARBAGE_OFF = 0
GARBAGE_ON = 1
GARBAGE_COLLECT = 2

CLOCK_START_S = 1609459200  # the rp2 port's clock starts at 2021-01-01

WAKE_INTERRUPT = 1  # a wait ends when an interrupt has run
WAKE_SERIAL = 2  # a wait ends when serial data is on its way
WAKE_EDGE = 4  # a wait ends at an edge of the pin of PULSE

PORT_USB = 2  # serial ports: UART0, UART1, USB

# File operations.
FILE_READ = 0  # ARG1 bytes at most, ARG2 offset; payload: path
FILE_CREATE = 2  # empties it; payload: path
FILE_REMOVE = 3
FILE_RENAME = 4  # ARG1 length of the first path; payload: both
FILE_LIST = 5
FILE_STAT = 6  # RESULT size; payload of the answer: st_mode and st_mtime as text
FILE_MKDIR = 7
FILE_SYSTEM = 9  # statvfs: payload of the answer: numbers as text
FILE_WRITE_AT = 10  # ARG1 path length, ARG2 offset; payload: path + data

# What a session does once main.py has ended: it stands still, or serves the REPL in a mode.
NO_REPL = 0
FRIENDLY_REPL = 1
RAW_REPL = 2

# STATUS values below zero name exceptions; above zero they are errno for OSError.
ERROR_VALUE = -1
ERROR_TYPE = -2
ERROR_RUNTIME = -3
