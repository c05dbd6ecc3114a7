"""The plant alone against gym-electric-motor's physical system, in one run on one machine.

Ours: motor, mechanism, skin contact, battery, sensors at 110 Hz in contact, called as the bench
calls it: per millisecond two calls of `advance` 800 us apart and one more for each sensor edge,
a new duty every 2 ms, `settle`, ADC codes with noise (`sense`) and a recorded row (`record`).
Theirs: the permanently excited DC motor of Cont-SC-PermExDc-v0, `physical_system.simulate` at
tau = 1 ms with EulerSolver(nsteps=10): no mechanism, no skin, no sensors.

Both kernels are measured whatever PENLOOP_KERNEL says.

Run: python -m benchmarks.plant_speed
"""

import sys
import time
import warnings
from array import array

from pensim.plant import kernel as python_kernel
from pensim.plant import select
from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS
from pensim.plant.parameters import PenParameters

SPAN_MS = 2000
ROUNDS = 5
GOALS = {"compiled": 50.0, "python": 5.0}


def running_kernel(kernel_class):
    """A pen at 110 Hz, 0.75 mm deep in skin, past its first half second."""
    row = array("i", [0] * len(PLANT_SIGNALS))
    kernel = kernel_class(flatten(PenParameters(), 1), array("i", [0] * 4), row)
    kernel.set_load_switch(True)
    kernel.set_protrusion(0.75e-3)
    kernel.set_standoff(0.0)
    kernel.set_contact(1.0, 20.0)
    kernel.set_duty_u16(31_700)
    advance_only(kernel, 500)
    return kernel


def advance_only(kernel, span_ms):
    """The integration alone, with its sensor edges."""
    advance = kernel.advance
    start_us = kernel.now_us
    for base_us in range(start_us, start_us + span_ms * 1000, 1000):
        for until_us in (base_us + 200, base_us + 1000):
            while advance(until_us) < until_us:
                pass


def everything(kernel, span_ms):
    """Integration, edges, new duties, slow states, ADC codes, recorded rows."""
    advance = kernel.advance
    start_us = kernel.now_us
    for base_us in range(start_us, start_us + span_ms * 1000, 1000):
        if base_us % 2000 == 0:
            kernel.set_duty_u16(31_690 + base_us // 2000 % 20)
        for until_us in (base_us + 200, base_us + 1000):
            while advance(until_us) < until_us:
                pass
        kernel.settle(base_us + 1000)
        kernel.sense(base_us + 1000)
        kernel.record(base_us + 1000)
    kernel.drain_punctures()


def peer():
    """`simulate` of gym-electric-motor at 1 ms, for a number of milliseconds."""
    warnings.filterwarnings("ignore")
    try:
        import gym_electric_motor as gem
        from gym_electric_motor.physical_systems.solvers import EulerSolver
    except ImportError:
        sys.exit("gym-electric-motor is missing: pip install 'penloop[bench]'")
    import numpy

    solver = EulerSolver(nsteps=10)
    environment = gem.make("Cont-SC-PermExDc-v0", tau=1e-3, ode_solver=solver)
    system = environment.unwrapped.physical_system
    system.reset()
    action = numpy.array([0.3])

    def simulate(span_ms):
        for _ in range(span_ms):
            system.simulate(action)

    return simulate


def us_per_ms(run, span_ms=SPAN_MS):
    """Microseconds of wall time a simulated millisecond."""
    start = time.perf_counter()
    run(span_ms)
    return (time.perf_counter() - start) / span_ms * 1e6


def contenders():
    """{name: callable of a span} of all that is compared."""
    found = {"gym-electric-motor simulate": peer()}
    classes = {"python": python_kernel.Kernel}
    twin, trouble = select.compiled()
    if twin is None:
        print(f"no compiled kernel is compared: {trouble}; {select.REMEDY}")
    else:
        classes["compiled"] = twin.Kernel
    for name, kernel_class in classes.items():
        for part in (advance_only, everything):
            kernel = running_kernel(kernel_class)
            found[f"{name} {part.__name__}"] = lambda span_ms, part=part, kernel=kernel: part(
                kernel, span_ms
            )
    return found


def measure():
    """{name: best us a simulated ms}; the contenders take turns, so that all meet the same
    machine."""
    runs = contenders()
    times = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            times[name].append(us_per_ms(run))
    return {name: min(values) for name, values in times.items()}


def main():
    """Print the table and the ratios."""
    times = measure()
    base = times.pop("gym-electric-motor simulate")
    print(f"{'one simulated millisecond':32}{'us':>9}{'ratio':>9}{'goal':>7}")
    print(f"{'gym-electric-motor simulate':32}{base:9.2f}{1.0:9.1f}")
    for name, value in times.items():
        kernel, part = name.split()
        goal = f"{GOALS[kernel]:.0f}" if part == "everything" else ""
        print(f"{'plant, ' + kernel + ', ' + part.replace('_', ' '):32}", end="")
        print(f"{value:9.2f}{base / value:9.1f}{goal:>7}")
    return {name: base / value for name, value in times.items()}


if __name__ == "__main__":
    main()
