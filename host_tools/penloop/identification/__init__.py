"""The twin of a pen: the simulator's parameters fitted to a recording."""
