"""Tests by package: firmware, simulator, host_tools; system for all together, house for the rules."""
