"""The kernel's own functions: noise, polynomials, rounding, with their stated errors."""

from math import cos, exp, pi, sin, sqrt

import pytest

from pensim.plant.kernel import (
    bell_2,
    bell_4,
    code_of,
    decay,
    lift_of,
    noise_bits,
    rounded,
    slope_of,
    stream_key,
)

ANGLES = [-pi + n * pi / 5000 for n in range(10_001)]
COUNT = 20_000


def test_one_minus_cosine_is_exact_to_13_parts_in_a_billion():
    assert max(abs(lift_of(angle) - (1.0 - cos(angle))) for angle in ANGLES) < 1.3e-8


def test_sine_is_the_derivative_of_lift_and_exact_to_a_millionth():
    assert max(abs(slope_of(angle) - sin(angle)) for angle in ANGLES) < 8e-7
    step = 1e-4
    for angle in ANGLES[100:-100:97]:
        derivative = (lift_of(angle + step) - lift_of(angle - step)) / (2 * step)
        assert slope_of(angle) == pytest.approx(derivative, abs=1e-8)


def test_decay_is_the_exponential_within_its_stated_error():
    assert max(abs(decay(n / 100) - exp(-n / 100)) for n in range(41)) < 4e-6
    assert max(abs(decay(n / 100) - exp(-n / 100)) for n in range(2000)) < 2.2e-3
    assert 0.0 < decay(1e6) < 1e-6
    values = [decay(n / 10) for n in range(1000)]
    assert values == sorted(values, reverse=True)


def test_rounding_is_to_nearest_and_stays_in_int32():
    assert [rounded(x) for x in (0.4, 0.5, -0.5, -0.4, 2.5)] == [0, 1, -1, 0, 3]
    assert rounded(1e300) == 2**31 - 1
    assert rounded(-1e300) == -(2**31) + 1


def test_code_is_held_at_the_rails():
    assert [code_of(x) for x in (-5.0, 0.0, 4094.6, 4095.0, 1e9)] == [0, 0, 65535, 65535, 65535]


def series(stream, seed=7, step=1000):
    key = stream_key(seed, stream)
    return [noise_bits(key, n * step) for n in range(COUNT)]


def correlation(a, b):
    """Correlation of two series; its deviation for independent ones is 1 / sqrt(length)."""
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    cross = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    squares = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return cross / sqrt(squares)


@pytest.mark.parametrize("step", [1, 200, 1000, 4096])
@pytest.mark.parametrize(("bell", "variance"), [(bell_4, 21845.0), (bell_2, 170.5)])
def test_noise_has_no_mean_and_its_stated_variance(bell, variance, step):
    values = [bell(bits) for bits in series(1, step=step)]
    mean = sum(values) / COUNT
    assert abs(mean) < 4.0 * sqrt(variance / COUNT)
    assert sum(value * value for value in values) / COUNT == pytest.approx(variance, rel=0.04)


def test_noise_of_four_bytes_is_bell_shaped():
    sigma = sqrt(21845.0)
    values = [bell_4(bits) / sigma for bits in series(2)]
    for limit, share in ((1.0, 0.683), (2.0, 0.954), (3.0, 0.997)):
        inside = sum(abs(value) < limit for value in values) / COUNT
        assert inside == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("lag", [1, 2, 3, 5, 10, 16, 100, 1000])
def test_noise_does_not_depend_on_its_past(lag, step):
    values = [bell_4(bits) for bits in series(1, step=step)]
    assert abs(correlation(values[:-lag], values[lag:])) < 4.5 / sqrt(COUNT - lag)


@pytest.mark.parametrize("step", [1, 1000])
def test_streams_and_seeds_are_independent(step):
    values = {
        (seed, stream): [bell_4(bits) for bits in series(stream, seed, step)]
        for seed in (0, 1, 2**31)
        for stream in (1, 2)
    }
    names = list(values)
    for n, one in enumerate(names):
        for other in names[:n]:
            assert abs(correlation(values[one], values[other])) < 4.5 / sqrt(COUNT)


def test_every_bit_is_set_half_the_time_and_flips_with_every_bit_of_the_index():
    key = stream_key(3, 1)
    values = series(1, 3, 1)
    for bit in range(32):
        assert sum(value >> bit & 1 for value in values) / COUNT == pytest.approx(0.5, abs=0.02)
    for bit in range(30):
        flips = [(noise_bits(key, n) ^ noise_bits(key, n ^ (1 << bit))) for n in range(2000)]
        share = sum(value.bit_count() for value in flips) / len(flips) / 32
        assert share == pytest.approx(0.5, abs=0.05)


def test_noise_is_a_function_of_key_and_time_alone():
    times = list(range(0, 100_000, 777))
    forward = {time: noise_bits(99, time) for time in times}
    backward = {time: noise_bits(99, time) for time in reversed(times)}
    assert forward == backward
    assert noise_bits(99, 777) != noise_bits(98, 777)


def test_noise_values_are_pinned():
    """A change of these changes every trace."""
    bits = [noise_bits(1, n) for n in range(4)]
    assert bits == [1753845952, 3313513036, 1297640789, 900239011]
    assert stream_key(7, 2) == 159767642
