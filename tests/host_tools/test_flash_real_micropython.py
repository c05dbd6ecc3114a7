"""The installer on a real MicroPython's prompt, on a pseudo-terminal, with a real littlefs.

What the unix port has not (pins, resets, the board's name) is tested on the virtual board.
"""

import fcntl
import os
import pty
import select
import subprocess
import termios

import pytest

from penhost.clock import MonotonicClock
from penloop.errors import BoardError
from penloop.flashing.bundle import MANIFEST, Bundle
from penloop.flashing.installer import Installer
from penloop.flashing.line import Prompt
from penloop.flashing.target import identify
from pensim import Firmware
from pensim.engines import unix_port

# The board's flash: littlefs on a block device in RAM, mounted in place of the host's files.
FILESYSTEM = """
import os, vfs
class Blocks:
    def __init__(self):
        self.data = bytearray(4096 * 256)
    def readblocks(self, number, buffer, offset=0):
        start = number * 4096 + offset
        buffer[:] = self.data[start:start + len(buffer)]
    def writeblocks(self, number, buffer, offset=0):
        start = number * 4096 + offset
        self.data[start:start + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        return 256 if operation == 4 else 4096 if operation == 5 else 0
blocks = Blocks()
vfs.VfsLfs2.mkfs(blocks)
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(blocks), "/")
os.chdir("/")
"""


class Terminal:
    """The near end of a pseudo-terminal, as a serial port."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self.timeout = 1.0

    def read(self, size=1):
        data = b""
        while len(data) < size and select.select([self._descriptor], [], [], self.timeout)[0]:
            data += os.read(self._descriptor, size - len(data))
        return data

    def write(self, data):
        rest = memoryview(bytes(data))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        return len(data)

    @property
    def in_waiting(self):
        return len(select.select([self._descriptor], [], [], 0)[0])

    inWaiting = lambda self: self.in_waiting  # noqa: E731 (as mpremote calls it)


@pytest.fixture
def prompt(tmp_path):
    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    process = subprocess.Popen(
        [unix_port()], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    terminal = Terminal(ours)
    seen = b""
    while not seen.endswith(b">>> "):  # from here on the terminal is its own
        seen += terminal.read(1)
    found = Prompt(terminal, MonotonicClock())
    found.enter()
    found.exec(FILESYSTEM)
    yield found
    process.kill()
    process.wait()
    os.close(ours)
    os.close(theirs)


def nothing(_count):
    pass


def test_a_version_is_copied_verified_and_switched_to(prompt):
    bundle = Bundle.of(Firmware.installed(), "x64")
    installer = Installer(prompt)
    copied = []
    installer.install(bundle, copied.append)
    installer.put_main(bundle)
    installer.switch(bundle)
    installer.sweep()
    assert sum(copied) == bundle.size_bytes
    assert installer.complete(bundle.directory)
    assert installer.words() == [bundle.hash, "-", "0"]
    assert prompt.read_file("/main.py") == bundle.main
    assert prompt.read_file(f"{bundle.directory}/{MANIFEST}") == bundle.manifest


def test_the_copied_modules_can_be_imported(prompt):
    bundle = Bundle.of(Firmware.installed(), "x64")
    Installer(prompt).install(bundle, nothing)
    said = prompt.exec(
        f"import sys\nsys.path.insert(0, {bundle.directory!r})\n"
        "from penfw import frames, rate\nprint(frames.FRAME_MAX)"
    )
    assert int(said) == 249


def test_a_copy_that_was_cut_short_is_begun_anew(prompt):
    bundle = Bundle.of(Firmware.installed())
    installer = Installer(prompt)
    prompt.exec(f"import os\nos.mkdir('/versions')\nos.mkdir({bundle.directory!r})")
    prompt.fs_writefile(f"{bundle.directory}/left_over.py", b"x = 1\n")
    assert not installer.complete(bundle.directory)
    installer.install(bundle, nothing)
    names = [entry.name for entry in prompt.fs_listdir(bundle.directory)]
    assert sorted(names) == [MANIFEST, "penfw"]


def test_one_changed_byte_makes_a_version_incomplete(prompt):
    bundle = Bundle.of(Firmware.installed(), "bytecode")
    installer = Installer(prompt)
    installer.install(bundle, nothing)
    path, content = bundle.files[3]
    changed = bytes([content[0], content[1] ^ 1]) + content[2:]
    prompt.fs_writefile(f"{bundle.directory}/{path}", changed, 1024)
    assert not installer.complete(bundle.directory)


def test_a_foreign_main_is_kept_beside_ours(prompt):
    prompt.fs_writefile("/main.py", b"print('mine')\n")
    bundle = Bundle.of(Firmware.installed(), "bytecode")
    installer = Installer(prompt)
    installer.put_main(bundle)
    assert prompt.read_file("/main.py") == bundle.main
    assert prompt.read_file("/main_before_penloop.py") == b"print('mine')\n"


def test_a_full_flash_is_said_and_the_old_version_stays(prompt):
    installer = Installer(prompt)
    old = Bundle.of(Firmware.installed(), "bytecode")
    installer.install(old, nothing)
    installer.switch(old)
    prompt.exec(
        "import os\nf = open('/ballast', 'wb')\n"
        "while os.statvfs('/')[3] > 20:\n f.write(bytes(4096))\n f.flush()\nf.close()"
    )
    with pytest.raises(BoardError, match=r"flash is full: \d+ kB needed, \d+ kB free"):
        installer.install(Bundle.of(Firmware.installed()), nothing)
    assert installer.words()[0] == old.hash
    assert installer.complete(old.directory)


def test_a_version_on_trial_is_never_the_one_to_go_back_to(prompt):
    installer = Installer(prompt)
    kept = Bundle.of(Firmware.installed(), "bytecode")
    tried = Bundle.of(Firmware.installed(), "x64")
    installer.install(kept, nothing)
    prompt.write_text("/version", f"{kept.hash} - kept")
    installer.install(tried, nothing)
    installer.switch(tried)
    newest = Bundle.of(Firmware.installed(), "armv6m")
    installer.install(newest, nothing)
    installer.switch(newest)
    installer.sweep()
    assert installer.words() == [newest.hash, kept.hash, "0"]
    assert installer.complete(kept.directory)


def test_without_a_version_there_is_nothing_to_go_back_to(prompt):
    with pytest.raises(BoardError, match="no version to go back to"):
        Installer(prompt).roll_back()


def test_a_damaged_previous_version_is_not_gone_back_to(prompt):
    installer = Installer(prompt)
    first = Bundle.of(Firmware.installed(), "bytecode")
    second = Bundle.of(Firmware.installed(), "x64")
    installer.install(first, nothing)
    installer.switch(first)
    prompt.write_text("/version", f"{first.hash} - kept")
    installer.install(second, nothing)
    installer.switch(second)
    assert installer.words() == [second.hash, first.hash, "0"]
    prompt.fs_rmfile(f"{first.directory}/{first.files[0][0]}")
    with pytest.raises(BoardError, match="damaged"):
        installer.roll_back()
    assert installer.words()[0] == second.hash


def test_the_board_tells_what_it_is(prompt):
    target = identify(prompt)
    assert target.platform == "linux"
    assert target.architecture == "x64"
    with pytest.raises(BoardError, match="no pin map"):
        target.board()
