"""pyserial's handler of `sim://`; see `pensim.serial_port`."""

from pensim.serial_port import SimulatedPort as Serial

__all__ = ["Serial"]
