"""The plant: motor, mechanism, skin, battery, temperature and sensors of one pen.

`Kernel` is the compiled or the plain Python class, as `select` chose; `kernel_name()` tells.
"""

from pensim.plant.select import choose

_NAME, _MODULE = choose()
Kernel = _MODULE.Kernel


def kernel_name() -> str:
    """ "compiled" or "python"."""
    return _NAME


__all__ = ["Kernel", "kernel_name"]
