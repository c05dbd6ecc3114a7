"""pensim: the simulator. A pen's firmware in virtual time on a simulated pen and skin.

Importing it makes `serial.serial_for_url("sim://?zone=cheek&seed=7")` work.
"""

from pensim import urlhandler as _urlhandler
from pensim.bench import Bench
from pensim.firmware import Firmware
from pensim.trace import Trace

__all__ = ["Bench", "Firmware", "Trace"]

_ = _urlhandler
