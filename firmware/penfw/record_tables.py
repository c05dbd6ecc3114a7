"""What the records on the flash hold: fields as in protocol.py. Read through protocol.py.

Every record has a fixed size, ends with a CRC-32 over all before it, and begins with its layout's
number and a sequence number that grows by one a record. A field that is added gets a new layout.
"""

BLACK_BOX_LAYOUT = 0x31424250  # "PBB1"
TREATMENT_LAYOUT = 0x31525450  # "PTR1"

_BEGIN = (("layout", "I"), ("sequence", "I"), ("boot_session", "I"), ("time_s", "I"),
          ("fraction_us", "I"))  # fmt: skip

# `signals_missing` is 1 after a watchdog reset or a loss of power: `stored_state`, 255 for
# unknown, is then the last state that was stored. `setting_names` is the CRC-32 of the settings'
# names, separated by newlines: it tells which table the values belong to.
BLACK_BOX_FIELDS = _BEGIN + (
    ("number", "B"), ("faults", "I"), ("signals_missing", "B"), ("stored_state", "B"),
    ("reset_cause", "B"), ("error_site", "B"), ("fault_ms", "H"), ("firmware_hash", "s"),
    ("firmware_version", "s"), ("cartridge_state", "B"), ("cartridge_serial", "I"),
    ("needles", "B"), ("cartridge_kind", "B"), ("max_depth_um", "H"), ("strokes_allowed", "I"),
    ("minutes_allowed", "H"), ("strokes_used", "I"), ("used_ms", "I"), ("setting_names", "I"),
    ("settings", "B"), ("rows", "B"),
)  # fmt: skip
# Behind them: as many settings as "settings" says, an "i" each, then the rows, oldest first:
# name, code, unit, and how many of the unit one count is. `time` is modulo 65,536 ms, as fault_ms.
ROW_FIELDS = (
    ("time", "H", "ms", 1), ("state", "B", "", 1), ("inputs", "B", "bits", 1),
    ("rate", "H", "mHz", 10), ("rate_target", "H", "mHz", 10), ("duty", "H", "u16", 1),
    ("current", "h", "mA", 1), ("battery", "H", "mV", 1), ("depth", "h", "um", 1),
    ("position", "h", "um", 1), ("winding", "h", "mC", 10),
)  # fmt: skip

# Time spent at each depth and set rate; the last row takes what found none of its own, and rows
# of no time are empty.
TREATMENT_FIELDS = _BEGIN + (
    ("duration_ms", "I"), ("strokes", "I"), ("cartridge_serial", "I"), ("faults", "I"),
    ("spent", (("depth_um", "H"), ("rate_cHz", "H"), ("time_ms", "I"))),
)  # fmt: skip

# Of each log: its files, bytes of a record, records of a file, layout and fields. A file that is
# full stays until the other one is, so the last 8 faults and 50 treatments are always there.
LOGS = (
    (("/blackbox_a", "/blackbox_b"), 1536, 8, BLACK_BOX_LAYOUT, BLACK_BOX_FIELDS),
    (("/treatments_a", "/treatments_b"), 128, 50, TREATMENT_LAYOUT, TREATMENT_FIELDS),
)
