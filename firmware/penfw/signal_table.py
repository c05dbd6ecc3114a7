"""The signals, a row each, in the order of the signal array. Read through signals.py."""

# name, type code for telemetry, unit, meaning
SIGNALS = (
    ("state", "B", "", "state of the pen, see the state table"),
    ("faults", "i", "bits", "latched faults, bit n is fault n"),
    ("conditions", "i", "bits", "condition word of the state machine"),
    ("rate", "i", "mHz", "stroke rate measured over a whole turn"),
    ("rate_target", "i", "mHz", "stroke rate that the law steers to now"),
    ("duty", "H", "u16", "duty written to the motor's half-bridge"),
    ("current", "h", "mA", "motor current at the shunt, 0.5 ms filter"),
    ("battery", "H", "mV", "battery voltage"),
    ("housing", "i", "mC", "motor housing temperature, measured"),
    ("winding", "i", "mC", "winding temperature, estimated"),
    ("depth", "h", "um", "needle depth by the stepper's count"),
    ("depth_target", "h", "um", "needle depth that the axis steers to"),
    ("position", "h", "um", "needle depth by the position sensor"),
    ("strokes", "i", "", "strokes since power-up"),
    ("edge_age", "i", "us", "time since the last tachometer edge"),
    ("inputs", "B", "bits", "1 button pressed, 2 cartridge in, 4 USB power, 8 top dead centre"),
    ("limited", "B", "bits", "1 current limit, 2 battery or load limits the rate"),
    ("tick_time", "H", "us", "duration of the last control interrupt"),
    ("tick_late", "H", "us", "longest gap between two control interrupts beyond 1 ms"),
    ("run_time", "i", "ms", "length of the present or last treatment run"),
)
