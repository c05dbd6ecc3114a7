"""The motor's equations in closed form, on the means of windows: where the fit begins.

drive voltage = R i + k w, so           i = u / R - (k / R) w
k i = J dw/dt + friction + viscous w    i = (J / k) dw/dt + friction / k + (viscous / k) w

The current is the noisy one of them, so it stands alone on the left: noise there biases nothing.
"""

import numpy as np

from penloop.identification.evidence import Floats
from penloop.identification.windows import Windows


def regress(windows: Windows, viscous_nm_s: float) -> Floats:
    """R in ohm, k in N·m/A, J in kg·m², friction in N·m, of windows out of the skin.

    R is that of the whole circuit, J that of all that moves; the viscous friction is given.
    """
    current, speed = windows.current_a, windows.speed_rad_per_s
    weight = np.sqrt(windows.length_s)
    conductance, slope = _solve([windows.drive_v, -speed], current, weight)
    constant = slope / conductance
    driving = constant * current - viscous_nm_s * speed
    inertia, friction = _solve([windows.change_rad_per_s2, np.ones(len(speed))], driving, weight)
    return np.array([1 / conductance, constant, inertia, friction])


def _solve(columns: list[Floats], wanted: Floats, weight: Floats) -> Floats:
    """Least squares, each column brought to size one first."""
    matrix = np.stack(columns, 1) * weight[:, None]
    size = np.linalg.norm(matrix, axis=0)
    size[size == 0] = 1.0
    return np.asarray(np.linalg.lstsq(matrix / size, wanted * weight, rcond=1e-10)[0] / size)
