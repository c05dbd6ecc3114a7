"""Named parts: cartridges, skin zones, motors, pens.

All skin and cartridge figures are assumptions [A] within the ranges of FACTS.md (0.05-0.3 N a
needle, Kelvin-Voigt scalp 1.8 N/mm and 0.04 N·s/mm): campaigns sweep them. The damping keeps
the scalp's ratio to the stiffness, a relaxation in 22 ms.
"""

from pensim.plant.parameters import Battery, Cartridge, Mechanism, Motor, PenParameters, Skin

CARTRIDGES = {
    "1 needle": Cartridge(needle_count=1),
    "6 needles": Cartridge(needle_count=6),
    "11 needles": Cartridge(needle_count=11),
    "12 needles": Cartridge(needle_count=12),
    "14 needles": Cartridge(needle_count=14),
    "36 needles": Cartridge(needle_count=36, force_factor=0.5),  # finer needles
    "42 needles": Cartridge(needle_count=42, force_factor=0.45),
}
NO_CARTRIDGE = Cartridge(needle_count=0, force_factor=0.0)


def _zone(stiffness_n_per_m: float, full_force_n: float, puncture_force_n: float = 0.02) -> Skin:
    return Skin(
        stiffness_n_per_m=stiffness_n_per_m,
        damping_ns_per_m=stiffness_n_per_m * 0.022,
        puncture_force_n=puncture_force_n,
        full_force_n=full_force_n,
    )


SKINS = {
    # PEN.md's reference disturbance: 0.15 N a needle is reached at 0.75 mm
    "reference": Skin(full_depth_m=0.75e-3),
    # bone lies below forehead and nose: a stiff support
    "forehead": _zone(1800.0, 0.14),
    "cheek": _zone(900.0, 0.15),
    "nose": _zone(1800.0, 0.18),
    "upper_lip": _zone(800.0, 0.11),
    "chin": _zone(1300.0, 0.16),
    "neck": _zone(700.0, 0.10),
    "eye": _zone(600.0, 0.06, puncture_force_n=0.015),
    "scar": _zone(2200.0, 0.30, puncture_force_n=0.03),
    "none": Skin(puncture_force_n=0.0, full_force_n=0.0),
}

MOTORS = {
    # Faulhaber 1524 SR class, windings 003 and 006 [S]
    "003SR": Motor(),
    "006SR": Motor(
        resistance_ohm=5.1,
        inductance_h=110e-6,
        torque_constant_nm_per_a=6.0e-3,
        rotor_inertia_kg_m2=0.58e-7,
    ),
    # Faulhaber 1331 006SR [S]; its thermal figures are taken over from the 1524 [A]
    "1331": Motor(
        resistance_ohm=2.83,
        inductance_h=70e-6,
        torque_constant_nm_per_a=5.35e-3,
        rotor_inertia_kg_m2=0.71e-7,
        friction_nm=0.12e-3,
    ),
}

# In the motor's place on the bench: the current of 10 ohm, and next to no torque.
DUMMY_LOAD = Motor(resistance_ohm=10.0, torque_constant_nm_per_a=1e-5)

PENS = {
    "reference": PenParameters(),
    "006SR": PenParameters(motor=MOTORS["006SR"]),
    "1331": PenParameters(motor=MOTORS["1331"]),
    "worn": PenParameters(
        mechanism=Mechanism(coulomb_friction_nm=0.3e-3, membrane_extended_n=1.0),
        battery=Battery(resistance_ohm=0.2, charge_fraction=0.4),
    ),
    "dummy load": PenParameters(motor=DUMMY_LOAD),
}
