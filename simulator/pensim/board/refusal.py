"""How a peripheral refuses what the firmware asks of it."""


class BoardRefusal(Exception):
    """A request that fails as it does on the port; `status` is an errno or an ERROR_* number."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
