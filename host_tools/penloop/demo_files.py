"""What the demo writes: a report, the same pictures as PNG, and both traces as Parquet."""

from pathlib import Path

from penloop import panels, plots, report
from penloop.summary import Summary


def write(out: Path, summary: Summary, command: str) -> list[Path]:
    """Writes all files into a folder; returns their paths, the report first."""
    treatment = panels.treatment_story(summary.treatment)
    stall = panels.stall_story(summary.stall)
    traces = [("treatment", summary.treatment.trace), ("stall", summary.stall.trace)]
    origin = report.origin_table([(f"{name}.parquet", trace) for name, trace in traces])
    page = out / "report.html"
    report.write_report(page, summary, treatment, stall, origin, command)
    plots.draw_story(treatment, out / "treatment.png")
    plots.draw_punctures(summary.zones, out / "punctures.png")
    plots.draw_story(stall, out / "stall.png")
    for name, trace in traces:
        trace.write_parquet(out / f"{name}.parquet")
    names = ["treatment.png", "punctures.png", "stall.png", "treatment.parquet", "stall.parquet"]
    return [page, *(out / name for name in names)]
