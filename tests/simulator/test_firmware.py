"""Firmware as a value."""

import pytest

from pensim.errors import ScenarioError
from pensim.firmware import Firmware


def test_the_installed_firmware_has_its_main_program_at_the_root():
    files = dict(Firmware.installed().files)
    assert "/main.py" in files
    assert "/penfw/control.py" in files
    assert "/penfw/main.py" not in files


@pytest.mark.verifies("R-809")
def test_a_source_directory_gives_the_same_value_as_the_installed_package():
    from pathlib import Path

    import penfw

    root = Path(penfw.__file__).parents[1]
    assert Firmware.from_directory(root).sha256 == Firmware.installed().sha256


@pytest.mark.verifies("R-809")
def test_any_changed_byte_changes_the_hash():
    first = Firmware((("/main.py", b"a"),))
    assert first.sha256 != Firmware((("/main.py", b"b"),)).sha256
    assert first.sha256 != Firmware((("/main.pya", b""),)).sha256


def test_a_directory_without_a_firmware_is_told(tmp_path):
    with pytest.raises(ScenarioError, match="name the directory"):
        Firmware.from_directory(tmp_path)


def test_a_script_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ScenarioError, match="no such script"):
        Firmware.from_script(tmp_path / "none.py")


def test_a_script_brings_the_modules_beside_it(make_bench, tmp_path):
    (tmp_path / "helper.py").write_text("VALUE = 42\n")
    script = tmp_path / "run.py"
    script.write_text("import helper\nprint(helper.VALUE)\n")
    bench = make_bench(firmware=Firmware.from_script(script))
    usb = bench.board.serial.lines[2]
    usb.connected = True
    bench.run(0.1)
    assert usb.take(10).split() == [b"42"]


def test_two_versions_run_side_by_side(make_bench):
    installed = dict(Firmware.installed().files)
    changed = dict(installed)
    changed["/penfw/__init__.py"] = b'VERSION = "9.9.9"\n'
    benches = [
        make_bench(firmware=Firmware(tuple(sorted(files.items()))))
        for files in (installed, changed)
    ]
    versions = []
    for bench in benches:
        bench.run(0.3)
        versions.append(bench.board.processor.engine._modules["penfw"].VERSION)
    assert versions == ["0.1.0", "9.9.9"]
