"""docs/tuning-pens.md is what its tool writes from the rows of the benchmark."""

import re

import pytest
from benchmarks import tuning
from tools import tuned_pens

SHARES = "1.00 1.00 1.00 1.00"
FIGURES = "70 → {rise} | 9 → 8 | 120 → 110 | 0.2 → 0.3 | 1.2 → 1.1 | 20 → 25 | 0.80 → {score}"


def row(number, said, rise=60, score=0.70):
    return f"| {number} | {SHARES} | {FIGURES.format(rise=rise, score=score)} | {said} |"


def test_the_page_counts_each_kind_of_ending():
    rows = [
        row(0, "yes"), row(1, "yes, kept as it was", 70, 0.80),
        row(2, "no, refused: the battery is low", 70, 0.80), row(3, "no, worse: score", 90, 0.81),
        row(4, "no, fault: 0x4"),
    ]  # fmt: skip
    text = "\n".join(tuned_pens.page(rows, "abc"))
    assert "The first 5 of 100 pens: 2 of 5 at least as good, 2 with a better score, 1 kept" in text
    assert "1 refused, 1 worse, 1 with a fault." in text
    assert "| rise time, ms | 70 → 70 | 70 → 90 | 1 | 0 |" in text  # median, worst, worse
    assert text.endswith("\n".join(rows))


def test_the_page_says_what_got_worse_whatever_its_goal_is():
    text = "\n".join(tuned_pens.page([row(0, "yes"), row(1, "yes", 150)], "abc"))
    assert "| rise time, ms | 70 → 105 | 70 → 150 | 1 | 1 |" in text
    assert "| ripple, % | 0.2 → 0.3 | 0.2 → 0.3 | 2 | 0 |" in text
    assert "| overshoot, % | 9 → 8 | 9 → 8 | 0 | 0 |" in text
    assert "The price: 2 of 2 pens have a figure that is worse by more than a tenth, 1 one" in text


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A copy of the page, in the place of the one that is kept."""
    kept = tuned_pens.PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "page.md"
    copy.write_text(kept, encoding="utf-8")
    monkeypatch.setattr(tuned_pens, "PAGE", copy)
    return copy


def rows_of(text):
    return [line for line in text.splitlines() if line[2:].split(" ")[0].isdecimal()]


def told(tmp_path, monkeypatch, text):
    printed = tmp_path / "rows.txt"
    printed.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["tuned_pens", str(printed)])
    tuned_pens.main()


def test_the_page_is_written_from_its_own_rows(page, tmp_path, monkeypatch):
    kept = page.read_text(encoding="utf-8")
    sources = re.search(r"Played with the sources (\w+)", kept)[1]
    rows = rows_of(kept)
    page.unlink()
    told(tmp_path, monkeypatch, "\n".join([f"sources {sources}", *rows, "tuning, 1 of 1 pens"]))
    assert page.read_text(encoding="utf-8") == kept


def test_the_price_is_told_where_better_is_explained():
    rows = rows_of(tuned_pens.PAGE.read_text(encoding="utf-8"))
    explained = tuned_pens.PAGE.with_name("tuning.md").read_text(encoding="utf-8")
    assert f" {tuned_pens.price(rows)}." in " ".join(explained.split())


def test_pens_of_two_versions_make_no_page(page, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="2 versions"):
        told(tmp_path, monkeypatch, f"sources abc\n{row(0, 'yes')}\nsources abd\n{row(1, 'yes')}\n")


def test_the_tool_tells_whether_the_page_is_of_the_sources_that_are_here(
    page, tmp_path, monkeypatch
):
    told(tmp_path, monkeypatch, f"sources {tuning.source_hash()}\n{row(0, 'yes')}\n")
    assert tuned_pens.stale() == ""
    monkeypatch.setattr(tuned_pens, "source_hash", lambda: "f" * 64)
    assert "here are ffffffffffff: play the pens anew" in tuned_pens.stale()


def test_another_line_of_a_source_is_another_version(tmp_path):
    for place in tuning.SOURCES:
        path = tmp_path / place
        path = path if path.suffix else path / "one.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1\n")
    hashes = {tuning.source_hash(tmp_path)}
    for path in sorted(tmp_path.rglob("*.py")):
        path.write_text("2\n")
        hashes.add(tuning.source_hash(tmp_path))
    assert len(hashes) == 1 + len(tuning.SOURCES)
