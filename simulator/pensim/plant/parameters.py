"""Physical parameters of a pen: one frozen dataclass a part, units in the names.

Marks on a value: [S] read in a source, [D] derived from such, [A] assumed (swept in
campaigns). Sources are listed in FACTS.md of the project: the motor figures are those of
the datasheet class of small coreless brushed motors (Faulhaber 1524 SR, 1331 SR).
An impossible value raises ValueError naming the field, the value and the remedy.
"""

from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any


def quantity(default: float, low: float, high: float, remedy: str) -> Any:
    """A float field with its default, its inclusive bounds and what to do outside them."""
    return field(default=default, metadata={"low": low, "high": high, "remedy": remedy})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Validated:
    """Checks every field made by `quantity` against its bounds on construction."""

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            if "low" in item.metadata:
                self._check(item)

    def _check(self, item: Any) -> None:
        value = getattr(self, item.name)
        low, high = item.metadata["low"], item.metadata["high"]
        if not _is_number(value) or not low <= value <= high:
            raise ValueError(
                f"{type(self).__name__}.{item.name} = {value!r} is not a number from {low:g} "
                f"to {high:g}: {item.metadata['remedy']}"
            )


_DATASHEET = "give the value of the motor's datasheet in SI units"
_MECHANISM = "give the measured value of the mechanism in SI units"
_SKIN = "choose a zone of presets.SKINS or a measured value in SI units"
_CELL = "give the value of the cell's datasheet"
_SENSOR = "give the value of the sensor's circuit"


@dataclass(frozen=True)
class Motor(Validated):
    """Brushed coreless motor at 22 °C; the defaults are the 003SR winding [S].

    `friction_nm` is the Coulomb friction of bearings and brushes; with the torque constant
    it gives the datasheet's no-load current (0.08 mN·m / 2.67 mN·m/A = 30 mA).
    """

    resistance_ohm: float = quantity(1.1, 1e-3, 1e3, _DATASHEET)
    inductance_h: float = quantity(22e-6, 1e-7, 1e-1, _DATASHEET)
    torque_constant_nm_per_a: float = quantity(2.67e-3, 1e-5, 1.0, _DATASHEET)
    rotor_inertia_kg_m2: float = quantity(0.53e-7, 1e-10, 1e-3, _DATASHEET)
    friction_nm: float = quantity(0.08e-3, 0.0, 0.1, _DATASHEET)
    winding_to_housing_k_per_w: float = quantity(10.0, 0.1, 1e3, _DATASHEET)
    housing_to_ambient_k_per_w: float = quantity(29.0, 0.1, 1e3, _DATASHEET)
    winding_time_constant_s: float = quantity(5.6, 0.1, 1e4, _DATASHEET)
    housing_time_constant_s: float = quantity(220.0, 1.0, 1e5, _DATASHEET)
    copper_per_k: float = quantity(0.0039, 0.0, 0.01, "copper has 0.0039 per kelvin")
    rated_at_c: float = quantity(22.0, -40.0, 100.0, _DATASHEET)


@dataclass(frozen=True)
class Mechanism(Validated):
    """Eccentric, needle carrier and membrane; all [A] but for the ranges of FACTS.md.

    The membrane pushes the needles back with `retracted` newtons at top dead centre, rising
    linearly to `extended` at bottom dead centre (conservative: it gives its energy back).
    The eccentric's own inertia brings the total to the 0.58 g·cm² behind FACTS.md's energies.
    """

    stroke_m: float = quantity(3.0e-3, 0.5e-3, 10e-3, _MECHANISM)
    moving_mass_kg: float = quantity(1.0e-3, 0.0, 0.1, _MECHANISM)
    eccentric_inertia_kg_m2: float = quantity(0.05e-7, 0.0, 1e-3, _MECHANISM)
    membrane_retracted_n: float = quantity(0.4, 0.0, 20.0, _MECHANISM)
    membrane_extended_n: float = quantity(0.6, 0.0, 20.0, _MECHANISM)
    coulomb_friction_nm: float = quantity(0.05e-3, 0.0, 0.1, _MECHANISM)
    viscous_friction_nm_s: float = quantity(2e-8, 0.0, 1e-3, _MECHANISM)


