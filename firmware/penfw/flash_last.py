"""What a pen writes to its flash when its main loop has ended. In memory meanwhile only."""

from penfw import tables


def write_all(pen, number):
    """All that is due, and a record of fault `number`; 0 when it ended by nothing of its own.

    The drive is off and the motor has had its time to stand. Raises OSError.
    """
    if number:
        pen.blackbox.note(number, pen.device.clock, pen.uptime_ms)
        pen.blackbox.left = 0  # nobody takes more rows
    while pen.treatment.log is not None or pen.blackbox.due():
        pen.board.feed()
        tables.read("flash_item", "write")(pen)
