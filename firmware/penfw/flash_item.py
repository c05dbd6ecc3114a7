"""One write to the flash, in a window that flash_window.py has opened. In memory meanwhile only."""

from penfw import board as hardware
from penfw import tables
from penfw.cartridge import memory
from penfw.flash_window import REMOVED_FILE


def write(pen):
    """Writes the first item that is due. Raises OSError; the item is not tried again then."""
    window, files = pen.flash_window, pen.board.files
    log = pen.treatment.log
    if log is not None:
        pen.treatment.log = None  # an OSError leaves it so
        if not log.write():
            pen.treatment.log = log
    elif pen.blackbox.due():
        try:
            tables.read("blackbox_record", "write")(pen)
        finally:
            pen.blackbox.forget()
    elif window.settings_due:
        window.settings_due = False
        tables.read("store", "save")(files, pen.settings)
    elif window.serials_due:
        window.serials_due = False
        files.write(REMOVED_FILE, memory("pack_serials", pen.cartridge.removed))
    elif window.version_due:
        window.version_due = False
        hardware.keep_version()
    else:
        window.hand_over_due = False
        hardware.hand_over(b"asked")
