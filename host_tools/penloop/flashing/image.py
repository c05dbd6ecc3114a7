"""A filesystem image (littlefs) with a bundle on it, for programming at the factory.

Where MicroPython keeps its filesystem, and how it formats it, by board. Sources: MicroPython's
ports/rp2/CMakeLists.txt and boards/*/mpconfigboard.h (1,408 kB at the end of a Pico's 2 MB, 3 MB
at the end of a Pico 2's 4 MB), ports/rp2/modules/_boot.py (progsize 256),
ports/esp32/partitions-4MiB.csv (vfs) and modules/flashbdev.py (blocks of 4,096 bytes).
"""

from dataclasses import dataclass
from pathlib import Path

from penloop.errors import UserError
from penloop.flashing.bundle import Bundle

BLOCK_BYTES = 4096
DISK_VERSION = 0x00020000  # the oldest format: every MicroPython with littlefs 2 reads it


@dataclass(frozen=True)
class Partition:
    """A board's filesystem in its flash."""

    offset_bytes: int  # from the flash's start
    size_bytes: int
    program_bytes: int  # unit of programming
    architecture: str


PARTITIONS = {
    "pico": Partition(0xA0000, 1408 * 1024, 256, "armv6m"),
    "pico2": Partition(0x100000, 3072 * 1024, 256, "armv7emsp"),
    "esp32": Partition(0x200000, 2048 * 1024, 32, "xtensawin"),
}
LOADERS = {
    "pico": "picotool load {path} -t bin -o 0x{address:x}",
    "pico2": "picotool load {path} -t bin -o 0x{address:x}",
    "esp32": "esptool write_flash 0x{address:x} {path}",
}
FLASH_ADDRESS = {"pico": 0x10000000, "pico2": 0x10000000, "esp32": 0}  # of the flash's first byte


def image_of(bundle: Bundle, board: str) -> bytes:
    """The partition's content. Raises UserError when littlefs-python is missing."""
    try:
        from littlefs import LittleFS
    except ImportError:
        raise UserError("an image needs littlefs-python", "pip install 'penloop[flash]'") from None
    partition = PARTITIONS[board]
    filesystem = LittleFS(
        block_size=BLOCK_BYTES,
        block_count=partition.size_bytes // BLOCK_BYTES,
        read_size=32,
        prog_size=partition.program_bytes,
        lookahead_size=32,
        disk_version=DISK_VERSION,
    )
    for path, content in sorted(bundle.on_board().items()):
        filesystem.makedirs(str(Path(path).parent), exist_ok=True)
        with filesystem.open(path, "wb") as file:
            file.write(content)
    return bytes(filesystem.context.buffer)


def loading(board: str, path: Path) -> str:
    """The command that programs the image."""
    address = FLASH_ADDRESS[board] + PARTITIONS[board].offset_bytes
    return LOADERS[board].format(path=path, address=address)
