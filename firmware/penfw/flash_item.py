"""One write to the flash, in a window that flash_window.py has opened. In memory meanwhile only."""

from penfw import board as hardware
from penfw import protocol, tables
from penfw.blackbox import MISSING, ROW_BYTES
from penfw.cartridge import REMOVED_FILE, memory


def write(pen):
    """Writes the first item that is due. Raises OSError; the item is not tried again then."""
    window, files = pen.flash_window, pen.board.files
    log = pen.treatment.log
    if log is not None:
        pen.treatment.log = None  # an OSError leaves it so
        if not log.write():
            pen.treatment.log = log
    elif pen.blackbox.due():
        _black_box(pen, pen.blackbox)
    elif window.settings_due:
        window.settings_due = False
        values = pen.settings if pen.trial is None else pen.trial.before
        pen.saved = tables.read("store", "save")(files, values, pen.saved)
    elif window.serials_due:
        window.serials_due = False
        files.replace(REMOVED_FILE, memory("pack_serials", pen.cartridge.removed))
    elif window.version_due:
        window.version_due = False
        hardware.keep_version()
    else:
        window.hand_over_due = False
        hardware.hand_over(b"asked")


def _black_box(pen, box):
    """In two windows: the memory for both at once would be much."""
    if box.head is None:
        box.head = tables.read("blackbox_record", "head")(pen)
        return
    pieces = [box.head] + _rows(box)
    power_gone = MISSING >> box.fault & 1 and pen.cartridge.open
    box.forget()
    tables.read("records", "append")(pen.board.files, protocol.BLACK_BOX, pieces)
    if power_gone:
        memory("close", pen.cartridge)


def _rows(box):
    """Those of the record, oldest first."""
    rows, held = memoryview(box.rows), box.held() * ROW_BYTES
    split = box.next * ROW_BYTES if held == len(box.rows) else held
    return [rows[split:held], rows[:split]]
