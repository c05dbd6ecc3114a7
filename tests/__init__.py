"""Tests by package; `system` for all of them together, `house` for the rules of the code."""
