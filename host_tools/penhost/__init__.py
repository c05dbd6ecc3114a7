"""penhost: the serial client of the pen."""
