"""The figures of the proof of both stop paths."""

import pytest

from penfw import faults, states
from tests.system.figures.looks import OFF, PROVE


def proof(looks, switch_mA=0, bridge_mA=0, both_mA=100, zero_mA=0, turned=False, spike_mA=0):
    """The whole proof with these mean currents in its phases; (result, what it did each step).

    Each phase has eight steps: a pulse is set, looked at, and rests for two, twice.
    """
    control = looks.control
    control.own_conditions &= ~states.PROVED
    looks.set(faults=0, law=PROVE, proof_step=0, gate=0, duty=0, read_tdc=lambda: 0)
    done = []
    for step in range(1, 48):
        mean_mA = (switch_mA, bridge_mA, both_mA)[(step - 24) // 8] if step >= 24 else 0
        level_mA = zero_mA + (mean_mA if step & 3 == 1 and step > 24 else 0)
        spike = spike_mA if step == 30 else 0
        raw = control.shunt_zero + round((level_mA + spike) * 4096 / control.shunt_q12)
        looks.set(read_shunt=lambda raw=raw: raw)
        if turned and step == 40:
            control.head = (control.head + 1) & 0xFFFFFF
        control._prove(raw, control.values)
        done.append((control.gate, bool(control.duty)))
        if control.law == OFF or control.faults:
            break
    named = {row[1] for row in faults.FAULTS if control.faults >> row[0] & 1}
    return named or bool(control.own_conditions & states.PROVED), done


def test_a_good_proof_gives_two_pulses_without_the_switch_and_two_with_both(looks):
    result, done = proof(looks)
    assert result is True
    assert [step for step, (_gate, duty) in enumerate(done, 1) if duty] == [24, 28, 40, 44]
    assert [step for step, (gate, _duty) in enumerate(done, 1) if gate] == list(range(32, 47))
    assert looks.control.law == OFF
    assert looks.signal("current") == pytest.approx(100, abs=4)
    volts_mV = looks.control.proof_duty * looks.control.battery_mV / 65_535
    assert volts_mV == pytest.approx(looks.control.proof_mV, abs=1)


@pytest.mark.verifies("R-424", "R-425", "R-426")
@pytest.mark.parametrize(
    ("currents", "result"),
    [
        ({"switch_mA": 26}, True), ({"switch_mA": 34}, {"stop path: load switch"}),
        ({"switch_mA": -34}, {"stop path: load switch"}),
        ({"bridge_mA": 26}, True), ({"bridge_mA": 34}, {"stop path: bridge"}),
        ({"bridge_mA": -34}, {"stop path: bridge"}),
        ({"both_mA": 41}, {"stop path: test current"}), ({"both_mA": 49}, True),
        ({"both_mA": 175}, True), ({"both_mA": 185}, {"stop path: test current"}),
        ({"zero_mA": 60}, True), ({"zero_mA": -60}, True), ({"turned": True}, False),
        ({"spike_mA": 290}, True), ({"spike_mA": 310}, {"stop path: load switch"}),
        ({"spike_mA": -290}, True), ({"spike_mA": -310}, {"stop path: load switch"}),
    ],
)  # fmt: skip
def test_each_phase_of_the_proof_has_its_limits(looks, currents, result):
    assert proof(looks, **currents)[0] == result


def test_the_load_switch_is_opened_first(looks):
    levels = []
    looks.set(write_load_switch=levels.append, proof_step=0, faults=0, law=PROVE)
    looks.control._prove(looks.control.shunt_zero, looks.control.values)
    assert levels == [0]
