"""The compiled twin of kernel.py: the same bits, chosen by itself, refused when it is another's."""

import hashlib
import importlib
import importlib.util
import random
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from pensim.plant import kernel as python_kernel
from pensim.plant import select
from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS, RING_SIZE
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import CARTRIDGES, NO_CARTRIDGE, SKINS
from tests.simulator.test_plant_oracle import driven_kernel, run_to

SOURCE = Path(python_kernel.__file__)
BUILD = """
import sys
from setuptools import Distribution, Extension
from Cython.Build import cythonize
flags = ["-O2", "-ffp-contract=off"]
extensions = cythonize([Extension("kernel_twin", ["kernel_twin.py"], extra_compile_args=flags)])
build = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
build.build_lib = build.build_temp = "."
build.ensure_finalized()
build.run()
"""
STATE = """t_us now_us theta omega lift energy sector alpha turns strokes turn_us levels changed
    inside deflection touch_floor hole contact penetration_row skin_work_j punctures travel
    speed2 shunt_a peak_a friction_heat_j winding_heat_j battery_charge_c charge_left_c voc
    resistance winding_c housing_c""".split()
CALLS = 3000


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """The installed twin of this very source, else one compiled here; no compiler fails."""
    module, _ = select.compiled()
    if module is None:
        module = compiled_in(tmp_path_factory.mktemp("twin"))
    return module


