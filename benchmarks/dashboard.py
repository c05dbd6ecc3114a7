"""The dashboard in headless Chromium, on a pen in real time behind a pseudo-terminal.

From the click on the page to the pen's reply shown there: what it takes to be stopped. And how many
frames a second are drawn, of eight signals over ten seconds, and how far they are behind the pen.
"""

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.system.dashboard_process import STATE, Desk

STOPS = 60
RUNS = 5
WATCH_S = 10.0
PROMISED_MS = 50


def stop_ms(page):
    """One click on the stop button."""
    page.run("penloop.stats.stop_ms = null")
    page.click("#stop")
    return page.until("penloop.stats.stop_ms")


def stops_of_runs_ms(server, page):
    """Stops of a running motor."""
    found = []
    for _ in range(RUNS):
        page.until(f"{STATE} === 'READY'")
        server.act("b")
        page.until(f"{STATE} === 'RUNNING' && penloop.gauges.values.rate > 50")
        found.append(stop_ms(page))
    return found


def drawing(page):
    """(frames a second, ms behind at most) while nothing else is done."""
    page.until("penloop.stats.samples > 200")
    start, behind = time.monotonic(), []
    first = page.run("penloop.drawn || 0")
    while time.monotonic() < start + WATCH_S:
        behind.append(page.run("penloop.stats.behind_ms"))
        time.sleep(0.2)
    return (page.run("penloop.drawn") - first) / (time.monotonic() - start), max(behind)


def main():
    """Prints the figures and returns them: stops in ms, frames a second, ms behind."""
    with ExitStack() as afterwards:
        # Chromium's children still write a moment after it has ended.
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        desk = Desk(Path(afterwards.enter_context(folder)), afterwards)
        server = desk.pen(zone="")
        page = desk.page(desk.dashboard())
        frames_hz, behind_ms = drawing(page)
        stops = stops_of_runs_ms(server, page) + [stop_ms(page) for _ in range(STOPS)]
    print(f"dashboard frames {frames_hz:.0f} a second, at most {behind_ms:.0f} ms behind")
    within = sum(one <= PROMISED_MS for one in stops)
    print(
        f"dashboard stop, click to the pen's reply: median {statistics.median(stops):.0f} ms, "
        f"worst {max(stops):.0f} ms, {within} of {len(stops)} within {PROMISED_MS} ms"
    )
    return stops, frames_hz, behind_ms


if __name__ == "__main__":
    main()
