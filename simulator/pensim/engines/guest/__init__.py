"""What runs on real MicroPython beside the firmware: start-up and the wire to the simulator."""
