"""The connection that a shell holds: looked after while nobody types, taken up again when lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from penhost import Pen, PenError
from penhost.units import show
from penloop import pen_memory
from penloop.connection import held, open_pen

SHOWN = ("state", "rate", "depth", "battery", "faults")  # in the toolbar
PERIOD_MS = 100
SILENCE_S = 1.5  # without samples for so long, the pen may be gone
SLICE_S = 0.5  # a simulated pen is not advanced by more at once


class Link:
    """A pen on a port. A simulated one goes with the time of the world while it is looked after."""

    def __init__(self, port: str) -> None:
        """Connects. Raises UserError, PenError."""
        self.port = port
        self.pen: Pen = open_pen(port)
        self.lost = ""  # what has happened to the connection
        self._readings: dict[str, int] = {}
        self._kept_s = self._heard_s = time.monotonic()
        pen_memory.keep_description(self.pen, port)
        self._watch()

    def close(self) -> None:
        """Gives the port back."""
        self.pen.close()

    def keep(self) -> None:
        """Takes in what has arrived, without waiting; to be called every tenth of a second."""
        now_s = time.monotonic()
        passed_s, self._kept_s = min(now_s - self._kept_s, SLICE_S), now_s
        if self.lost:
            return
        try:
            if self.pen.clock_is_virtual:
                self.pen.wait(passed_s)
            for block in self.pen.arrived():
                self._heard_s = now_s
                self._readings = {name: int(block.samples[name][-1]) for name in SHOWN}
        except PenError as error:
            self.lost = error.message

    def told(self) -> str:
        """State, rate, depth, battery and faults, or what is wrong."""
        if self.lost:
            return f"link lost, the next command connects again: {self.lost}"
        if self._silent() or not self._readings:
            return "the pen is silent"
        values = self._readings
        state, word = values["state"], values["faults"]
        name = self.pen.states[state] if state < len(self.pen.states) else f"state {state}"
        faults = [
            fault.name for number, fault in self.pen.fault_table.items() if word >> number & 1
        ]
        shown = [f"{one} {show(values[one], self.pen.signals[one].unit)}" for one in SHOWN[1:4]]
        return "  ".join([name, *shown, f"faults: {', '.join(faults) or 'none'}"])

    def alarming(self) -> bool:
        """Whether a person had better look: a fault, or no connection."""
        return bool(self.lost or self._silent() or self._readings.get("faults"))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The pen is the commands' own meanwhile. Raises PenError when it cannot be reached."""
        if self.lost or self._silent():
            self._restore()
        try:
            self.pen.unsubscribe()
        except PenError as error:
            self.lost = error.message
            raise
        try:
            with held(self.pen):
                yield
        finally:
            self._watch()

    def stop(self) -> str:
        """Stops the motor; says how that went."""
        try:
            self.pen.stop()
        except PenError as error:
            return f"NOT STOPPED, {error.message}: stop the pen by its button"
        return "the pen was told to stop"

    def _silent(self) -> bool:
        return time.monotonic() - self._heard_s > SILENCE_S

    def _watch(self) -> None:
        """Subscribes what the toolbar shows."""
        try:
            self.pen.subscribe(SHOWN, PERIOD_MS)
        except PenError as error:
            self.lost = error.message
        self._heard_s = self._kept_s = time.monotonic()

    def _restore(self) -> None:
        """Asks a pen that is silent, opens the session anew, or else the port."""
        before = self.pen.info
        try:
            self.pen.renew()
        except PenError:
            if self.pen.clock_is_virtual:  # it lives in this process: closed, it is no more
                raise
            self.pen.close()
            self.pen = open_pen(self.port)
        if self.lost or self.pen.info.boot_session != before.boot_session:
            restarted = self.pen.info.boot_session != before.boot_session
            print(f"connected again{', the pen was restarted meanwhile' if restarted else ''}")
        self.lost = ""
