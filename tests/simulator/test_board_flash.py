"""Files on the flash: modes, errors by their numbers, space, power cuts."""

from dataclasses import replace

import pytest

from pensim.board.board import VirtualBoard
from pensim.board.profile import PICO
from tests.simulator.board_script import firmware, result, run

SETUP = """
import os
def make(name, text="x"):
    with open(name, "w") as file:
        file.write(text)

def number(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno

make("file")
os.mkdir("dir")
make("dir/inner")
os.mkdir("empty")
"""


def test_text_and_binary_files_come_back():
    outcome = run(
        """
        with open("text", "w") as file:
            print(file.write("äöü\\nzwei\\n"), file.write("drei"))
        with open("text") as file:
            print(file.read(2), file.readline(), file.tell())
            print(file.readlines())
        with open("text", "rb") as file:
            print(file.read(3), file.seek(-4, 2), file.read())
            buffer = bytearray(3)
            print(file.seek(7), file.readinto(buffer), buffer)
        for line in open("text"):
            print(line.strip())
        """
    )
    assert outcome.lines == [
        "12 4", "äö ü", " 7", "['zwei\\n', 'drei']", "b'\\xc3\\xa4\\xc3' 12 b'drei'",
        "7 3 bytearray(b'zwe')", "äöü", "zwei", "drei",
    ]  # fmt: skip


def test_modes_create_append_extend_and_exclude():
    outcome = run(
        """
        def write(mode, text):
            with open("f", mode) as file:
                file.write(text)

        write("w", "one"), write("a", "two")
        with open("f", "r+") as file:
            file.write("ONE")
            file.seek(0)
            print(file.read())
        try:
            write("x", "")
        except OSError as error:
            print(error)
        write("w", "")
        print(open("f").read() == "")
        with open("f", "w+b") as file:
            file.write(b"12345")
            file.seek(1)
            file.write(b"X")
            file.seek(0)
            print(file.read())
        """
    )
    assert outcome.lines == ["ONEtwo", "[Errno 17] EEXIST", "True", "b'1X345'"]


def test_directories_are_listed_renamed_and_removed():
    outcome = run(
        SETUP
        + """
print(sorted(os.listdir()), sorted(os.ilistdir("dir")))
os.rename("dir", "other")
os.rename("file", "other/file")
print(sorted(os.listdir("/other")), open("other/inner").read())
os.chdir("other")
print(os.getcwd(), os.listdir("..")[0], os.stat("file")[0] == 0x8000, os.stat("..")[0] == 0x4000)
os.remove("file"), os.unlink("inner")
os.chdir("/")
os.rmdir("other"), os.rmdir("empty")
print(os.listdir())
"""
    )
    assert outcome.lines == [
        "['dir', 'empty', 'file', 'main.py'] [('inner', 32768, 0, 1)]",
        "['file', 'inner'] x",
        "/other empty True True",
        "['main.py']",
    ]


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("open, 'none'", 2),
        ("open, 'none/file', 'w'", 2),
        ("open, 'file/inner', 'w'", 20),
        ("open, 'dir'", 21),
        ("open, 'dir', 'w'", 21),
        ("open, 'x' * 300, 'w'", 36),
        ("os.remove, 'none'", 2),
        ("os.rmdir, 'dir'", 39),
        ("os.mkdir, 'dir'", 17),
        ("os.mkdir, 'file'", 17),
        ("os.mkdir, 'none/inner'", 2),
        ("os.listdir, 'none'", 2),
        ("os.listdir, 'file'", 20),
        ("os.stat, 'none'", 2),
        ("os.chdir, 'file'", 2),
        ("os.rename, 'none', 'more'", 2),
        ("os.rename, 'file', 'dir'", 21),
        ("os.rename, 'empty', 'dir'", 39),
        ("os.rename, 'empty', 'file'", 20),
        ("open('file').write, 'x'", 9),
        ("open('file', 'a').read", 9),
        ("open('file').seek, -5", 22),
    ],
)
def test_errors_have_littlefs_s_numbers(call, number):
    assert result(f"number({call})", SETUP) == str(number)


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("open('file', 'q')", "ValueError"),
        ("open('file', 'rw')", "ValueError"),
        ("open(5)", "TypeError"),
        ("closed().read()", "ValueError"),
    ],
)
def test_misuse_of_a_file_raises(expression, raised):
    setup = SETUP + "\ndef closed():\n    file = open('file')\n    file.close()\n    return file\n"
    assert result(expression, setup) == raised


def test_the_flash_has_the_pico_s_size_and_fills_up():
    profile = replace(PICO, flash_bytes=64 * 1024)
    outcome = run(
        """
        import os
        size, _, blocks, free = os.statvfs("/")[:4]
        print(size * blocks)
        written = 0
        try:
            with open("big", "wb") as file:
                while True:
                    file.write(bytes(1024))
                    written += 1
        except OSError as error:
            print(error.errno, written > 50, os.statvfs("/")[3])
        os.remove("big")
        print(os.statvfs("/")[3] == free)
        """,
        profile=profile,
    )
    assert outcome.lines == ["65536", "28 True 0", "True"]
    assert result("os.statvfs('/')[2] * 4096", "import os") == str(1408 * 1024)


def test_a_power_cut_keeps_what_was_programmed():
    board = VirtualBoard(
        firmware(
            """
            import os, time
            if "log" in os.listdir():
                print(len(open("log").read()))
                raise SystemExit
            file = open("log", "w")
            for _ in range(100):
                file.write("x" * 100)
                time.sleep_ms(10)
            """
        )
    )
    board.serial.usb.connected = True
    printed = []
    board.serial.usb.reader = printed.append
    board.power_on()
    while board.now_us < 400_000:
        board.run(400_000)
    board.power_on()
    while board.exit_code is None:
        board.run(2_000_000)
    board.close()
    size = int(b"".join(printed))
    assert size % 256 == 0
    assert 2_000 < size < 3_600  # pages written until then; the rest was in memory


def test_a_large_file_comes_back_whole():
    outcome = run(
        """
        data = bytes(range(256)) * 300
        with open("large", "wb") as file:
            file.write(data)
        with open("large", "rb") as file:
            print(file.read() == data)
        """
    )
    assert outcome.lines == ["True"]


def test_time_stamps_come_from_the_board_s_clock():
    outcome = run(
        """
        import os, time
        time.sleep(3)
        open("f", "w").close()
        print(os.stat("f")[8] - time.mktime((2021, 1, 1, 0, 0, 0, 0, 0)))
        """
    )
    assert outcome.numbers == [3]


def test_modules_on_the_flash_are_imported_packages_and_lib_too():
    outcome = run(
        """
        import sys
        from package import name
        from package.inner import deeper
        import shelf
        with open("written.py", "w") as file:
            file.write("value = 5\\n")
        import written
        print(name, deeper, shelf.where, written.value, "shelf" in sys.modules)
        try:
            import missing
        except ImportError as error:
            print(error)
        """,
        files={
            "package/__init__.py": "name = 'package'\n",
            "package/inner.py": "from . import name\ndeeper = name + '.inner'\n",
            "lib/shelf.py": "where = 'lib'\n",
        },
    )
    assert outcome.lines == ["package package.inner lib 5 True", "no module named 'missing'"]
