"""The main loop's figures of the settings: bounds, who may change them, when they hold."""

import pytest

from penfw import protocol, settings, states
from tests.system.fault_scenarios import started
from tests.system.figures.part import OFF, RUN
from tests.system.story import pen_of


@pytest.mark.verifies("R-705")
@pytest.mark.parametrize("index", range(len(settings.NAMES)))
def test_each_setting_has_its_bounds_and_some_are_changed_in_service_only(part, index):
    low, high = settings.MINIMA[index], settings.MAXIMA[index]
    apply = part.pen.device.apply
    part.set(state=states.SERVICE, law=OFF)
    assert apply([[index, low - 1]])[0][::2] == (protocol.REFUSED, protocol.BELOW_MINIMUM)
    assert apply([[index, high + 1]])[0][2:] == (protocol.ABOVE_MAXIMUM, high)
    closed = settings.ACCESSES[index] != settings.OPEN
    value = part.pen.settings[index]
    part.set(law=RUN)
    assert apply([[index, value]])[0][2:] == ((protocol.MOTOR_ON if closed else 0), 0)
    part.set(state=states.READY, law=OFF)
    assert apply([[index, value]])[0][2:] == ((protocol.SERVICE_ONLY if closed else 0), 0)
    assert part.pen.settings[index] == value


@pytest.mark.parametrize(
    ("now", "value", "held_ms", "allowed"),
    [
        (states.FAULT, 0, 2_900, False), (states.FAULT, 0, 3_000, True),
        (states.FAULT, 0, 8_000, True), (states.FAULT, 0, 8_100, False),
        (states.FAULT, 1, 4_000, False), (states.READY, 0, 4_000, False),
    ],
)  # fmt: skip
def test_a_pen_is_declared_uncalibrated_in_fault_by_a_hand_at_its_button(
    part, now, value, held_ms, allowed
):
    pen = part.pen
    part.set(state=now, law=OFF)
    pen.button.step(1, pen.uptime_ms, now)
    pen.uptime_ms += held_ms
    [result] = pen.device.apply([[settings.index("calibrated"), value]])
    assert result[0] == (protocol.APPLIED if allowed else protocol.REFUSED)
    assert allowed or result[2:] == (protocol.SERVICE_ONLY, 0)


@pytest.mark.parametrize(("law", "used"), [(OFF, True), (RUN, False)])
def test_gains_are_used_once_the_motor_is_off(part, law, used):
    part.set(state=states.SERVICE, law=law)
    before = part.control.ki_q16
    part.pen.settings[settings.index("rate_ki")] *= 2
    part.pen.settings_changed()
    assert (part.control.ki_q16 > before) == used


def test_one_refusal_refuses_the_others_of_its_transaction(part):
    rate, depth = settings.index("stroke_rate"), settings.index("depth")
    before = list(part.pen.settings)
    results = part.pen.device.apply([[rate, 90_000], [depth, 9_999]])
    assert results[0] == (protocol.REFUSED, before[rate], protocol.OTHERS_REFUSED, 0)
    assert results[1][:3] == (protocol.REFUSED, before[depth], protocol.ABOVE_MAXIMUM)
    beyond_um = part.pen.get("depth_ceiling") + 100
    results = part.pen.device.apply([[rate, 90_000], [depth, beyond_um]])
    assert results[0] == (protocol.REFUSED, before[rate], protocol.OTHERS_REFUSED, 0)
    assert results[1][2] == protocol.ABOVE_CEILING
    assert part.pen.settings == before


@pytest.mark.verifies("R-502", "R-503", "R-504")
def test_depth_and_rate_are_judged_together_with_ceiling_and_cartridge(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    pen = pen_of(bench)
    apply, cartridge = pen.device.apply, pen.cartridge
    rate, depth = settings.index("stroke_rate"), settings.index("depth")
    assert apply([[depth, 1_525]])[0][2:] == (protocol.ABOVE_CEILING, 1_500)
    assert apply([[depth, 1_010], [rate, 150_000]])[0][:2] == (protocol.APPLIED, 1_000)
    cartridge.max_depth_um = 800
    assert apply([[depth, 825]])[0][2:] == (protocol.ABOVE_CARTRIDGE, 800)
    assert apply([[depth, 800]])[0][0] == protocol.APPLIED
    cartridge.max_depth_um = 0
    assert apply([[depth, 1_200]])[0][0] == protocol.APPLIED
    refused = apply([[rate, 25_000]])[0]
    assert refused[2] == protocol.RATE_TOO_LOW
    assert apply([[rate, refused[3] - 1]])[0][2:] == refused[2:]
    assert apply([[rate, refused[3]]])[0][0] == protocol.APPLIED


@pytest.mark.verifies("R-505")
@pytest.mark.parametrize("now", [states.RUNNING, states.PARKING])
def test_in_a_treatment_deeper_and_slower_wait_and_the_rest_does_not(make_bench, now):
    bench = started(make_bench, settings={"stroke_rate": 100_000, "depth": 500})
    pen = pen_of(bench)
    pen.control.state = now
    rate, depth = settings.index("stroke_rate"), settings.index("depth")
    apply = pen.device.apply
    assert apply([[depth, 600]])[0] == (protocol.PENDING, 500, 0, 0)
    assert apply([[rate, 90_000]])[0] == (protocol.PENDING, 100_000, 0, 0)
    assert pen.treatment.pending == {depth: 600, rate: 90_000}
    assert apply([[depth, 400]])[0] == (protocol.APPLIED, 400, 0, 0)
    assert apply([[rate, 110_000]])[0] == (protocol.APPLIED, 110_000, 0, 0)
    assert pen.treatment.pending == {}
    assert (pen.get("depth"), pen.get("stroke_rate")) == (400, 110_000)
    if now == states.RUNNING:
        assert pen.control.main_rate_mHz == 110_000


def test_what_waited_for_the_end_of_a_treatment_is_stored_then(make_bench):
    bench = started(make_bench, settings={"stroke_rate": 100_000, "depth": 500})
    pen = pen_of(bench)
    pen.device.apply([[settings.index("depth"), 600]])
    pen.flash_window.settings_due = False
    pen.treatment._take_pending()
    assert (pen.get("depth"), pen.treatment.pending) == (600, {})
    assert pen.flash_window.settings_due


@pytest.mark.parametrize("level", [0, 1])
def test_the_least_brightness_and_volume_are_light_and_sound(part, level):
    part.pen.settings[settings.index("led_brightness")] = level
    part.pen.settings[settings.index("buzzer")] = level
    part.pen.apply_settings()
    assert part.pen.indicator.light == bool(level)
    assert part.pen.indicator.sound == bool(level)


@pytest.mark.parametrize(
    ("homed", "homing", "moves"), [(1, 0, True), (1, 1, False), (0, 0, False), (0, 1, False)]
)
def test_the_axis_gets_a_new_depth_only_while_it_knows_where_it_is(part, homed, homing, moves):
    part.set(homed=homed, main_home=homing, main_depth=3)
    part.pen.settings[settings.index("depth")] = 500
    part.pen.apply_settings()
    assert part.control.main_depth == (500 // settings.DEPTH_STEP_UM if moves else 3)
