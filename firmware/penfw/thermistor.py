"""Housing temperature from the NTC: 10 kOhm at 25 C, B 3950, below 10 kOhm to 3.3 V."""

# ADC counts (16 bit) at 0, 5, 10 ... 100 C; between them straight lines, error below 0.3 K.
FIRST_C = 0
STEP_MC = 5000
COUNTS = (
    50511, 47293, 43816, 40170, 36454, 32768, 29202, 25830, 22706, 19860, 17306,
    15040, 13049, 11313, 9807, 8507, 7387, 6423, 5596, 4885, 4273,
)  # fmt: skip


def temperature_mC(counts):
    """Temperature of a reading, clipped to the table's ends."""
    if counts >= COUNTS[0]:
        return FIRST_C
    for number in range(1, len(COUNTS)):
        if counts >= COUNTS[number]:
            span = COUNTS[number - 1] - COUNTS[number]
            part = (COUNTS[number - 1] - counts) * STEP_MC // span
            return FIRST_C + (number - 1) * STEP_MC + part
    return FIRST_C + (len(COUNTS) - 1) * STEP_MC
