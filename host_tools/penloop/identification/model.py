"""The parameters of the fit, and the simulator's pen that they make of a base.

Of what stands in line only the sum can be told: the winding's resistance with that of the bridge
and the shunt, the rotor's inertia with that of the eccentric and the needles' carrier, the
friction of motor and mechanism. The base's share of the others is kept.
"""

from dataclasses import dataclass, replace

import numpy as np

from penloop.identification.evidence import Floats
from pensim.plant.parameters import PenParameters, Skin


@dataclass(frozen=True)
class Parameter:
    """One of the fit: its place in a pen's file, the unit it is shown in, and its remedy."""

    name: str
    field: str
    unit: str
    scale: float  # of the unit, in SI


PARAMETERS = (
    Parameter("resistance", "motor.resistance_ohm", "ohm", 1.0),
    Parameter("torque_constant", "motor.torque_constant_nm_per_a", "mNm/A", 1e-3),
    Parameter("inertia", "motor.rotor_inertia_kg_m2", "gcm2", 1e-7),
    Parameter("friction", "motor.friction_nm + mechanism.coulomb_friction_nm", "mNm", 1e-3),
    Parameter("puncture_force", "skin.puncture_force_n", "mN", 1e-3),
    Parameter("full_force", "skin.full_force_n", "mN", 1e-3),
)
NAMES = tuple(parameter.name for parameter in PARAMETERS)
SKIN = ("puncture_force", "full_force")
VISCOUS = "viscous"  # fitted with the others, and told by none
FITTED = (*NAMES, VISCOUS)


@dataclass(frozen=True)
class Guess:
    """A pen and its skin, as the simulator takes them, under the parameters of the fit."""

    pen: PenParameters
    skin: Skin

    def values(self) -> Floats:
        """In the order of FITTED, in SI units."""
        motor, mechanism, skin = self.pen.motor, self.pen.mechanism, self.skin
        return np.array([
            motor.resistance_ohm,
            motor.torque_constant_nm_per_a,
            motor.rotor_inertia_kg_m2,
            motor.friction_nm + mechanism.coulomb_friction_nm,
            skin.puncture_force_n,
            skin.full_force_n,
            mechanism.viscous_friction_nm_s,
        ])  # fmt: skip

    def with_values(self, values: Floats) -> "Guess":
        """The same with other values; the shares of the friction stay."""
        resistance, constant, inertia, friction, puncture, full, viscous = map(float, values)
        motor, mechanism = self.pen.motor, self.pen.mechanism
        share = friction / (motor.friction_nm + mechanism.coulomb_friction_nm)
        motor = replace(
            motor,
            resistance_ohm=resistance,
            torque_constant_nm_per_a=constant,
            rotor_inertia_kg_m2=inertia,
            friction_nm=motor.friction_nm * share,
        )
        mechanism = replace(
            mechanism,
            coulomb_friction_nm=mechanism.coulomb_friction_nm * share,
            viscous_friction_nm_s=viscous,
        )
        skin = replace(self.skin, puncture_force_n=puncture, full_force_n=max(full, puncture))
        return Guess(replace(self.pen, motor=motor, mechanism=mechanism), skin)

    @property
    def circuit_ohm(self) -> float:
        """What the circuit adds to the winding."""
        return self.pen.circuit.bridge_ohm + self.pen.circuit.shunt_ohm

    @property
    def carried_kg_m2(self) -> float:
        """Inertia beside the rotor's: the eccentric's, and the carrier's on the mean of a turn."""
        mechanism = self.pen.mechanism
        radius_m = mechanism.stroke_m / 2
        return mechanism.eccentric_inertia_kg_m2 + mechanism.moving_mass_kg * radius_m**2 / 2

    def smooth(self) -> "Guess":
        """Without the ripple of membrane and carrier within a turn: for derivatives."""
        mechanism = replace(
            self.pen.mechanism,
            eccentric_inertia_kg_m2=self.carried_kg_m2,
            moving_mass_kg=0.0,
            membrane_retracted_n=0.0,
            membrane_extended_n=0.0,
        )
        return Guess(replace(self.pen, mechanism=mechanism), self.skin)
