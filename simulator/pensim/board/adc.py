"""Conversions of a bare board's ADC: 12 bits with noise, of what is connected to its pins.

A pen's plant writes its conversions itself and takes this one's place.
"""

from pensim.board.chance import draw
from pensim.board.gpio import Gpio
from pensim.board.near._layout import ADC0, ADC_INIT, ARG0
from pensim.board.processor import Processor
from pensim.board.profile import BoardProfile

_REFERENCE_V = 3.3
_CODES = 4095
_DIODE_V = 0.706  # the chip's temperature sensor at 27 degrees Celsius,
_DIODE_V_PER_K = 0.001721  # and how it falls
_CORE = 4  # channel of that sensor


class AnalogueInputs:
    """Voltages at the ADC's pins. A pin that nobody sets has that of its logic level."""

    def __init__(self, gpio: Gpio, processor: Processor, profile: BoardProfile, seed: int) -> None:
        self._gpio = gpio
        self._processor = processor
        self._nothing = processor.sense
        self._words = processor.words
        self._profile = profile
        self._seed = seed
        self._draws = 0
        self.volts: dict[int, float] = {}
        self.core_celsius = profile.core_celsius
        processor.serve[ADC_INIT] = self._serve_init

    def _serve_init(self, _payload: bytes) -> bytes:
        pin = self._words[ARG0]
        if pin >= 0:
            self._gpio.give_to_peripheral(pin, None)
        if self._processor.sense is self._nothing:
            self._processor.sense = self.sense
        else:
            self._sense_core()
        return b""

    def sense(self, _now_us: int) -> None:
        """Converts all channels."""
        for channel, pin in enumerate(self._profile.pins_adc):
            self._words[ADC0 + channel] = self._code(self._voltage(pin))
        self._sense_core()

    def _sense_core(self) -> None:
        diode_v = _DIODE_V - (self.core_celsius - 27.0) * _DIODE_V_PER_K
        self._words[ADC0 + _CORE] = self._code(diode_v)

    def _voltage(self, pin: int) -> float:
        level_v = _REFERENCE_V * self._gpio.level(pin)
        return self.volts.get(pin, level_v)

    def _code(self, voltage_v: float) -> int:
        """A conversion as the port scales it to 16 bits."""
        self._draws += 1
        spread = 2 * self._profile.adc_noise_codes + 1
        noise = draw(self._seed, "adc", self._draws) % spread - self._profile.adc_noise_codes
        code = round(voltage_v / _REFERENCE_V * _CODES) + noise
        code = min(max(code, 0), _CODES)
        return code << 4 | code >> 8
