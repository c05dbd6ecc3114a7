"""The depth axis: stepper, lead screw with play, end stops and the home switch."""

STEP_UM = 25.0  # one full step
LOWEST_UM = -200.0  # end stops of the nose
HIGHEST_UM = 2_700.0


class DepthAxis:
    """Moves the nose; positive is deeper. Positions in micrometres.

    The screw pushes the nose deeper directly; back it pulls it only after the play
    (`backlash_um`) is taken up. At an end stop steps are lost.
    """

    def __init__(self, start_um: float = 300.0, backlash_um: float = 20.0) -> None:
        self._screw_um = start_um
        self._nose_um = start_um
        self._backlash_um = backlash_um
        self.jammed = False

    @property
    def protrusion_m(self) -> float:
        """Needle protrusion beyond the nose at bottom dead centre, metres."""
        return max(self._nose_um, 0.0) * 1e-6

    @property
    def nose_um(self) -> float:
        """Position of the nose."""
        return self._nose_um

    @property
    def at_home(self) -> bool:
        """The home switch is closed."""
        return self._nose_um <= 0.0

    def step(self, direction: int) -> None:
        """One full step deeper (+1) or shallower (-1); a jammed axis or an end stop loses it."""
        screw_um = self._screw_um + direction * STEP_UM
        nose_um = min(max(self._nose_um, screw_um), screw_um + self._backlash_um)
        if self.jammed or not LOWEST_UM <= nose_um <= HIGHEST_UM:
            return
        self._screw_um = screw_um
        self._nose_um = nose_um
