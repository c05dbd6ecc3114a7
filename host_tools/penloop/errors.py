"""What a person did that cannot be: one line, with the remedy. Others: PenError, SimulatorError."""


class UserError(Exception):
    """`str()` is one line: what is wrong, then what to do. Workers send it to each other."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy)

    def __str__(self) -> str:
        return "{}: {}".format(*self.args)


class BoardError(Exception):
    """A board that is not as it has to be: one line, with the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}: {remedy}")


class BoardLost(BoardError):
    """A board that went away in the middle."""
