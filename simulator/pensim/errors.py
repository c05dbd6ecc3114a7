"""The simulator's errors: each message is one line that names the remedy.

SimulatorError
+-- BoardFault      the virtual board cannot go on
+-- FirmwareError   the firmware ended with an exception
+-- EngineError     an interpreter is missing, died or hangs
+-- ScenarioError   a value given by the user makes no sense
"""


class SimulatorError(Exception):
    """Base of all errors of the simulator."""


class BoardFault(SimulatorError):
    """The virtual board cannot go on."""


class FirmwareError(SimulatorError):
    """The firmware ended with an exception; `traceback` is the interpreter's text."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class EngineError(SimulatorError):
    """An interpreter is missing, died or hangs; `traceback` is what it said, if anything."""

    def __init__(self, message: str, traceback: str = "") -> None:
        last = traceback.strip().rsplit("\n", 1)[-1]
        super().__init__(f"{message}: {last}" if last else message)
        self.traceback = traceback


class ScenarioError(SimulatorError, ValueError):
    """A value given by the user makes no sense."""
