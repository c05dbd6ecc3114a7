"""What the desk-check runs on the board, at its prompt: MicroPython, sent as text."""
