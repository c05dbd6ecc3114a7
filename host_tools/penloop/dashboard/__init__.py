"""The dashboard: a local page on one pen. docs/dashboard.md tells what it shows and promises.

The pen belongs to one thread (`pen_owner.py`), which takes jobs one after another and a stop before
all. What it measures goes through `feed.py` and a websocket of our own (`live.py`) to the scripts
in `assets/`, which draw; everything that changes seldom is NiceGUI's (`page.py`, `panels/`).
"""
