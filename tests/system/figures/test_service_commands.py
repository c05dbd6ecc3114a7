"""What the host asks, one by one: where a command is taken, and what it answers."""

import pytest

from penfw import protocol, settings, states

RUN, PARK, END_SERVICE, HAND_OVER, TRIAL, KEEP, REVERT, ACKNOWLEDGE = range(1, 9)
RATE = settings.index("stroke_rate")


@pytest.mark.parametrize(
    "name", ["run", "park", "end_service", "hand_over", "trial", "keep", "revert", "acknowledge"]
)
def test_the_commands_have_the_numbers_of_their_table(part, name):
    read = type(part.pen).step.__globals__["tables"].read
    number = [row[0] for row in part.pen.device.commands_rows].index(name)
    assert read("service_commands", name.upper()) == number


@pytest.mark.verifies("R-702")
@pytest.mark.parametrize("state", [states.STANDBY, states.RUNNING, states.FAULT])
@pytest.mark.parametrize(("number", "argument"), [
    (RUN, 50_000), (PARK, 0), (END_SERVICE, 0), (TRIAL, 5_000),
])  # fmt: skip
def test_what_belongs_to_service_is_refused_elsewhere_and_asks_for_nothing(
    part, state, number, argument
):
    part.set(state=state, main_conditions=0)
    refused = (protocol.REFUSED, protocol.SERVICE_ONLY)
    assert part.pen.device.command(number, argument) == refused
    assert (part.control.main_asks, part.control.main_conditions, part.pen.trial) == (0, 0, None)


@pytest.mark.parametrize("number", [KEEP, REVERT])
def test_without_a_trial_there_is_nothing_to_keep_or_to_revert(part, number):
    refused = (protocol.REFUSED, protocol.NO_TRIAL)
    assert part.pen.device.command(number, 0) == refused


@pytest.mark.parametrize(
    ("number", "argument"),
    [
        (RUN, settings.MINIMA[RATE]), (RUN, settings.MAXIMA[RATE]), (PARK, 3), (END_SERVICE, 4),
        (TRIAL, 1_000), (TRIAL, 60_000),
    ],
)  # fmt: skip
def test_a_command_that_is_taken_answers_its_argument(part, number, argument):
    part.set(state=states.SERVICE)
    assert part.pen.device.command(number, argument) == (protocol.APPLIED, argument)


@pytest.mark.parametrize("span_ms", [-1, 0, 999, 60_001])
def test_a_trial_lasts_one_to_sixty_seconds(part, span_ms):
    part.set(state=states.SERVICE)
    refused = (protocol.REFUSED, protocol.BAD_ARGUMENT)
    assert part.pen.device.command(TRIAL, span_ms) == refused
    assert part.pen.trial is None


def test_an_acknowledgement_without_a_fault_is_refused(part):
    part.set(state=states.STANDBY)
    refused = (protocol.REFUSED, protocol.WRONG_STATE)
    assert part.pen.device.command(ACKNOWLEDGE, 0) == refused


def test_the_pen_tells_what_waits_beside_what_is_in_force(part):
    depth = settings.index("depth")
    part.pen.settings[depth] = 500
    get = part.pen.device.get
    assert (get(depth), get(depth | protocol.NEXT_START)) == (500, 500)
    part.pen.treatment.pending[depth] = 750
    assert (get(depth), get(depth | protocol.NEXT_START)) == (500, 750)