def compiled_in(folder):
    (folder / "kernel_twin.py").write_bytes(SOURCE.read_bytes())
    (folder / "kernel_twin.pxd").write_bytes(SOURCE.with_suffix(".pxd").read_bytes())
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (library,) = (path for path in folder.glob("kernel_twin*") if path.suffix in (".so", ".pyd"))
    spec = importlib.util.spec_from_file_location("kernel_twin", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def history(kernel_class, seed):
    """Every state of a kernel through a long random sequence of inputs and calls."""
    row = array("i", [0] * len(PLANT_SIGNALS))
    kernel = kernel_class(flatten(PenParameters(), seed), array("i", [0] * 4), row)
    dice = random.Random(seed)
    states, now = [], 0
    for _ in range(CALLS):
        disturb(kernel, dice)
        kernel.settle(now)
        kernel.sense(now)
        kernel.record(now)
        until = now + dice.choice((1, 5, 200, 800, 1000, 3000))
        while now < until or kernel.changed:
            now = kernel.advance(until)
            states.append([getattr(kernel, name) for name in STATE])
            states.append([*kernel.codes, *kernel.row, *kernel.drain_punctures()])
    return states


def disturb(kernel, dice):
    """Now and then an input changes, or a run is tried and taken back."""
    chance = dice.randrange(40)
    if chance == 0:
        kernel.set_duty_u16(dice.choice((0, 6_000, 12_000, 32_000, 65_535, dice.randrange(65_536))))
    elif chance == 1:
        kernel.set_load_switch(dice.random() < 0.8)
    elif chance == 2:
        kernel.set_protrusion(dice.random() * 2.5e-3)
    elif chance == 3:
        kernel.set_standoff(dice.choice((0.0, 0.0, 0.01, dice.random() * 1e-3)))
    elif chance == 4:
        kernel.set_contact(dice.choice((0.0, 1.0, dice.random())), dice.choice((0.0, 20.0, 100.0)))
    elif chance == 5:
        kernel.set_skin(dice.choice(list(SKINS.values())))
    elif chance == 6:
        kernel.set_cartridge(dice.choice([*CARTRIDGES.values(), NO_CARTRIDGE]))
    elif chance == 7:
        kernel.set_extra_friction(dice.choice((0.0, 0.0, 1e-3, 20e-3)))
    elif chance == 8:
        kernel.set_stuck_sensors(dice.choice((0, 0, 1, 2, 3)), dice.choice((0, 1, 3)))
    elif chance == 9:
        kernel.set_bridge_faults(dice.random() < 0.1, dice.random() < 0.1)
    elif chance == 10:
        kernel.set_code_fault(dice.randrange(4), dice.choice((-1, -1, 0, 65_535)), 100)
    elif chance == 11:
        kernel.set_temperatures(dice.random() * 120.0, dice.random() * 80.0, 20.0)
        kernel.set_battery_charge(dice.random())
    elif chance == 12:
        kernel.set_pwm_frequency(dice.choice((20e3, 100e3)))
    elif chance < 20:
        kernel.save()
        kernel.advance(kernel.now_us + dice.randrange(3000))
        kernel.restore()


@pytest.mark.parametrize("seed", range(8))
def test_compiled_kernel_gives_the_bits_of_plain_python(twin, seed):
    assert history(twin.Kernel, seed) == history(python_kernel.Kernel, seed)


def test_random_sequences_reach_rest_reverse_skin_and_speed():
    states = [row for seed in (0, 1, 2) for row in history(python_kernel.Kernel, seed)[::2]]
    speeds = [state[STATE.index("omega")] for state in states]
    assert 0.0 in speeds
    assert min(speeds) < -50.0
    assert max(speeds) > 700.0
    assert any(state[STATE.index("inside")] for state in states)
    assert max(state[STATE.index("punctures")] for state in states) > 20


def test_compiled_functions_give_the_bits_of_plain_python(twin):
    dice = random.Random(5)
    for _ in range(5000):
        angle, x = dice.uniform(-3.14, 3.14), dice.random() * 30.0
        key, index = dice.getrandbits(32), dice.getrandbits(dice.choice((10, 32, 45)))
        for name, arguments in (
            ("lift_of", (angle,)),
            ("slope_of", (angle,)),
            ("decay", (x,)),
            ("rounded", (angle * 1e9,)),
            ("code_of", (angle * 2000.0,)),
            ("noise_bits", (key, index)),
            ("stream_key", (key, 3)),
            ("bell_4", (key,)),
            ("bell_2", (key,)),
        ):
            assert getattr(twin, name)(*arguments) == getattr(python_kernel, name)(*arguments)


def test_undrained_log_holds_the_same_last_punctures(twin):
    logs = []
    for kernel_class in (twin.Kernel, python_kernel.Kernel):
        kernel = driven_kernel(PenParameters(), 42_000, 0.5e-3, 0.0, 900.0, kernel_class)
        run_to(kernel, 1_000_000)
        logs.append(kernel.drain_punctures())
    assert len(logs[0]) == RING_SIZE
    assert logs[0] == logs[1]


def test_python_is_used_when_it_is_asked_for():
    assert select.choose({"PENLOOP_KERNEL": "python"}) == ("python", python_kernel)


def test_unknown_kernel_is_refused():
    with pytest.raises(select.KernelError, match=r"'fast' is unknown: use python or compiled"):
        select.choose({"PENLOOP_KERNEL": "fast"})


def test_absent_twin_means_python_without_a_word(monkeypatch, capsys):
    monkeypatch.setattr(select, "TWIN", "pensim.plant.no_such_twin")
    assert select.choose({}) == ("python", python_kernel)
    assert capsys.readouterr().err == ""


def test_absent_twin_that_is_asked_for_fails_with_a_remedy(monkeypatch):
    monkeypatch.setattr(select, "TWIN", "pensim.plant.no_such_twin")
    with pytest.raises(select.KernelError, match="there is no compiled kernel: run"):
        select.choose({"PENLOOP_KERNEL": "compiled"})


@pytest.fixture
def install(monkeypatch):
    """Puts a module in the twin's place."""

    def put(digest):
        module = type(sys)("pensim.plant.planted_twin")
        module.SOURCE_SHA256 = digest
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(select, "TWIN", module.__name__)
        return module

    return put


def test_twin_of_this_source_is_chosen_by_itself(install):
    module = install(hashlib.sha256(SOURCE.read_bytes()).hexdigest())
    assert select.choose({}) == ("compiled", module)
    assert select.choose({"PENLOOP_KERNEL": "compiled"}) == ("compiled", module)
    assert select.choose({"PENLOOP_KERNEL": "python"}) == ("python", python_kernel)


def test_twin_of_another_source_is_refused_in_one_line(install, capsys):
    install("0" * 64)
    assert select.choose({}) == ("python", python_kernel)
    (line,) = capsys.readouterr().err.splitlines()
    assert "of another kernel.py" in line
    assert "make kernel" in line


def test_twin_of_another_source_fails_where_it_is_asked_for(install):
    install("0" * 64)
    with pytest.raises(select.KernelError, match=r"of another kernel\.py: run"):
        select.choose({"PENLOOP_KERNEL": "compiled"})
