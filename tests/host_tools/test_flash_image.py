"""`penloop flash --image`: a filesystem that real MicroPython mounts and reads."""

import hashlib
import subprocess

import pytest

from penloop.cli import run
from penloop.flashing.bundle import MANIFEST, Bundle
from penloop.flashing.image import BLOCK_BYTES, PARTITIONS, image_of
from pensim import Firmware
from pensim.engines import unix_port

MOUNTED = """
import hashlib, os, sys, vfs
class Blocks:
    def __init__(self, path):
        self.file = open(path, "rb")
        self.size = os.stat(path)[6]
    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * {block} + offset)
        self.file.readinto(buffer)
    def writeblocks(self, number, buffer, offset=0):
        raise OSError(30)
    def ioctl(self, operation, argument):
        return self.size // {block} if operation == 4 else {block} if operation == 5 else 0
vfs.mount(vfs.VfsLfs2(Blocks({path!r}), progsize={program}), "/image")
def show(folder):
    for name, kind, *_rest in sorted(os.ilistdir(folder)):
        path = folder + "/" + name
        if kind & 0x4000:
            show(path)
        else:
            with open(path, "rb") as file:
                print(path[6:], hashlib.sha256(file.read()).digest().hex())
show("/image")
"""


def seen_by_micropython(path, board):
    program = PARTITIONS[board].program_bytes
    script = MOUNTED.format(block=BLOCK_BYTES, path=str(path), program=program)
    done = subprocess.run([unix_port(), "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.verifies("R-809")
@pytest.mark.parametrize("board", ["pico", "pico2", "esp32"])
def test_real_micropython_mounts_the_image_and_reads_every_file(tmp_path, board):
    path = tmp_path / "pen.bin"
    assert run(["flash", "--image", str(path), "--board", board]) == 0
    assert path.stat().st_size == PARTITIONS[board].size_bytes
    bundle = Bundle.of(Firmware.installed(), PARTITIONS[board].architecture)
    wanted = {
        name: hashlib.sha256(content).hexdigest() for name, content in bundle.on_board().items()
    }
    assert seen_by_micropython(path, board) == wanted


def test_the_image_is_the_same_bytes_each_time():
    bundle = Bundle.of(Firmware.installed())
    assert image_of(bundle, "pico") == image_of(bundle, "pico")


def test_the_manifest_names_each_file_once():
    bundle = Bundle.of(Firmware.installed(), "armv6m")
    rows = bundle.manifest.decode().splitlines()[2:]
    assert [row.split(" ", 1)[1] for row in rows] == [path for path, _content in bundle.files]
    assert MANIFEST not in dict(bundle.files)


@pytest.mark.verifies("R-809")
def test_another_byte_of_source_is_another_hash():
    firmware = Firmware.installed()
    changed = {**dict(firmware.files)}
    changed["/penfw/rate.py"] += b"# changed\n"
    other = Firmware(tuple(sorted(changed.items())))
    assert Bundle.of(firmware).hash != Bundle.of(other).hash


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["--image", "x.bin"], "give --board"),
        (["--board", "teensy"], "choose pico, pico2, esp32"),
        (["--mpy", "--source"], "choose one"),
        (["--rollback", "--image", "x.bin", "--board", "pico"], "choose one"),
        (["--firmware", "/nowhere", "--image", "x.bin", "--board", "pico"], "penfw/"),
        (["--image", "/nowhere/x.bin", "--board", "pico"], "check path"),
    ],
)
def test_a_wrong_option_names_its_remedy(capsys, arguments, remedy):
    assert run(["flash", *arguments]) != 0
    assert remedy in capsys.readouterr().err


def test_a_firmware_that_does_not_compile_names_the_file(tmp_path, capsys):
    folder = tmp_path / "penfw"
    folder.mkdir()
    (folder / "main.py").write_text("pass\n")
    (folder / "rate.py").write_text("def f(:\n")
    image = tmp_path / "x.bin"
    arguments = ["--firmware", str(tmp_path), "--image", str(image), "--board", "pico"]
    assert run(["flash", *arguments]) == 2
    assert "/penfw/rate.py does not compile" in capsys.readouterr().err
    assert not image.exists()
