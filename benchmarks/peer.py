"""Against gym-electric-motor's permanently excited DC motor, 1 ms steps of 10 Euler substeps.

The full loop (firmware, board, plant, noise, recorder) against `env.step`, a simulated
millisecond each. The peer's speed-control environment ends an episode when a limit is passed; the
resets are not counted.
"""

import statistics
import time
import warnings

import numpy as np

from benchmarks.scenes import in_contact
from pensim.plant import kernel_name

STEPS = 1000
REPEATS = 5
GOALS = {"compiled": 100, "python": 25}


def make_peer():
    """The environment after some warm-up, with a mild action."""
    warnings.filterwarnings("ignore")
    import gym_electric_motor as gem
    from gym_electric_motor.physical_systems.solvers import EulerSolver

    env = gem.make("Cont-CC-PermExDc-v0", tau=1e-3, ode_solver=EulerSolver(nsteps=10))
    env.reset()
    return env


def peer_us(env):
    """Microseconds of one step, resets not counted."""
    action = np.array([0.3])
    spent = 0.0
    for _ in range(STEPS):
        start = time.perf_counter()
        _, _, terminated, truncated, _ = env.step(action)
        spent += time.perf_counter() - start
        if terminated or truncated:
            env.reset()
    return spent / STEPS * 1e6


def ours_us(bench):
    """Microseconds of one simulated millisecond of the full loop."""
    start = time.perf_counter()
    bench.run(STEPS / 1000)
    return (time.perf_counter() - start) / STEPS * 1e6


def main():
    """Prints the ratio and the rate."""
    env, bench = make_peer(), in_contact()
    peer_us(env), ours_us(bench)
    pairs = [(peer_us(env), ours_us(bench)) for _ in range(REPEATS)]
    ratio = statistics.median(peer / ours for peer, ours in pairs)
    ours = min(ours for _, ours in pairs)
    name = kernel_name()
    print(
        f"against a peer, {name} kernel: env.step {min(p for p, _ in pairs):.0f} us, full loop "
        f"{ours:.2f} us a simulated ms: {ratio:.0f} times faster (goal {GOALS[name]})"
    )
    print(f"rate, {name} kernel: {1000 / ours:.0f} simulated seconds a second of wall time")


if __name__ == "__main__":
    main()
