"""docs/tuning-pens.md is what its tool writes from the rows of the benchmark."""

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
    text = "\n".join(tuned_pens.page(rows))
    assert "The first 5 of 100 pens: 2 of 5 at least as good, 2 with a better score, 1 kept" in text
    assert "1 refused, 1 worse, 1 with a fault." in text
    assert "| rise time, ms | 70 → 70 | 70 → 90 |" in text  # median and worst
    assert text.endswith("\n".join(rows))


def test_the_page_is_written_from_its_own_rows(tmp_path, monkeypatch):
    kept = tuned_pens.PAGE.read_text(encoding="utf-8")
    rows = [line for line in kept.splitlines() if line[2:].split(" ")[0].isdecimal()]
    printed = tmp_path / "rows.txt"
    printed.write_text("\n".join([*rows, "tuning, 1 of 1 pens"]) + "\n", encoding="utf-8")
    monkeypatch.setattr(tuned_pens, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr("sys.argv", ["tuned_pens", str(printed)])
    tuned_pens.main()
    assert tuned_pens.PAGE.read_text(encoding="utf-8") == kept
