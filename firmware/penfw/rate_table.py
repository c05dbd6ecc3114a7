"""The lower limit of the rate. Read through limits.py, see tables.py."""

# A stroke must not stall in the skin: at the lower limit the rotor holds twice the energy that
# the stroke takes, f = sqrt(4 E / J) / (2 pi), E = n * F * d / 2 (FACTS: 12 needles, 0.15 N each,
# 1.5 mm: 1.35 mJ, 51 Hz with J = 0.53 g cm^2). Needles times depth in mm, and the rate in mHz,
# rounded up.
NEEDLE_MM = (4, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 105)
LOWEST_RATE = (
    25000, 29400, 33900, 37900, 41500, 46400, 50900, 56200, 62300, 68800, 75800, 84700, 92800,
    103700, 113600, 122700,
)  # fmt: skip


def lowest_rate_mHz(needles, depth_um):
    """Slowest rate at which these needles may work at that depth."""
    product = needles * depth_um
    for limit, rate_mHz in zip(NEEDLE_MM, LOWEST_RATE):
        if product <= limit * 1000:
            return rate_mHz
    return LOWEST_RATE[-1]
