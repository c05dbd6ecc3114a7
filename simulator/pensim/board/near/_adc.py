"""MicroPython's `machine.ADC` for the RP2040: GP26 to GP29, and the chip's own temperature."""

from _board import COST_ADC, W, ask, sense, sync
from _layout import ADC0, ADC_INIT, ELAPSED, IN_IRQ, LIMIT
from _pin import Pin, pin_number
from _profile import PINS_ADC

_CHANNELS = 5


class ADC:
    """A channel (0 to 4), or the one of a pin."""

    CORE_TEMP = 4

    def __init__(self, pin):
        if isinstance(pin, int) and 0 <= pin < _CHANNELS:
            self._channel = int(pin)
            number = -1
        else:
            number = pin_number(pin)
            if number not in PINS_ADC:
                raise ValueError("Pin doesn't have ADC capabilities")
            self._channel = PINS_ADC.index(number)
            Pin(number)._function = 31
        self._word = ADC0 + self._channel
        ask(ADC_INIT, number, self._word)

    def read_u16(self):
        words = W
        words[ELAPSED] = elapsed = words[ELAPSED] + COST_ADC
        if elapsed >= words[LIMIT]:
            sync()
        if not words[IN_IRQ]:
            sense()
        return words[self._word]

    def __repr__(self):
        return "<ADC channel=%d>" % self._channel
