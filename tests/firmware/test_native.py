"""The firmware as it is flashed: its interrupt as native code, the rest as bytecode."""

import pytest

from penloop.mpy import NATIVE_MODULES, compile_firmware
from pensim.errors import FirmwareError
from pensim.firmware import Firmware
from tests.system.test_engines import jam, treatment

X64 = 2  # MP_NATIVE_ARCH_X64, in bits 2 to 7 of an .mpy file's third byte


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A directory with the firmware's .mpy files for this machine's processor."""
    files = dict(Firmware.installed().files)
    main = files.pop("/main.py")
    folder = tmp_path_factory.mktemp("native")
    for path, content in {**compile_firmware(files, "x64"), "/main.py": main}.items():
        place = folder / path.lstrip("/")
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    return folder


def test_the_list_s_modules_hold_native_code_and_the_others_none(compiled):
    native = {path.stem for path in (compiled / "penfw").glob("*.mpy")
              if path.read_bytes()[2] >> 2 == X64}  # fmt: skip
    assert native == set(NATIVE_MODULES)


@pytest.mark.verifies("R-809")
@pytest.mark.parametrize("story", [treatment, jam])
def test_native_code_gives_the_trace_of_the_source(make_bench, compiled, story):
    digests = []
    for firmware, engine in ((None, "cpython"), (Firmware.from_directory(compiled), "micropython")):
        bench = make_bench(firmware=firmware, engine=engine, seed=5)
        story(bench)
        digests.append(bench.trace().digest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("engine", "words"), [("cpython", "runs .py files only"), ("micropython32", "native code")]
)
def test_an_engine_that_cannot_run_it_says_so(make_bench, compiled, engine, words):
    with pytest.raises(FirmwareError, match=words):
        make_bench(firmware=Firmware.from_directory(compiled), engine=engine).run(0.5)