@dataclass(frozen=True)
class Skin(Validated):
    """One skin zone: a Kelvin-Voigt support in series with a plastic penetrator.

    Stiffness and damping: Kelvin-Voigt scalp, 1.8 N/mm and 0.04 N·s/mm [S, weak]. The force
    of one needle starts at `puncture_force_n` (0.02-0.03 N [S]) and rises linearly to
    `full_force_n` (0.05-0.3 N [A]) at `full_depth_m`. `friction_share` of the rising part
    resists withdrawal and re-entry of a hole (21 %, Barnett 2015 [S]). `lubrication` scales
    all needle forces (1 dry, 1/3 to 2/3 lubricated, Schneider 1978 [S]);
    `velocity_s_per_m` adds that share per m/s of needle speed [A].
    """

    stiffness_n_per_m: float = quantity(1800.0, 1.0, 1e6, _SKIN)
    damping_ns_per_m: float = quantity(40.0, 0.1, 1e5, _SKIN)
    puncture_force_n: float = quantity(0.02, 0.0, 5.0, _SKIN)
    full_force_n: float = quantity(0.15, 0.0, 5.0, _SKIN)
    full_depth_m: float = quantity(1.5e-3, 0.05e-3, 10e-3, _SKIN)
    friction_share: float = quantity(0.21, 0.0, 1.0, _SKIN)
    lubrication: float = quantity(1.0, 0.0, 10.0, _SKIN)
    velocity_s_per_m: float = quantity(0.0, 0.0, 10.0, _SKIN)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full_force_n < self.puncture_force_n:
            raise ValueError(
                f"Skin.full_force_n = {self.full_force_n!r} is below puncture_force_n = "
                f"{self.puncture_force_n!r}: the force rises with depth, so raise full_force_n"
            )


@dataclass(frozen=True)
class Cartridge(Validated):
    """Needles of a cartridge; `force_factor` scales the skin's force a needle by tip area
    (insertion force is linear in tip area, Davis 2004 [S])."""

    needle_count: int = quantity(12, 0, 200, "count the needles of the cartridge; 0 is none")
    force_factor: float = quantity(1.0, 0.0, 10.0, "1 is the tip area of the reference needle")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.needle_count != int(self.needle_count):
            raise ValueError(
                f"Cartridge.needle_count = {self.needle_count!r} is not a whole number: "
                "count the needles of the cartridge"
            )


TENTHS_V = (3.00, 3.50, 3.60, 3.67, 3.72, 3.78, 3.85, 3.93, 4.02, 4.10, 4.20)


@dataclass(frozen=True)
class Battery(Validated):
    """One Li-ion cell. Open-circuit voltages at 0, 10, ... 100 % of charge [A, typical NMC]."""

    capacity_c: float = quantity(600e-3 * 3600.0, 1.0, 1e6, _CELL)
    charge_fraction: float = quantity(0.8, 0.0, 1.0, "a share of the capacity, 0 to 1")
    resistance_ohm: float = quantity(0.08, 0.0, 100.0, _CELL)
    quiescent_a: float = quantity(0.04, 0.0, 10.0, "the board draws some tens of mA")
    open_circuit_v: tuple[float, ...] = TENTHS_V

    def __post_init__(self) -> None:
        super().__post_init__()
        volts = self.open_circuit_v
        rising = all(low <= high for low, high in pairwise(volts))
        if len(volts) != 11 or not rising or volts[0] < 0.0 or volts[-1] > 100.0:
            raise ValueError(
                f"Battery.open_circuit_v = {volts!r} is not 11 rising voltages from 0 to 100: "
                "give one for each tenth of the charge, empty first"
            )


