"""penloop: the composition root: command line, scenarios, the demo."""
