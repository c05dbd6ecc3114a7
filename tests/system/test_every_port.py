"""What runs the motor is the same at every kind of port: capture, tune, identify."""

import json

import pytest

from penloop.cli import run
from tests.system.penloop_process import Server
from tests.system.rfc2217_server import Rfc2217Server
from tests.system.tuned_pen import cut_short

# pyserial's own: it starts its thread the old way.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")

KINDS = ("simulated", "pseudo-terminal", "socket", "rfc2217")
HOLD = '[[step]]\nat = "0.5 s"\ndo = "hold"\nhold = "3.5 s"\n'
PACE = "2"  # of time: the link's patience is the world's
SERVED = {"pseudo-terminal": ["--pty"], "socket": ["--tcp", "127.0.0.1:0"]}


@pytest.fixture(params=KINDS)
def port(request, tmp_path):
    """Of a pen without a cartridge whose person enters SERVICE."""
    person = tmp_path / "person.toml"
    person.write_text(HOLD)
    url = f"sim://?cartridge=none&operator={person}"
    if request.param == "simulated":
        yield url
        return
    if request.param == "rfc2217":
        server = Rfc2217Server(f"{url}&pace={PACE}")
        yield server.url
    else:
        arguments = ["--cartridge", "none", "--operator", str(person), "--pace", PACE]
        server = Server(tmp_path, *SERVED[request.param], *arguments)
        yield server.port
    server.close()


def test_a_motor_is_run_captured_and_tuned_in_service(port, tmp_path, capsys, monkeypatch):
    cut_short(monkeypatch)
    picture = tmp_path / "tuning.png"
    line = ["tune", "--dry-run", "--json", "--port", port, "--out", str(picture)]
    assert run(line) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    assert found["response"]["emf_v_per_hz"] == pytest.approx(0.01675, rel=0.02)
    assert picture.read_bytes().startswith(b"\x89PNG")
    line = ["scope", "--signals", "rate,current", "--samples", "50", "--json", "--port", port]
    assert run(line) == 0, capsys.readouterr().err
    columns = json.loads(capsys.readouterr().out)["samples"]
    assert [len(columns[name]) for name in ("rate", "current")] == [50, 50]


def test_a_motor_is_identified(port, tmp_path, capsys):
    wanted = {"resistance": 1.1, "torque_constant": 2.67e-3, "friction": 0.13e-3}
    line = ["identify", str(tmp_path / "run.parquet"), "--record", "--only", ",".join(wanted)]
    assert run([*line, "--json", "--port", port]) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    for name, value in wanted.items():
        assert found["parameters"][name]["told"]
        assert found["parameters"][name]["value"] == pytest.approx(value, rel=0.05)
