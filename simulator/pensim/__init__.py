"""pensim: the simulator."""
