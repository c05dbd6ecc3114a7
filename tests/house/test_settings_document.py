"""docs/settings.md is what the firmware's tables say."""

import importlib.util
from pathlib import Path

from penfw import settings, signals

ROOT = Path(__file__).parents[2]


def test_the_document_is_written_from_the_tables_of_today():
    place = ROOT / "tools" / "settings_document.py"
    spec = importlib.util.spec_from_file_location("settings_document", place)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.DOCUMENT.read_text() == tool.document(), "run: python tools/settings_document.py"


def test_every_setting_and_signal_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text()
    for row in (*settings.SETTINGS, *signals.SIGNALS):
        assert f"| `{row[0]}` |" in text
