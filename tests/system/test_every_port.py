"""What runs the motor is the same at every kind of port: capture, tune, identify."""

import json
from contextlib import ExitStack, closing

import pytest

from tests.system.penloop_process import Server, finish, start
from tests.system.person_script import entering_service
from tests.system.rfc2217_server import Rfc2217Server

# pyserial's own: it starts its thread the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning"),
    pytest.mark.timeout(300),  # pens in real time; machines are slow at times
]

SERVED = {"pseudo-terminal": ["--pty"], "socket": ["--tcp", "127.0.0.1:0"]}


@pytest.fixture
def ports(tmp_path):
    """Of pens without a cartridge whose person enters SERVICE, by the kind of port."""
    person = entering_service(tmp_path)
    url = f"sim://?cartridge=none&operator={person}"
    with ExitStack() as afterwards:
        network = afterwards.enter_context(closing(Rfc2217Server(f"{url}&pace=1")))
        found = {"simulated": url, "rfc2217": network.url}
        for kind, options in SERVED.items():
            folder = tmp_path / kind
            folder.mkdir()
            options = [*options, "--cartridge", "none", "--operator", str(person)]
            server = afterwards.enter_context(closing(Server(folder, *options)))
            found[kind] = server.port
        yield found


def documents(ports, words):
    """What a command prints as JSON at each port, all at the same time; `words(kind)` are its."""
    running = {kind: start(*words(kind), "--json", "--port", port) for kind, port in ports.items()}
    ended = {kind: finish(process, 240) for kind, process in running.items()}
    for kind, (code, _out, err) in ended.items():
        assert code == 0, f"{kind}: {err}"
    return {kind: json.loads(out) for kind, (_code, out, _err) in ended.items()}


def test_a_motor_is_captured_and_tuned_at_every_kind_of_port(ports, tmp_path):
    def tune(kind):
        return "tune", "--dry-run", "--out", str(tmp_path / f"{kind}.png")

    def scope(_kind):
        return "scope", "--signals", "rate,current", "--samples", "50"

    for kind, found in documents(ports, tune).items():
        assert found["response"]["emf_v_per_hz"] == pytest.approx(0.01675, rel=0.02), kind
        assert (tmp_path / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
    for kind, found in documents(ports, scope).items():
        assert [len(found["samples"][name]) for name in ("rate", "current")] == [50, 50], kind


def test_a_motor_is_identified_at_every_kind_of_port(ports, tmp_path):
    wanted = {"resistance": 1.1, "torque_constant": 2.67e-3, "friction": 0.13e-3}

    def identify(kind):
        goal = str(tmp_path / f"{kind}.parquet")
        return "identify", goal, "--record", "--only", ",".join(wanted)

    for kind, found in documents(ports, identify).items():
        for name, value in wanted.items():
            told = found["parameters"][name]
            assert told["told"], kind
            assert told["value"] == pytest.approx(value, rel=0.05), kind