@dataclass(frozen=True)
class Circuit(Validated):
    """Bridge, shunt and PWM between cell and motor; resistances [A] of small MOSFETs."""

    bridge_ohm: float = quantity(0.04, 0.0, 10.0, "give the on-resistance of the half-bridge")
    shunt_ohm: float = quantity(0.01, 0.0, 10.0, "give the resistance of the shunt")
    pwm_frequency_hz: float = quantity(100e3, 100.0, 1e7, "PEN.md asks for 100 kHz")


@dataclass(frozen=True)
class Thermal(Validated):
    """Temperatures at the start, in °C."""

    ambient_c: float = quantity(25.0, -40.0, 85.0, "give the room's temperature in °C")
    winding_c: float = quantity(25.0, -40.0, 200.0, "give a temperature in °C")
    housing_c: float = quantity(25.0, -40.0, 200.0, "give a temperature in °C")


@dataclass(frozen=True)
class Sensors(Validated):
    """Sensors and their ADC channels (12 bit over `adc_reference_v`); circuits are [A].

    Tachometer: edges nominally at 30°, 90°, ... of the crank, each off by a fixed error drawn
    uniformly within ±`tachometer_tolerance_deg`. Top dead centre: high within
    ±`tdc_half_width_deg` of `tdc_offset_deg`. Shunt amplifier: bidirectional,
    `shunt_zero_v` + `shunt_v_per_a` * current (-1.5 A to +5.1 A over 3.3 V), behind an RC
    filter. Position: `position_zero_v` + `position_v_per_m` * protrusion. NTC: 10 kohm at
    25 °C with B = 3950 K, to ground, below a pull-up of 10 kohm. Battery: a divider.
    """

    tachometer_tolerance_deg: float = quantity(0.7, 0.0, 10.0, _SENSOR)
    tdc_half_width_deg: float = quantity(15.0, 1.0, 25.0, _SENSOR)
    tdc_offset_deg: float = quantity(0.0, -60.0, 60.0, _SENSOR)
    adc_reference_v: float = quantity(3.3, 0.5, 10.0, _SENSOR)
    shunt_zero_v: float = quantity(0.75, 0.0, 10.0, _SENSOR)
    shunt_v_per_a: float = quantity(0.5, 1e-3, 100.0, _SENSOR)
    shunt_filter_s: float = quantity(0.5e-3, 1e-6, 1.0, _SENSOR)
    shunt_noise_rms_a: float = quantity(5e-3, 0.0, 1.0, _SENSOR)
    position_zero_v: float = quantity(0.4, 0.0, 10.0, _SENSOR)
    position_v_per_m: float = quantity(1000.0, 1.0, 1e6, _SENSOR)
    position_noise_rms_m: float = quantity(2e-6, 0.0, 1e-2, _SENSOR)
    ntc_noise_rms_lsb: float = quantity(0.7, 0.0, 100.0, _SENSOR)
    battery_divider: float = quantity(0.5, 1e-3, 1.0, _SENSOR)
    battery_noise_rms_v: float = quantity(2e-3, 0.0, 1.0, _SENSOR)


@dataclass(frozen=True)
class PenParameters:
    """Everything about one pen, its cartridge and the skin it meets first."""

    motor: Motor = field(default_factory=Motor)
    mechanism: Mechanism = field(default_factory=Mechanism)
    skin: Skin = field(default_factory=Skin)
    cartridge: Cartridge = field(default_factory=Cartridge)
    battery: Battery = field(default_factory=Battery)
    circuit: Circuit = field(default_factory=Circuit)
    thermal: Thermal = field(default_factory=Thermal)
    sensors: Sensors = field(default_factory=Sensors)

    def __post_init__(self) -> None:
        for item in fields(self):
            wanted: Any = item.default_factory
            part = getattr(self, item.name)
            if not isinstance(part, wanted):
                raise ValueError(
                    f"PenParameters.{item.name} = {part!r} is not a {wanted.__name__}: "
                    f"pass {wanted.__name__}(...) or leave it out"
                )
