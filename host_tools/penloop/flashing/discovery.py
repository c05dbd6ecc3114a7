"""Finds the boards that are plugged in, by their USB identity."""

from serial.tools import list_ports

from penloop.errors import UserError

# Vendor, and product where the vendor makes other things too. Sources: the boards' USB
# descriptors in MicroPython's ports/rp2 and the bridge chips' documentation.
MICROPYTHON_USB = {
    (0x2E8A, 0x0005),  # RP2040 and RP2350 with MicroPython
    (0x303A, 0x4001),  # ESP32 with native USB
    (0x10C4, 0xEA60),  # CP2102 on ESP32 boards
    (0x1A86, 0x7523),  # CH340 on ESP32 boards
    (0x1A86, 0x55D4),  # CH9102 on ESP32 boards
}


def only_board() -> str:
    """The port of the one board that is plugged in. Raises UserError for none or several."""
    found = [
        port.device
        for port in sorted(list_ports.comports())
        if (port.vid, port.pid) in MICROPYTHON_USB
    ]
    if not found:
        raise UserError(
            "no board found on USB", "plug one in, or give --port; `penloop ports` lists them"
        )
    if len(found) > 1:
        raise UserError(f"several boards: {', '.join(found)}", "choose one with --port")
    return found[0]
