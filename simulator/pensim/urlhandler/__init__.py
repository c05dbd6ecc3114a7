"""Makes `sim://` known to pyserial: importing this package is enough."""

import serial

PACKAGE = __name__

if PACKAGE not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append(PACKAGE)
