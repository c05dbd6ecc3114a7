"""Units: what a person writes becomes the very integer that was meant, or is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penfw.settings import SETTINGS
from penfw.signals import SIGNALS
from penhost import units
from penhost.errors import BadValue

KNOWN = sorted({row[2] for row in SETTINGS} | {row[2] for row in SIGNALS})


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("110Hz", "mHz", 110_000),
        ("6600rpm", "mHz", 110_000),
        ("7000rpm", "mHz", 116_667),
        ("0.75mm", "um", 750),
        (" 750 um ", "um", 750),
        ("750µm", "um", 750),
        ("30min", "s", 1800),
        ("0.5h", "s", 1800),
        ("65%", "permille", 650),
        ("-1.5 °C", "mC", -1500),
        ("1.1Ω", "mOhm", 1100),
        ("1.6A", "mA", 1600),
        ("+.5V", "mV", 500),
        ("16.8mV/Hz", "uV/Hz", 16800),
        ("14uV/mHz", "uV/mHz", 14),
        ("14mV/Hz", "uV/mHz", 14),
        ("0.4Hz/ms", "mHz/ms", 400),
        ("400Hz/s", "mHz/ms", 400),
        ("12 counts", "counts", 12),
        ("1", "", 1),
    ],
)
def test_text_means_an_integer_of_the_row(text, unit, value):
    assert units.parse(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "advice"),
    [
        ("110mm", "mHz", "mHz, Hz, kHz, rpm"),
        ("110", "mHz", "mHz, Hz, kHz, rpm"),
        ("0,75mm", "um", "um, nm, mm, cm, m"),
        ("fast", "um", "um, nm, mm, cm, m"),
        ("", "um", "um, nm, mm, cm, m"),
        ("1e3um", "um", "um, nm, mm, cm, m"),
        ("nan um", "um", "um"),
        ("1mm", "", "a whole number without a unit"),
        ("5 bits", "counts", "counts"),
        ("5 V", "uV/Hz", "uV/Hz"),
        ("110hz", "mHz", "Hz"),
    ],
)
def test_wrong_unit_is_refused_with_the_right_ones_named(text, unit, advice):
    with pytest.raises(BadValue) as caught:
        units.parse(text, unit)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["0,5mm", "1e3um", "1e400mm", "1E-3 m", "1e9", "1_000um", "1.2.3mm"]
)
def test_a_number_that_is_not_plain_is_told_as_such(text):
    with pytest.raises(BadValue, match="cannot be read: write plain digits with a point"):
        units.parse(text, "um")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (110_000, "mHz", "110 Hz"),
        (116_667, "mHz", "116.667 Hz"),
        (750, "um", "0.75 mm"),
        (-25, "um", "-0.025 mm"),
        (0, "um", "0 mm"),
        (650, "permille", "65 %"),
        (655, "permille", "65.5 %"),
        (1800, "s", "1800 s"),
        (14, "uV/mHz", "14 uV/mHz"),
        (1, "", "1"),
        (5, "bits", "5 bits"),
        (52, "nm", "0.000052 mm"),
        (1, "us", "0.000001 s"),
    ],
)
def test_integer_is_shown_as_a_person_reads_it(value, unit, text):
    assert str(units.Quantity(value, unit)) == text


@pytest.mark.parametrize("unit", KNOWN)
@given(value=st.integers(-(2**31), 2**31 - 1))
def test_what_is_shown_reads_back_as_itself(unit, value):
    assert units.parse(units.show(value, unit), unit) == value


@given(st.text(max_size=12), st.sampled_from(KNOWN))
def test_any_text_is_a_number_or_refused(text, unit):
    with suppress(BadValue):
        assert isinstance(units.parse(text, unit), int)
