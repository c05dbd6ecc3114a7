# Measures a signal before a sensor is soldered: a PWM plays the tachometer of a motor.
#
#   penloop board examples/board/tachometer.py --wire GP2=GP3
import time

from machine import PWM, Pin, time_pulse_us

EDGES_PER_TURN = 6

sensor = Pin(3, Pin.IN)
stamps = []


def edge(pin):
    stamps.append(time.ticks_us())


motor = PWM(Pin(2), freq=660, duty_u16=32768)  # 6,600 turns a minute
sensor.irq(edge, Pin.IRQ_RISING)
time.sleep_ms(100)
sensor.irq(None)

turn_us = time.ticks_diff(stamps[-1], stamps[0]) * EDGES_PER_TURN // (len(stamps) - 1)
print(len(stamps), "edges,", 60000000 // turn_us, "turns a minute")
time_pulse_us(sensor, 1)  # the rest of a pulse; the next one is whole
print("high for", time_pulse_us(sensor, 1), "us")
