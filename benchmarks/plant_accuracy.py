"""How close the plant's integrator comes to scipy's solve_ivp (1e-10, with located events).

The oracle is the tests' own, which shares no code with the kernel; the calls are the bench's
(two a millisecond and one for each sensor edge), a quarter of a second each.

Run: python -m benchmarks.plant_accuracy
"""

from tests.simulator.test_plant_accuracy import CASES, compare

from pensim.plant import Kernel, kernel_name

SPAN_MS = 250
LIMITS = {"mean": 0.1, "period": 0.1}  # %, from 20 to 150 Hz
POINT_LIMITS = {"air, 20 Hz": 1.0, "skin 0.75 mm, 132 Hz": 0.1, "reference, 132 Hz": 0.1}


def main():
    """Print the table; returns {case: errors in %}."""
    print(f"kernel: {kernel_name()}; largest errors against solve_ivp, in %; limit in brackets")
    print(f"{'case':24}{'rate Hz':>9}{'mean speed':>16}{'period':>16}{'point by point':>18}")
    table = {}
    for name, case in CASES.items():
        errors = compare(case, SPAN_MS, Kernel)
        table[name] = {kind: 100.0 * errors[kind] for kind in ("mean", "period", "point")}
        limits = {**LIMITS, "point": POINT_LIMITS.get(name)}
        cells = [cell(table[name][kind], limits[kind]) for kind in ("mean", "period", "point")]
        print(f"{name:24}{errors['rate']:9.2f}{cells[0]:>16}{cells[1]:>16}{cells[2]:>18}")
    return table


def cell(value, limit):
    """An error and the limit it is held to."""
    return f"{value:.4f} [{limit:g}]" if limit else f"{value:.4f}"


if __name__ == "__main__":
    main()
