"""Putting a version of the firmware onto a board, and going back to the one before."""
