"""The cheapest cases there are: a pen that is switched on, for a few milliseconds of wall time."""

import os

from penloop.campaigns.cases import Case, Template
from penloop.campaigns.places import Place

CHARGE = Place("battery.charge_fraction", ("pen", "parameters", "battery.charge_fraction"))


def template(duration="40 ms", engine="cpython"):
    """Of a scenario whose margin is another for each charge of the battery."""
    document = {
        "about": "A pen is switched on.",
        "duration": duration,
        "expect": ["battery above 3 V at 30 ms"],
    }
    return Template("on", document, (CHARGE,), engine)


def case(number):
    """Any number makes one, each another."""
    return Case(number, number, (0.2 + 0.7 * (number % 97) / 97,))


class Deadly:
    """A value of a case that ends the process that reads it."""

    def __reduce__(self):
        return os._exit, (9,)
