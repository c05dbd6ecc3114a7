"""Each example does what its text says, with the command in its heading."""

import io
import shlex
from pathlib import Path

import pytest

from penloop.commands.board import BoardRun

EXAMPLES = Path(__file__).parents[2] / "examples" / "board"
PROMPT = "a number from 1 to 100? "
SAID = {
    "blink": "1073737324 LED on\n1073737824 LED off\n",
    "deadman": "alive 4\nreset by the watchdog\n",
    "echo": "b'0123456789\\n' after 11535 us\n",
    "guess": f"{PROMPT}50\nhigher\n{PROMPT}75\nlower\n{PROMPT}60\nfound in 3 turns\n",
    "jitter": "a file written:        hard 45514 us",
    "tachometer": "66 edges, 6600 turns a minute\nhigh for 758 us\n",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_the_command_of_an_example_runs_it(name):
    path = EXAMPLES / f"{name}.py"
    (command,) = [line for line in path.read_text().splitlines() if "penloop board" in line]
    file, *options = shlex.split(command.partition("penloop board ")[2])
    given = dict(zip(options[::2], options[1::2]))
    out, err = io.BytesIO(), io.StringIO()
    run = BoardRun(
        path,
        wires=[given["--wire"]] if "--wire" in given else [],
        seed=int(given.get("--seed", 0)),
        out=out,
        err=err,
        source=io.TextIOWrapper(io.BytesIO(b"50\n75\n60\n")),
    )
    assert file == f"examples/board/{name}.py"
    assert run.finish() == 0, err.getvalue()
    assert SAID[name] in out.getvalue().decode()
