"""`penloop monitor --json` is told and prints as what it is: a document a line."""

import json

from penloop.cli import run


def test_each_line_is_a_document_of_one_sample_and_the_help_says_so(capsys):
    words = ["monitor", "--port", "sim://", "-s", "rate,state", "--for", "0.5s", "--json"]
    assert run(words) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 10
    assert all(list(row) == ["time_us", "rate", "state"] for row in rows)
    assert all(type(value) is int for row in rows for value in row.values())
    run(["monitor", "--help"])
    told = capsys.readouterr().out
    assert "JSON lines" in told
    assert "One JSON document" not in told
