"""`make bench`: all benchmarks, or those named: python -m benchmarks overhead peer."""

import os
import subprocess
import sys

BY_KERNEL = ("overhead", "peer")  # run once with each kernel
ONCE = (
    "plant_speed",
    "plant_accuracy",
    "engines",
    "growth",
    "campaigns",
    "falsification",
    "dashboard",
)
LONG = ("soak", "tuning")  # only when it is named


def main():
    """Runs each benchmark in a process of its own, so that none warms another."""
    wanted = sys.argv[1:] or [*BY_KERNEL, *ONCE]
    known = (*BY_KERNEL, *ONCE, *LONG)
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}: choose {', '.join(known)}")
    failed = 0
    for name in wanted:
        kernels = ("compiled", "python") if name in BY_KERNEL else ("",)
        for kernel in kernels:
            environment = {**os.environ, **({"PENLOOP_KERNEL": kernel} if kernel else {})}
            command = [sys.executable, "-m", f"benchmarks.{name}"]
            failed |= subprocess.run(command, env=environment, check=False).returncode
    sys.exit(failed)


if __name__ == "__main__":
    main()
