"""From a pen's parameters to the flat numbers the kernel starts with."""

from dataclasses import dataclass
from typing import Any

from pensim.plant.kernel import PI, noise_bits, stream_key
from pensim.plant.parameters import Cartridge, PenParameters, Sensors, Skin

RAD_PER_DEG = PI / 180.0
TACHOMETER = 1  # bits of Kernel.levels
TOP_DEAD_CENTRE = 2
EDGE_STREAM = 3  # noise stream of the tachometer's edge errors
LSB = 4096.0  # ADC codes over the reference

# NTC, ohm at -40, -35, ... 125 °C: 10 kohm exp(3950 K (1/T - 1/298.15 K))
NTC_OHM = (
    401859.7, 281576.8, 200203.9, 144316.9, 105384.7, 77898.1, 58245.7, 44026.0,
    33620.6, 25924.6, 20174.6, 15837.1, 12535.3, 10000.0, 8037.1, 6505.5,
    5301.5, 4348.1, 3588.2, 2978.4, 2486.2, 2086.4, 1759.8, 1491.7,
    1270.3, 1086.7, 933.6, 805.4, 697.5, 606.4, 529.1, 463.3,
    407.1, 358.8,
)  # fmt: skip
NTC_PULL_UP_OHM = 10000.0


@dataclass(frozen=True)
class KernelConstants:
    """Numbers of one pen for `Kernel`: SI units in the names, angles in rad, ADC in LSB.

    `bound` are the ten sector boundaries from -pi to pi (dead centre at both ends, six
    tachometer edges and two ends of the top-dead-centre window between), `bound_levels` the
    digital levels in the nine sectors between them.
    """

    seed: int
    skin: Skin
    cartridge: Cartridge
    bound: list[float]
    bound_levels: list[int]
    inertia_kg_m2: float
    stroke_m: float
    moving_mass_kg: float
    membrane_retracted_n: float
    membrane_extended_n: float
    friction_nm: float
    viscous_friction_nm_s: float
    torque_constant_nm_per_a: float
    resistance_ohm: float
    copper_per_k: float
    rated_at_c: float
    circuit_ohm: float
    inductance_h: float
    pwm_frequency_hz: float
    winding_to_housing_k_per_w: float
    housing_to_ambient_k_per_w: float
    winding_time_constant_s: float
    housing_time_constant_s: float
    winding_c: float
    housing_c: float
    ambient_c: float
    capacity_c: float
    charge_fraction: float
    battery_ohm: float
    quiescent_a: float
    open_circuit_v: list[float]
    shunt_filter_s: float
    lsb_per_v: float
    shunt_zero_lsb: float
    shunt_lsb_per_a: float
    shunt_noise_lsb: float
    position_zero_lsb: float
    position_lsb_per_m: float
    position_noise_lsb: float
    ntc_table_lsb: list[float]
    ntc_noise_lsb: float
    battery_divider: float
    battery_noise_lsb: float


def flatten(pen: PenParameters, seed: int) -> KernelConstants:
    """Constants of `pen`; `seed` fixes its tachometer errors and its noise."""
    bound, bound_levels = sectors(pen.sensors, seed)
    return KernelConstants(
        seed=seed,
        skin=pen.skin,
        cartridge=pen.cartridge,
        bound=bound,
        bound_levels=bound_levels,
        **_motion(pen),
        **_supply(pen),
        **_channels(pen.sensors),
    )


def sectors(sensors: Sensors, seed: int) -> tuple[list[float], list[int]]:
    """Sorted boundary angles in rad and the digital levels between them.

    Each nominal tachometer edge (30°, 90°, ... from top dead centre) is off by a fixed error,
    uniform within the tolerance, drawn from the seed.
    """
    key = stream_key(seed, EDGE_STREAM)
    edges = []
    for n in range(6):
        error = noise_bits(key, n) / 2147483648.0 - 1.0
        edges.append((-150.0 + 60.0 * n + error * sensors.tachometer_tolerance_deg, TACHOMETER))
    for end in (-sensors.tdc_half_width_deg, sensors.tdc_half_width_deg):
        edges.append((sensors.tdc_offset_deg + end, TOP_DEAD_CENTRE))
    edges.sort()
    levels = [0]
    for _, bit in edges:
        levels.append(levels[-1] ^ bit)
    return [-PI, *(angle * RAD_PER_DEG for angle, _ in edges), PI], levels


def _motion(pen: PenParameters) -> dict[str, Any]:
    motor, mechanism = pen.motor, pen.mechanism
    return {
        "inertia_kg_m2": motor.rotor_inertia_kg_m2 + mechanism.eccentric_inertia_kg_m2,
        "stroke_m": mechanism.stroke_m,
        "moving_mass_kg": mechanism.moving_mass_kg,
        "membrane_retracted_n": mechanism.membrane_retracted_n,
        "membrane_extended_n": mechanism.membrane_extended_n,
        "friction_nm": motor.friction_nm + mechanism.coulomb_friction_nm,
        "viscous_friction_nm_s": mechanism.viscous_friction_nm_s,
    }


def _supply(pen: PenParameters) -> dict[str, Any]:
    motor, battery, circuit, thermal = pen.motor, pen.battery, pen.circuit, pen.thermal
    return {
        "torque_constant_nm_per_a": motor.torque_constant_nm_per_a,
        "resistance_ohm": motor.resistance_ohm,
        "copper_per_k": motor.copper_per_k,
        "rated_at_c": motor.rated_at_c,
        "circuit_ohm": circuit.bridge_ohm + circuit.shunt_ohm,
        "inductance_h": motor.inductance_h,
        "pwm_frequency_hz": circuit.pwm_frequency_hz,
        "winding_to_housing_k_per_w": motor.winding_to_housing_k_per_w,
        "housing_to_ambient_k_per_w": motor.housing_to_ambient_k_per_w,
        "winding_time_constant_s": motor.winding_time_constant_s,
        "housing_time_constant_s": motor.housing_time_constant_s,
        "winding_c": thermal.winding_c,
        "housing_c": thermal.housing_c,
        "ambient_c": thermal.ambient_c,
        "capacity_c": battery.capacity_c,
        "charge_fraction": battery.charge_fraction,
        "battery_ohm": battery.resistance_ohm,
        "quiescent_a": battery.quiescent_a,
        "open_circuit_v": [float(volts) for volts in battery.open_circuit_v],
    }


def _channels(sensors: Sensors) -> dict[str, Any]:
    per_v = LSB / sensors.adc_reference_v
    return {
        "shunt_filter_s": sensors.shunt_filter_s,
        "lsb_per_v": per_v,
        "shunt_zero_lsb": per_v * sensors.shunt_zero_v,
        "shunt_lsb_per_a": per_v * sensors.shunt_v_per_a,
        "shunt_noise_lsb": per_v * sensors.shunt_v_per_a * sensors.shunt_noise_rms_a,
        "position_zero_lsb": per_v * sensors.position_zero_v,
        "position_lsb_per_m": per_v * sensors.position_v_per_m,
        "position_noise_lsb": per_v * sensors.position_v_per_m * sensors.position_noise_rms_m,
        "ntc_table_lsb": [LSB * ohm / (ohm + NTC_PULL_UP_OHM) for ohm in NTC_OHM],
        "ntc_noise_lsb": sensors.ntc_noise_rms_lsb,
        "battery_divider": sensors.battery_divider,
        "battery_noise_lsb": per_v * sensors.battery_divider * sensors.battery_noise_rms_v,
    }
