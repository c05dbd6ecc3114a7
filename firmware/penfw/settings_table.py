"""The settings, a row each: name, type, unit, default, minimum, maximum, access, help.

Store, protocol, command line and documents read this table, through settings.py.
"""

from penfw.settings import CALIBRATION, HARD_DEPTH_UM, OPEN, SERVICE, VOLATILE

# fmt: off
SETTINGS = (
    ("stroke_rate", "int", "mHz", 100000, 25000, 150000, OPEN,
     "strokes per second; in a treatment a slower rate waits for the next start"),
    ("depth", "int", "um", 500, 0, HARD_DEPTH_UM, OPEN,
     "needle depth beyond the nose, in steps of 25 um; deeper waits for the next start"),
    ("run_limit", "int", "s", 1800, 5, 3600, OPEN,
     "a treatment stops by itself after this time"),
    ("led_brightness", "int", "permille", 1000, 0, 1000, OPEN,
     "0 switches the light off, all else on"),
    ("buzzer", "int", "", 1, 0, 1, OPEN,
     "1: the buzzer sounds"),
    ("depth_ceiling", "int", "um", 1500, 0, HARD_DEPTH_UM, VOLATILE,
     "no depth above it is accepted; back to 1.5 mm at power-off"),
    ("current_limit", "int", "mA", 1600, 300, 2000, SERVICE,
     "motor current that the duty ceiling allows"),
    ("park_current", "int", "mA", 600, 200, 1000, SERVICE,
     "motor current while the needles are parked"),
    ("rate_kp", "int", "uV/mHz", 10, 0, 30, SERVICE,
     "proportional gain of the rate law"),
    ("rate_ki", "int", "uV/mHz/s", 300, 0, 5000, SERVICE,
     "integral gain of the rate law"),
    ("ir_compensation", "int", "permille", 500, 0, 900, SERVICE,
     "share of the winding's voltage drop that measured current feeds forward"),
    ("slew", "int", "mHz/ms", 400, 10, 2000, SERVICE,
     "how fast the target rate rises; it falls at once"),
    ("motor_constant", "int", "uV/Hz", 16800, 8000, 40000, SERVICE,
     "back-EMF per stroke rate; 0.28 mV/rpm is 16800"),
    ("motor_resistance", "int", "mOhm", 1100, 300, 8000, SERVICE,
     "winding resistance at 25 C"),
    ("battery_critical", "int", "mV", 3000, 2800, 3400, SERVICE,
     "below it for 0.2 s the treatment ends"),
    ("winding_limit", "int", "mC", 115000, 60000, 120000, SERVICE,
     "estimated winding temperature at which the treatment ends"),
    ("calibrated", "int", "", 0, 0, 1, CALIBRATION,
     "1: the calibration values belong to this pen"),
    ("shunt_zero", "int", "counts", 14894, 0, 65535, CALIBRATION,
     "shunt reading without current"),
    ("shunt_gain", "int", "nA/count", 100711, 50000, 130000, CALIBRATION,
     "motor current per count of the shunt amplifier"),
    ("position_home", "int", "counts", 7944, 0, 65535, CALIBRATION,
     "position sensor reading at depth zero"),
    ("position_gain", "int", "pm/count", 50355, 20000, 200000, CALIBRATION,
     "depth per count of the position sensor"),
    ("battery_gain", "int", "nV/count", 100711, 40000, 150000, CALIBRATION,
     "battery voltage per count behind its divider"),
    ("backlash", "int", "um", 20, 0, 100, CALIBRATION,
     "play of the depth axis"),
)
# fmt: on
