"""The virtual board: what lies below the firmware's `machine` seam, in virtual time."""
