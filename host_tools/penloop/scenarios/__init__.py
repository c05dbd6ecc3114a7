"""Scenarios: what is done to a simulated pen, and what must hold."""
