# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, nonecheck=False
"""The plant between two inputs: motor, eccentric, membrane, skin, sensors, in SI units.

This one file runs as plain Python and, typed by kernel.pxd, compiled by Cython, with the
same bits: doubles, + - * / and sqrt, own polynomials, integers, nothing else.

Model. Crank angle `theta` from top dead centre (needles retracted) in -pi..pi, wrapping at
bottom dead centre; `lift` = 1 - cos(theta); needle travel z = r * lift. The tip stands
u = r * lift + tip_offset beyond the undisturbed skin. Kinetic energy
(J + m r² sin²) omega² / 2, membrane potential lift * (v1 + v2 * lift).
Motor current is algebraic (L/R is 20 us): i = drive_current - drive_slope * omega.
Skin: a support (stiffness k, damping c, deflection w) in series with a plastic penetrator
(penetration x = u - w). Needle force = clamp(c du/dt + k w, -out(x), in(x)), and
c dw/dt = force - k w; without contact w relaxes.

Integrator. One step goes from angle to angle and is the implicit midpoint rule in its
energy-conserving (discrete-gradient) form: the change of total energy is the mean torque of
motor and friction, both linear in the mean speed, times the angle, less the work on the
skin, whose force is linear in depth. That is a quadratic in the new speed, solved in closed
form; membrane and moving mass are exact at any step. Time is angle over mean speed, so it is
second order. Steps end exactly at sensor angles (no trigonometry there: tables), at dead
centre, at skin contact and at standstill; a step that must end at a time corrects its angle
until the time is met within SLACK_US. The kernel's own time `t_us` stays exact.
"""

import math

PI = 3.141592653589793
TURN_RAD = 6.283185307179586
SLACK_US = 0.5  # a call may end this far from its integer time; t_us tells where it is
SLACK_S = 0.5e-6
STEP_MAX_S = 1e-3  # longest step, for the skin's own motion
ANGLE_MAX = 0.55  # rad; longest step at high speed
ANGLE_MIN = 0.02  # rad; longest step near standstill
ANGLE_S2 = 1e-6  # s²; between the two the longest step is ANGLE_MIN + ANGLE_S2 * omega²
ENERGY_SHARE = 1e-3  # a stop may lose this share of the kinetic energy of its last step
ENERGY_STILL = 1e-13  # J; less kinetic energy than this is standstill (0.002 rad/s)
NEVER_M = 1e9  # surface height that no needle reaches
TURN_STILL = 1e-9  # rad; a rotor that cannot go this far stands still
WEDGED = 1e30  # in place of an acceleration: at rest although torque exceeds friction
WEDGED_S = 20e-6  # such a rotor is looked at again after this time
SURFACE_M = 1e-9  # contact is located to this accuracy
TRIES_MAX = 6

# 1 - cos(a) = q (C0 + q (C1 + ...)), q = a², for |a| <= pi: error below 1.3e-8;
# its derivative a (2 C0 + q (4 C1 + ...)) is sin(a) with an error below 8e-7.
C0 = 0.49999992497989554
C1 = -0.04166651794417744
C2 = 0.001388790599789086
C3 = -2.4771643691572365e-05
C4 = 2.709348584790787e-07
C5 = -1.72906150004817e-09

MASK_32 = 0xFFFFFFFF
MIX_1 = 0x9E3779B1  # golden ratio; the other two are those of lowbias32 (C. Wellons)
MIX_2 = 0x7FEB352D
MIX_3 = 0x846CA68B
CODE_MAX = 4095
INT32_MAX = 2147483647
INT32_EDGE = 2147483646.0
RING_SIZE = 64  # punctures kept until the caller drains them
SETTLE_US = 10000  # slow states advance in steps of at least this
SHUNT, POSITION, TEMPERATURE, BATTERY = 0, 1, 2, 3  # rows of the ADC codes
FREE = -1  # no forced ADC code on a channel

PLANT_SIGNALS = (
    ("rate", "mHz"),
    ("angle", "mdeg"),
    ("turn_time", "us"),
    ("current", "mA"),
    ("current_peak", "mA"),
    ("battery", "mV"),
    ("protrusion", "um"),
    ("penetration", "um"),
    ("skin_deflection", "um"),
    ("needle_force", "mN"),
    ("contact", "permille"),
    ("strokes", "1"),
    ("punctures", "1"),
    ("winding", "mdegC"),
    ("housing", "mdegC"),
    ("charge_used", "uAh"),
    ("drive", "u16"),
    ("brake", "u16"),
)


def noise_bits(key, index):
    """32 random bits that depend on `key` (32 bit) and `index` (>= 0) alone.

    Counter, xor-shift and multiply finaliser. The index repeats after 2**32.
    """
    x = ((index * MIX_1) & MASK_32) ^ key
    x = ((x ^ (x >> 16)) * MIX_2) & MASK_32
    x = ((x ^ (x >> 15)) * MIX_3) & MASK_32
    return x ^ (x >> 16)


def stream_key(seed, stream):
    """Key of a noise stream for `noise_bits`; streams of one seed do not share values."""
    return noise_bits(noise_bits(0x5EED1E55, seed & MASK_32), stream)


def bell_4(bits):
    """Bell-shaped integer of mean 0 and variance 21845 from 32 random bits: four bytes."""
    return (bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + ((bits >> 24) & 255) - 510


def bell_2(bits):
    """Triangular integer of mean 0 and variance 170.5 from 10 random bits: two halves."""
    return (bits & 31) + ((bits >> 5) & 31) - 31


def lift_of(angle):
    """1 - cos(angle) for |angle| <= pi; error below 1.3e-8."""
    q = angle * angle
    return q * (C0 + q * (C1 + q * (C2 + q * (C3 + q * (C4 + q * C5)))))


def slope_of(angle):
    """Derivative of `lift_of`: sin(angle) for |angle| <= pi; error below 8e-7."""
    q = angle * angle
    high = 8.0 * C3 + q * (10.0 * C4 + q * (12.0 * C5))
    return angle * (2.0 * C0 + q * (4.0 * C1 + q * (6.0 * C2 + q * high)))


def decay(x):
    """exp(-x) for x >= 0 as a rational function: error below 0.0022, 4e-6 up to x = 0.4;
    positive and falling to 0, so it is stable for any x."""
    h = 0.5 * x
    e = 1.0 + h * (1.0 + h * (0.5 + h * (0.16666666666666666 + h * 0.041666666666666664)))
    return 1.0 / (e * e)


def code_of(lsb):
    """ADC code of a voltage in LSB: 12 bit, spread to 16 bit as read_u16 does."""
    if lsb < 0.0:
        return 0
    if lsb > CODE_MAX:
        return 65535
    code = int(lsb + 0.5)
    return (code << 4) | (code >> 8)


def rounded(value):
    """Nearest integer of a double, halves away from zero, held within int32."""
    if -INT32_EDGE < value < INT32_EDGE:
        return int(value + 0.5) if value >= 0.0 else int(value - 0.5)
    return INT32_MAX if value > 0.0 else -INT32_MAX


class Kernel:
    """One pen's plant. See the module's docstring for the model.

    Args:
        constants: a `KernelConstants` (constants.py).
        codes: array('i') of 4; `sense` writes ADC codes 0..65535 in it, in the order shunt,
            position, temperature, battery.
        row: array('i') of len(PLANT_SIGNALS); `record` writes it.

    At the start the crank stands at top dead centre, drive and load switch are off, the
    pen is lifted 10 mm off the skin.
    """

    __slots__ = tuple(
        # time and motion
        """t_us now_us theta omega lift energy sector alpha turns turns_top strokes turn_us
        turn_t_us pending quiet_us looked_us levels changed """
        # skin
        """inside deflection deflection_t_us touch_floor hole contact ramping gain_puncture
        gain_depth gain_out penetration_row skin_work_j punctures drained ring_t_us ring_um """
        # sums since the last flush, and totals
        """travel speed2 shunt_a peak_a flush_t_us motor_charge_c battery_charge_c current2_a2s
        winding_heat_j friction_heat_j row_charge_c settle_heat_j settle_friction_j
        settle_charge_c """
        # inputs
        """duty load_switch_closed protrusion_m standoff_m contact_target contact_rate_per_s
        pwm_frequency_hz extra_friction_nm high_side_shorted bridge_open stuck_mask stuck_levels
        forced_code code_offset code_faulty battery_switched """
        # derived from inputs
        """tip_offset drive_current drive_slope drive_torque half_damping friction rms_factor
        ripple_a2 ripple_supply_a battery_share brake_share battery_lsb battery_lsb_per_a
        unit_puncture unit_depth friction_share stiffness damping velocity_s_per_m skin_puncture_n
        skin_slope_n_per_m needles """
        # constants
        """bound bound_lift bound_levels inertia reciprocating radius v1 v2 torque_constant
        motor_friction viscous resistance_rated copper_per_k rated_at_c circuit_ohm inductance
        shunt_filter_us lsb_per_v shunt_zero_lsb shunt_lsb_per_a shunt_noise position_zero_lsb
        position_lsb_per_m position_noise ntc_table ntc_noise battery_divider battery_noise
        shunt_key slow_key """
        # slow states
        """resistance voc open_circuit capacity_c battery_ohm quiescent_a charge_left_c winding_c
        housing_c ambient_c winding_capacity housing_capacity winding_conductance
        housing_conductance ntc_lsb settled_us row_t_us """
        # checkpoint of what advance() changes
        """c_t_us c_now_us c_theta c_omega c_lift c_energy c_sector c_alpha c_turns c_turns_top
        c_strokes c_turn_us c_turn_t_us c_pending c_levels c_changed c_inside c_deflection
        c_deflection_t_us c_touch_floor c_hole c_contact c_ramping c_gain_puncture c_gain_depth
        c_gain_out c_penetration_row c_skin_work_j c_punctures c_travel c_speed2 c_shunt_a
        c_peak_a c_friction_heat_j """
        # buffers of the caller
        "codes row".split()
    )

    def __init__(self, constants, codes, row):
        self._take_constants(constants)
        self._take_slow_states(constants)
        self.codes = codes
        self.row = row
        self.needles = 0.0
        self.inside = 0
        self.hole = 0.0
        self.deflection = 0.0
        self.deflection_t_us = 0.0
        self.t_us = 0.0
        self.now_us = 0
        self.duty = 0.0
        self.load_switch_closed = 0
        self.high_side_shorted = 0
        self.bridge_open = 0
        self.extra_friction_nm = 0.0
        self.protrusion_m = 0.0
        self.standoff_m = 0.01
        self.contact = 0.0
        self.contact_target = 0.0
        self.contact_rate_per_s = 0.0
        self.ramping = 0
        self.stuck_mask = 0
        self.stuck_levels = 0
        self.forced_code = [FREE, FREE, FREE, FREE]
        self.code_offset = [0, 0, 0, 0]
        self.code_faulty = 0
        self.battery_switched = 0
        self.ring_t_us = [0 for _ in range(RING_SIZE)]
        self.ring_um = [0 for _ in range(RING_SIZE)]
        self._clear_sums()
        self.lift = 0.0
        self._derive_tip()
        self._derive_friction()
        self.set_skin(constants.skin)
        self.set_cartridge(constants.cartridge)
        self._derive_slow()
        self.place(0.0, 0.0)
        self.save()

    def _take_constants(self, constants):
        self.bound = constants.bound
        self.bound_lift = [lift_of(angle) for angle in constants.bound]
        self.bound_levels = constants.bound_levels
        self.inertia = constants.inertia_kg_m2
        self.radius = 0.5 * constants.stroke_m
        self.reciprocating = constants.moving_mass_kg * self.radius * self.radius
        self.v1 = constants.membrane_retracted_n * self.radius
        rise = constants.membrane_extended_n - constants.membrane_retracted_n
        self.v2 = 0.25 * rise * self.radius
        self.torque_constant = constants.torque_constant_nm_per_a
        self.motor_friction = constants.friction_nm
        self.viscous = constants.viscous_friction_nm_s
        self.resistance_rated = constants.resistance_ohm
        self.copper_per_k = constants.copper_per_k
        self.rated_at_c = constants.rated_at_c
        self.circuit_ohm = constants.circuit_ohm
        self.inductance = constants.inductance_h
        self.pwm_frequency_hz = constants.pwm_frequency_hz
        self.shunt_filter_us = constants.shunt_filter_s * 1e6
        self.lsb_per_v = constants.lsb_per_v
        self.shunt_zero_lsb = constants.shunt_zero_lsb
        self.shunt_lsb_per_a = constants.shunt_lsb_per_a
        self.shunt_noise = constants.shunt_noise_lsb / 147.80054127  # sigma of bell_4
        self.position_zero_lsb = constants.position_zero_lsb
        self.position_lsb_per_m = constants.position_lsb_per_m
        self.position_noise = constants.position_noise_lsb / 13.057564857  # sigma of bell_2
        self.ntc_table = constants.ntc_table_lsb
        self.ntc_noise = constants.ntc_noise_lsb / 13.057564857
        self.battery_divider = constants.battery_divider
        self.battery_noise = constants.battery_noise_lsb / 13.057564857
        self.shunt_key = stream_key(constants.seed, 1)
        self.slow_key = stream_key(constants.seed, 2)

    def _take_slow_states(self, constants):
        self.open_circuit = constants.open_circuit_v
        self.capacity_c = constants.capacity_c
        self.charge_left_c = constants.capacity_c * constants.charge_fraction
        self.battery_ohm = constants.battery_ohm
        self.quiescent_a = constants.quiescent_a
        self.winding_c = constants.winding_c
        self.housing_c = constants.housing_c
        self.ambient_c = constants.ambient_c
        self.winding_conductance = 1.0 / constants.winding_to_housing_k_per_w
        self.housing_conductance = 1.0 / constants.housing_to_ambient_k_per_w
        self.winding_capacity = constants.winding_time_constant_s * self.winding_conductance
        self.housing_capacity = constants.housing_time_constant_s * self.housing_conductance
        self.settled_us = 0
        self.row_t_us = 0.0

    def _clear_sums(self):
        self.travel = 0.0
        self.speed2 = 0.0
        self.shunt_a = 0.0
        self.peak_a = 0.0
        self.flush_t_us = 0.0
        self.motor_charge_c = 0.0
        self.battery_charge_c = 0.0
        self.current2_a2s = 0.0
        self.winding_heat_j = 0.0
        self.friction_heat_j = 0.0
        self.row_charge_c = 0.0
        self.settle_heat_j = 0.0
        self.settle_friction_j = 0.0
        self.settle_charge_c = 0.0
        self.skin_work_j = 0.0
        self.penetration_row = 0.0
        self.punctures = 0
        self.drained = 0
        self.strokes = 0

    def place(self, theta, omega):
        """Put the crank at `theta` rad (-pi..pi) with `omega` rad/s, out of the skin."""
        if not -PI <= theta <= PI:
            raise ValueError(f"theta = {theta!r} rad is outside -pi..pi: wrap it first")
        self.theta = theta
        self.omega = omega
        self.lift = lift_of(theta)
        mass = self.inertia + self.reciprocating * self.lift * (2.0 - self.lift)
        self.energy = 0.5 * mass * omega * omega + self.lift * (self.v1 + self.v2 * self.lift)
        self.alpha = 0.0
        self.sector = 0
        while self.sector < 8 and theta >= self.bound[self.sector + 1]:
            self.sector += 1
        self.turns = 0
        self.turns_top = 0
        self.turn_us = 0
        self.turn_t_us = -1.0
        self.pending = 0
        self.quiet_us = 0
        self.looked_us = 0
        self.inside = 0
        self.hole = 0.0
        self.deflection = 0.0
        self.deflection_t_us = self.t_us
        self._derive_gains()
        self._derive_levels()

    # ---- inputs ---------------------------------------------------------------------------

    def set_duty_u16(self, duty_u16):
        """PWM duty of the half-bridge, 0 (low side on: brake) to 65535 (high side on)."""
        duty = duty_u16 * (1.0 / 65535.0)
        if duty == self.duty:
            return
        self.flush()
        self.duty = duty
        self._derive_drive()

    def set_load_switch(self, closed):
        """Load switch between cell and bridge: true conducts."""
        self.flush()
        self.load_switch_closed = 1 if closed else 0
        self._derive_drive()

    def set_pwm_frequency(self, frequency_hz):
        """PWM frequency in Hz; it sets the current ripple, which heats the winding."""
        if frequency_hz <= 0.0:
            raise ValueError(f"PWM frequency {frequency_hz!r} Hz is not above 0: give the bridge's")
        self.flush()
        self.pwm_frequency_hz = frequency_hz
        self._derive_drive()

    def set_bridge_faults(self, high_side_shorted, bridge_open):
        """A shorted high side drives the full voltage at any duty while the load switch is
        closed (the driver keeps the low side off then); an open bridge carries no current."""
        self.flush()
        self.high_side_shorted = 1 if high_side_shorted else 0
        self.bridge_open = 1 if bridge_open else 0
        self._derive_drive()

    def set_extra_friction(self, torque_nm):
        """Additional Coulomb friction at the crank in N·m: a dry bearing, a jam, a brake."""
        if not torque_nm >= 0.0:
            raise ValueError(f"extra friction {torque_nm!r} N·m is negative: friction only resists")
        self.extra_friction_nm = torque_nm
        self._derive_friction()

    def set_protrusion(self, protrusion_m):
        """How far the needles stand beyond the nose at bottom dead centre, in m."""
        self.protrusion_m = protrusion_m
        self._derive_tip()

    def set_standoff(self, standoff_m):
        """Distance from nose to undisturbed skin in m; more than the protrusion: lifted off."""
        self.standoff_m = standoff_m
        self._derive_tip()

    def set_contact(self, target, rate_per_s):
        """Let the share of needles in contact (0..1) go to `target` at `rate_per_s`;
        a rate of 0 sets it at once."""
        if not 0.0 <= target <= 1.0 or not rate_per_s >= 0.0:
            raise ValueError(
                f"contact {target!r} at {rate_per_s!r} 1/s: give a share 0..1 and a rate >= 0"
            )
        self.contact_target = target
        self.contact_rate_per_s = rate_per_s
        self.ramping = 1
        if rate_per_s == 0.0:
            self.contact = target
            self.ramping = 0
            self._derive_gains()

    def set_skin(self, skin):
        """Skin zone under the needles, a `Skin`."""
        self.stiffness = skin.stiffness_n_per_m
        self.damping = skin.damping_ns_per_m
        self.velocity_s_per_m = skin.velocity_s_per_m
        self.friction_share = skin.friction_share
        self.skin_puncture_n = skin.lubrication * skin.puncture_force_n
        rise = skin.full_force_n - skin.puncture_force_n
        self.skin_slope_n_per_m = skin.lubrication * rise / skin.full_depth_m
        self._derive_gains()

    def set_cartridge(self, cartridge):
        """Cartridge in the pen, a `Cartridge`; no needles when it is out."""
        self.needles = cartridge.needle_count * cartridge.force_factor
        self._derive_gains()

    def set_stuck_sensors(self, mask, levels):
        """Hold the digital sensors of `mask` (1 tachometer, 2 top dead centre) at the bits of
        `levels`; their edges vanish. `levels` of this object follows at once."""
        self.stuck_mask = mask & 3
        self.stuck_levels = levels & mask & 3
        self._derive_levels()

    def set_analogue_switch(self, level):
        """High puts the battery on the temperature's channel, low the NTC."""
        self.battery_switched = 1 if level else 0

    def set_code_fault(self, channel, forced, offset):
        """Fault of an ADC channel (SHUNT..BATTERY): `forced` 0..65535 replaces the code (an open
        wire lies at a rail), FREE (-1) does not; `offset` is added to a free code."""
        if not 0 <= channel <= 3 or not FREE <= forced <= 65535:
            raise ValueError(
                f"ADC fault of channel {channel!r}, code {forced!r}: channels are 0..3 "
                "(kernel.SHUNT..BATTERY), codes 0..65535, or -1 for none"
            )
        self.forced_code[channel] = forced
        self.code_offset[channel] = offset
        self.code_faulty = 1

    # ---- what follows from the inputs -----------------------------------------------------

    def _derive_drive(self):
        """Coefficients of the algebraic motor current and of its heat, per input.

        Closed: battery voltage minus its internal drop by duty * i and the board's current.
        Open: no drive current; the low side brakes for its share 1 - duty of each period, and
        the high side leads to a rail that floats, so no current flows there.
        Ripple: V d (1-d) / (L f) peak to peak, as RMS², bounded by the square wave V/R that a
        slow PWM tends to: a harmonic blend, within 1 % of the exact RL solution at
        100 kHz, 12 % at 20 kHz, up to twice too much below. The cell supplies the ripple's heat.
        """
        ohm = self.resistance + self.circuit_ohm
        duty = self.duty
        self.drive_current = 0.0
        self.drive_slope = 0.0
        self.rms_factor = 1.0
        self.ripple_a2 = 0.0
        self.ripple_supply_a = 0.0
        self.battery_share = 0.0
        self.brake_share = 0.0
        voltage = self.voc - self.battery_ohm * self.quiescent_a
        if not self.bridge_open and self.load_switch_closed:
            if self.high_side_shorted:
                duty = 1.0
            total = ohm + duty * duty * self.battery_ohm
            self.drive_current = duty * voltage / total
            self.drive_slope = self.torque_constant / total
            self.battery_share = duty
            self.brake_share = 1.0 - duty
            square = duty * (1.0 - duty)
            if square > 0.0 and voltage > 0.0:
                ripple = voltage * square / (self.inductance * self.pwm_frequency_hz)
                fast = ripple * ripple / 12.0
                slow = voltage * voltage * square / (ohm * ohm)
                self.ripple_a2 = fast * slow / (fast + slow)
                self.ripple_supply_a = self.ripple_a2 * ohm / voltage
        elif not self.bridge_open and duty < 1.0:
            self.brake_share = 1.0 - duty
            self.drive_slope = (1.0 - duty) * self.torque_constant / ohm
            self.rms_factor = 1.0 / (1.0 - duty)
        self.drive_torque = self.torque_constant * self.drive_current
        self.half_damping = 0.5 * (self.torque_constant * self.drive_slope + self.viscous)
        scale = self.lsb_per_v * self.battery_divider
        self.battery_lsb = scale * voltage
        self.battery_lsb_per_a = scale * self.battery_ohm * self.battery_share

    def _derive_friction(self):
        self.friction = self.motor_friction + self.extra_friction_nm

    def _derive_tip(self):
        self.tip_offset = self.protrusion_m - 2.0 * self.radius - self.standoff_m
        if self.inside and self.radius * self.lift + self.tip_offset < self.deflection:
            self._leave_skin()

    def _derive_gains(self):
        """Needle forces for the present contact: N at the surface, N/m in and out."""
        self.unit_puncture = self.needles * self.skin_puncture_n
        self.unit_depth = self.needles * self.skin_slope_n_per_m
        self.gain_puncture = self.contact * self.unit_puncture
        self.gain_depth = self.contact * self.unit_depth
        self.gain_out = self.friction_share * self.gain_depth
        if self.gain_puncture + self.gain_depth > 0.0:
            self.touch_floor = self.deflection if self.deflection < 0.0 else 0.0
            return
        if self.inside:
            self._leave_skin()
        self.touch_floor = NEVER_M

    def _leave_skin(self):
        """The needles come off the skin now, pulled out by the hand or without contact."""
        self.inside = 0
        self.deflection_t_us = self.t_us
        self.touch_floor = self.deflection if self.deflection < 0.0 else 0.0
        self._note_puncture(self.t_us)

    def _derive_levels(self):
        free = self.bound_levels[self.sector] & (3 ^ self.stuck_mask)
        self.levels = free | self.stuck_levels
        self.changed = 0

    # ---- integration ----------------------------------------------------------------------

    def advance(self, until_us):
        """Integrate to `until_us` (integer us) or to the first visible change of a level.

        Returns the integer time reached: `until_us`, or the edge's time rounded up. `levels`
        holds the digital levels then (bit 0 tachometer, bit 1 top dead centre) and `changed`
        the bits that this call changed. Two edges in one microsecond come in two calls.

        One long function on purpose: it is the hot path, state lives in locals, and a call
        a substep would double its cost in plain Python. Outside the skin `w` stands still at
        `self.deflection`, which relaxes from `self.deflection_t_us` on.
        """
        t = self.t_us
        quiet_us = self.quiet_us
        self.quiet_us = 0
        self.changed = 0
        if until_us - t < SLACK_US:
            return until_us
        sqrt = math.sqrt
        theta = self.theta
        omega = self.omega
        lift = self.lift
        energy = self.energy
        sector = self.sector
        alpha = self.alpha
        inside = self.inside
        w = self.deflection
        travel = self.travel
        speed2 = self.speed2
        bound = self.bound
        bound_lift = self.bound_lift
        drive_torque = self.drive_torque
        half_damping = self.half_damping
        friction = self.friction
        inertia = self.inertia
        reciprocating = self.reciprocating
        v1 = self.v1
        v2 = self.v2
        radius = self.radius
        tip_offset = self.tip_offset
        touch_floor = self.touch_floor
        crossing = self.pending
        self.pending = 0
        t_start = t
        travel_start = travel
        travel_mark = travel
        reached = until_us
        mean = 0.0
        up = omega > 0.0
        if not inside and radius * lift + tip_offset > touch_floor:
            inside = self._meet_skin(lift, t)
            w = self.deflection

        while True:
            if crossing:
                following = (sector + 1 if up else sector + 8) % 9
                levels = self.bound_levels[following] & (3 ^ self.stuck_mask) | self.stuck_levels
                if t > until_us or (until_us < quiet_us and levels != self.levels):
                    self.pending = 1
                    break
                crossing = 0
                sector = following
                if up and sector == 0:
                    theta = -PI
                    self._pass_dead_centre(t)
                elif not up and sector == 8:
                    theta = PI
                    self.turns -= 1
                    self.turn_t_us = -1.0
                if levels != self.levels:
                    self.changed = levels ^ self.levels
                    self.levels = levels
                    reached = int(t)
                    if reached < t:
                        reached += 1
                    if reached < self.now_us:
                        reached = self.now_us
                    break

            left_us = until_us - t
            if left_us < SLACK_US:
                break
            left_s = left_us * 1e-6
            if left_s > STEP_MAX_S:
                left_s = STEP_MAX_S

            # standstill: rest while friction holds, else start with the torque's sign
            if omega == 0.0:
                slope = slope_of(theta)
                force = 0.0
                if inside:
                    self.deflection = w
                    force = self._force_at_rest(lift)
                torque = drive_torque - slope * (v1 + 2.0 * v2 * lift + radius * force)
                if abs(torque) <= friction or alpha == WEDGED:
                    if alpha == WEDGED and left_s > WEDGED_S:
                        left_s = WEDGED_S
                    if inside:
                        w = self._creep(lift, force, left_s)
                        t += left_s * 1e6
                        self.deflection = w
                        self.deflection_t_us = t
                        if w > radius * lift + tip_offset + SURFACE_M:
                            inside = 0
                            touch_floor = w if w < 0.0 else 0.0
                    elif (
                        alpha == WEDGED or self.ramping or radius * lift + tip_offset > touch_floor
                    ):
                        t += left_s * 1e6
                    else:
                        t = until_us + 0.0
                    alpha = 0.0
                    if self.ramping:
                        self.inside = inside
                        self.t_us = t
                        self._ramp_contact(left_s)
                        inside = self.inside
                        touch_floor = self.touch_floor
                    if not inside and radius * lift + tip_offset > touch_floor:
                        inside = self._meet_skin(lift, t)
                        w = self.deflection
                    continue
                up = torque > 0.0
                mass = inertia + reciprocating * lift * (2.0 - lift)
                alpha = (torque - friction if up else torque + friction) / mass
            # the angle to go: what is left of the time, at most to the next boundary
            turn = left_s * (omega + 0.5 * left_s * alpha)
            timed = 1
            landing = 0
            touching = 0
            step_s = left_s
            if up:
                net_torque = drive_torque - friction
                if turn < 0.25 * left_s * omega:
                    turn = 0.25 * left_s * omega
                whole = turn
                longest = ANGLE_MIN + ANGLE_S2 * omega * omega
                if longest > ANGLE_MAX:
                    longest = ANGLE_MAX
                if turn > longest:
                    turn = longest
                    timed = 0
                room = bound[sector + 1] - theta
                if turn >= room:
                    turn = room
                    timed = 0
                    landing = 1
            else:
                net_torque = drive_torque + friction
                if turn > 0.25 * left_s * omega:
                    turn = 0.25 * left_s * omega
                whole = turn
                longest = -ANGLE_MIN - ANGLE_S2 * omega * omega
                if longest < -ANGLE_MAX:
                    longest = -ANGLE_MAX
                if turn < longest:
                    turn = longest
                    timed = 0
                room = bound[sector] - theta
                if turn <= room:
                    turn = room
                    timed = 0
                    landing = 1
            if not timed:
                if turn == 0.0:
                    crossing = 1
                    continue
                step_s = left_s * turn / whole

            # one step by `turn`, repeated until its duration and its end fit
            tries = 0
            stopped = 0
            leaving = 0
            while True:
                if landing:
                    end = sector + 1 if up else sector
                    theta_1 = bound[end]
                    lift_1 = bound_lift[end]
                else:
                    theta_1 = theta + turn
                    q = theta_1 * theta_1
                    lift_1 = q * (C0 + q * (C1 + q * (C2 + q * (C3 + q * (C4 + q * C5)))))
                stored = lift_1 * (v1 + v2 * lift_1)
                damping = half_damping * turn
                kinetic = energy + turn * net_torque - damping * omega - stored
                if inside:
                    # the skin's share: sliding in, sliding out or stuck to the needle
                    travel_m = radius * (lift_1 - lift)
                    depth = radius * lift + tip_offset - w
                    skin_c = self.damping
                    skin_k = self.stiffness
                    force = skin_k * (w + 0.5 * travel_m) + skin_c * travel_m / step_s
                    if depth < self.hole - SURFACE_M:
                        slope = self.gain_out
                        force_in = slope * (depth + 0.5 * travel_m)
                        limit = slope * depth
                    else:
                        slope = self.gain_depth
                        force_in = self.gain_puncture + slope * (depth + 0.5 * travel_m)
                        limit = self.gain_puncture + slope * depth
                    if self.velocity_s_per_m > 0.0:
                        factor = 1.0 + self.velocity_s_per_m * abs(travel_m) / step_s
                        slope *= factor
                        force_in *= factor
                        limit *= factor
                    if force > limit:
                        sink = step_s * (force_in - skin_k * w)
                        sink = sink / (skin_c + 0.5 * step_s * (skin_k + slope))
                        work = (force_in - 0.5 * slope * sink) * travel_m
                        depth_1 = depth + travel_m - sink
                        w_1 = w + sink
                        kinetic -= work
                        leaving = 0
                    elif force < -self.gain_out * depth:
                        if depth + travel_m <= 0.0:
                            work = 0.5 * self.gain_out * depth * depth
                            force = work / travel_m
                        else:
                            force = -self.gain_out * (depth + 0.5 * travel_m)
                            work = force * travel_m
                        sink = step_s * (force - skin_k * w) / (skin_c + 0.5 * step_s * skin_k)
                        depth_1 = depth + travel_m - sink
                        w_1 = w + sink
                        kinetic -= work
                        leaving = depth_1 <= 0.0
                    else:
                        leaving = 0
                        depth_1 = depth
                        w_1 = w + travel_m
                        work = skin_k * (w + 0.5 * travel_m) * travel_m
                        viscous = 0.5 * skin_c * travel_m * travel_m / turn
                        kinetic -= work + viscous * omega
                        damping += viscous
                if kinetic <= 0.0:
                    # the rotor does not get that far: look for where it stops
                    start = energy - lift * (v1 + v2 * lift)
                    if kinetic < -ENERGY_SHARE * start or omega == 0.0:
                        tries += 1
                        share = 0.3 if omega == 0.0 else start / (start - kinetic)
                        turn *= share
                        step_s *= share
                        if abs(turn) < TURN_STILL or (omega != 0.0 and start < ENERGY_STILL):
                            stopped = 1
                            break
                        timed = landing = touching = 0
                        continue
                    omega_1 = 0.0
                    kinetic = 0.0
                    damping = 0.0
                else:
                    mass = inertia + reciprocating * lift_1 * (2.0 - lift_1)
                    root = sqrt(damping * damping + 2.0 * mass * kinetic)
                    omega_1 = (root - damping if up else -root - damping) / mass
                mean = 0.5 * (omega + omega_1)
                last_s = step_s
                step_s = turn / mean
                error_s = left_s - step_s
                if error_s < -SLACK_S or (timed and error_s > SLACK_S):
                    tries += 1
                    if tries <= TRIES_MAX or error_s < 0.0:
                        if abs(error_s) < 0.5 * step_s and tries < TRIES_MAX:
                            turn += error_s * omega_1
                        elif error_s < 0.0:
                            turn *= 0.9 * left_s / step_s
                        else:
                            turn *= 2.0
                        timed = 1
                        landing = touching = 0
                        step_s = left_s
                        if turn >= room if up else turn <= room:
                            turn = room
                            timed = 0
                            landing = 1
                        continue
                elif inside:
                    if abs(step_s - last_s) > 0.02 * step_s and tries < TRIES_MAX:
                        tries += 1
                        continue
                elif not touching and radius * lift_1 + tip_offset > touch_floor:
                    contact_turn = self._turn_to_skin(theta, turn, lift, lift_1, t, step_s)
                    if contact_turn != turn:
                        if abs(contact_turn) < 1e-9:
                            stopped = 2
                            break
                        step_s *= contact_turn / turn
                        turn = contact_turn
                        timed = landing = 0
                        touching = 1
                        continue
                break

            if stopped == 2:
                inside = 1
                w = radius * lift + tip_offset
                self.hole = 0.0
                continue
            if stopped:
                alpha = WEDGED if omega == 0.0 else 0.0
                omega = 0.0
                energy = lift * (v1 + v2 * lift)
                self.friction_heat_j += friction * abs(travel - travel_mark)
                travel_mark = travel
                continue
            t += step_s * 1e6
            travel += turn
            speed2 += turn * mean
            alpha = (omega_1 - omega) / step_s
            energy = kinetic - damping * omega_1 + stored
            omega = omega_1
            theta = theta_1
            lift = lift_1
            crossing = landing if omega != 0.0 else 0
            if inside:
                w = w_1
                self.skin_work_j += work
                if depth_1 > self.hole:
                    self.hole = depth_1
                    if depth_1 > self.penetration_row:
                        self.penetration_row = depth_1
                elif leaving:
                    inside = 0
                    self._note_puncture(t)
                    self.deflection = w
                    self.deflection_t_us = t
                    touch_floor = w if w < 0.0 else 0.0
            elif touching:
                inside = 1
                w = radius * lift + tip_offset
                self.hole = 0.0
            if omega == 0.0:
                self.friction_heat_j += friction * abs(travel - travel_mark)
                travel_mark = travel
            if self.ramping:
                self.inside = inside
                self.deflection = w
                self.t_us = t
                self._ramp_contact(step_s)
                inside = self.inside
                touch_floor = self.touch_floor

        if not self.looked_us:
            self.looked_us = reached if self.changed else reached + 1
        self.t_us = t
        self.now_us = reached
        self.theta = theta
        self.omega = omega
        self.lift = lift
        self.energy = energy
        self.sector = sector
        self.alpha = alpha
        self.inside = inside
        if inside:
            self.deflection = w
        self.touch_floor = touch_floor
        self.travel = travel
        self.speed2 = speed2
        self.friction_heat_j += friction * abs(travel - travel_mark)
        past_us = t - t_start
        if past_us > 0.0:
            # shunt filter on the call's mean current; `decay` written out
            mean = self.drive_current - self.drive_slope * 1e6 * (travel - travel_start) / past_us
            q = 0.5 * past_us / self.shunt_filter_us
            q = 1.0 + q * (1.0 + q * (0.5 + q * (0.16666666666666666 + q * 0.041666666666666664)))
            self.shunt_a = mean + (self.shunt_a - mean) / (q * q)
            mean = abs(self.drive_current - self.drive_slope * omega)
            if mean > self.peak_a:
                self.peak_a = mean
        return reached

    def _relaxed(self, t):
        """Deflection of the free skin at `t` us, in m."""
        return self.deflection * decay(
            (t - self.deflection_t_us) * 1e-6 * self.stiffness / self.damping
        )

    def _meet_skin(self, lift, t):
        """Bring the free skin up to `t`; true if the tip is below its surface."""
        self.deflection = self._relaxed(t)
        self.deflection_t_us = t
        if self.radius * lift + self.tip_offset <= self.deflection + SURFACE_M:
            return 0
        self.hole = 0.0
        return 1

    def _turn_to_skin(self, theta, turn, lift, lift_1, t, step_s):
        """Part of `turn` after which the tip meets the relaxing skin; `turn` if it does not."""
        gap_1 = self.radius * lift_1 + self.tip_offset - self._relaxed(t + step_s * 1e6)
        if gap_1 <= SURFACE_M:
            return turn
        gap = self.radius * lift + self.tip_offset - self._relaxed(t)
        if gap >= -SURFACE_M:
            return 0.0
        part = gap / (gap - gap_1)
        tries = 0
        while tries < 4:
            tries += 1
            angle = theta + part * turn
            slope = self.radius * slope_of(angle) * turn
            gap = self.radius * lift_of(angle) + self.tip_offset
            gap -= self._relaxed(t + part * step_s * 1e6)
            if abs(gap) < 0.5 * SURFACE_M or slope <= 0.0:
                break
            part -= gap / slope
            if part < 0.0:
                part = 0.0
            if part > 0.999999:
                part = 0.999999
        return part * turn

    def _force_at_rest(self, lift):
        """Needle force in N with the crank at rest: k w within what the needles hold."""
        depth = self.radius * lift + self.tip_offset - self.deflection
        force = self.stiffness * self.deflection
        if depth < self.hole - SURFACE_M:
            limit = self.gain_out * depth
        else:
            limit = self.gain_puncture + self.gain_depth * depth
        if force > limit:
            return limit
        if force < -self.gain_out * depth:
            return -self.gain_out * depth
        return force

    def _creep(self, lift, force, rest_s):
        """Deflection after `rest_s` with the crank at rest: skin slides along the needles."""
        free = force - self.stiffness * self.deflection
        w = self.deflection
        w += rest_s * free / (self.damping + 0.5 * rest_s * self.stiffness)
        depth = self.radius * lift + self.tip_offset - w
        if depth > self.hole:
            self.hole = depth
            if depth > self.penetration_row:
                self.penetration_row = depth
        return w

    def _ramp_contact(self, step_s):
        """Move the share of needles in contact on by `step_s` toward its target."""
        move = self.contact_rate_per_s * step_s
        if abs(self.contact_target - self.contact) <= move:
            self.contact = self.contact_target
            self.ramping = 0
        elif self.contact < self.contact_target:
            self.contact += move
        else:
            self.contact -= move
        self._derive_gains()

    def _note_puncture(self, t):
        """Log an insertion that ends at `t` us, if it went in: its time and deepest depth."""
        if self.hole > SURFACE_M:
            at = int(t)
            if at < t:
                at += 1
            self.ring_t_us[self.punctures % RING_SIZE] = at
            self.ring_um[self.punctures % RING_SIZE] = rounded(self.hole * 1e6)
            self.punctures += 1
        self.hole = 0.0

    def _pass_dead_centre(self, t):
        """Count a forward passage of bottom dead centre; rocking about it counts once."""
        self.turns += 1
        if self.turns > self.turns_top:
            self.turns_top = self.turns
            self.strokes += 1
        if self.turn_t_us >= 0.0:
            self.turn_us = t - self.turn_t_us
        self.turn_t_us = t

    def save(self):
        """Take the one checkpoint: everything that advance() changes."""
        self.quiet_us = 0
        self.looked_us = 0
        self.c_t_us = self.t_us
        self.c_now_us = self.now_us
        self.c_theta = self.theta
        self.c_omega = self.omega
        self.c_lift = self.lift
        self.c_energy = self.energy
        self.c_sector = self.sector
        self.c_alpha = self.alpha
        self.c_turns = self.turns
        self.c_turns_top = self.turns_top
        self.c_strokes = self.strokes
        self.c_turn_us = self.turn_us
        self.c_turn_t_us = self.turn_t_us
        self.c_pending = self.pending
        self.c_levels = self.levels
        self.c_changed = self.changed
        self.c_inside = self.inside
        self.c_deflection = self.deflection
        self.c_deflection_t_us = self.deflection_t_us
        self.c_touch_floor = self.touch_floor
        self.c_hole = self.hole
        self.c_contact = self.contact
        self.c_ramping = self.ramping
        self.c_gain_puncture = self.gain_puncture
        self.c_gain_depth = self.gain_depth
        self.c_gain_out = self.gain_out
        self.c_penetration_row = self.penetration_row
        self.c_skin_work_j = self.skin_work_j
        self.c_punctures = self.punctures
        self.c_travel = self.travel
        self.c_speed2 = self.speed2
        self.c_shunt_a = self.shunt_a
        self.c_peak_a = self.peak_a
        self.c_friction_heat_j = self.friction_heat_j

    def restore(self):
        """Go back to the checkpoint; no setter may have been called in between.

        Other steps round an edge's time otherwise. So the next advance() shows no edge before
        the time up to which the first advance() of the abandoned run found none.
        """
        self.quiet_us = self.looked_us
        self.t_us = self.c_t_us
        self.now_us = self.c_now_us
        self.theta = self.c_theta
        self.omega = self.c_omega
        self.lift = self.c_lift
        self.energy = self.c_energy
        self.sector = self.c_sector
        self.alpha = self.c_alpha
        self.turns = self.c_turns
        self.turns_top = self.c_turns_top
        self.strokes = self.c_strokes
        self.turn_us = self.c_turn_us
        self.turn_t_us = self.c_turn_t_us
        self.pending = self.c_pending
        self.levels = self.c_levels
        self.changed = self.c_changed
        self.inside = self.c_inside
        self.deflection = self.c_deflection
        self.deflection_t_us = self.c_deflection_t_us
        self.touch_floor = self.c_touch_floor
        self.hole = self.c_hole
        self.contact = self.c_contact
        self.ramping = self.c_ramping
        self.gain_puncture = self.c_gain_puncture
        self.gain_depth = self.c_gain_depth
        self.gain_out = self.c_gain_out
        self.penetration_row = self.c_penetration_row
        self.skin_work_j = self.c_skin_work_j
        self.punctures = self.c_punctures
        self.travel = self.c_travel
        self.speed2 = self.c_speed2
        self.shunt_a = self.c_shunt_a
        self.peak_a = self.c_peak_a
        self.friction_heat_j = self.c_friction_heat_j

    # ---- slow states and read-out -----------------------------------------------------------

    def flush(self):
        """Close the sums of current and heat under the present inputs.

        With i = A - B omega: integral of i is A dt - B angle, of i² it is
        A² dt - 2 A B angle + B² integral(omega²), plus the ripple.
        """
        past_s = (self.t_us - self.flush_t_us) * 1e-6
        a = self.drive_current
        b = self.drive_slope
        charge = a * past_s - b * self.travel
        current2 = a * a * past_s - 2.0 * a * b * self.travel + b * b * self.speed2
        current2 = current2 * self.rms_factor + self.ripple_a2 * past_s
        self.motor_charge_c += charge
        self.row_charge_c += charge
        self.battery_charge_c += self.battery_share * charge
        self.battery_charge_c += (self.quiescent_a + self.ripple_supply_a) * past_s
        self.current2_a2s += current2
        self.winding_heat_j += current2 * self.resistance
        self.friction_heat_j += self.viscous * self.speed2
        self.flush_t_us = self.t_us
        self.quiet_us = 0
        self.travel = 0.0
        self.speed2 = 0.0

    def settle(self, now_us):
        """Advance temperatures and charge to `now_us`; call it about every millisecond.

        They move in steps of 10 ms or more, by implicit Euler: stable for any step, and the
        steady state is exact.
        """
        if now_us - self.settled_us < SETTLE_US:
            return
        self.flush()
        past_s = (now_us - self.settled_us) * 1e-6
        self.settled_us = now_us
        heat_w = (self.winding_heat_j - self.settle_heat_j) / past_s
        friction_w = (self.friction_heat_j - self.settle_friction_j) / past_s
        self.charge_left_c -= self.battery_charge_c - self.settle_charge_c
        self.settle_heat_j = self.winding_heat_j
        self.settle_friction_j = self.friction_heat_j
        self.settle_charge_c = self.battery_charge_c
        inner = self.winding_conductance
        winding = self.winding_capacity / past_s
        housing = self.housing_capacity / past_s
        source = winding * self.winding_c + heat_w
        sink = housing * self.housing_c + friction_w + self.housing_conductance * self.ambient_c
        winding += inner
        housing += inner + self.housing_conductance
        determinant = winding * housing - inner * inner
        self.winding_c = (source * housing + inner * sink) / determinant
        self.housing_c = (winding * sink + inner * source) / determinant
        self._derive_slow()

    def _derive_slow(self):
        """What follows from temperatures and charge."""
        warmer = self.winding_c - self.rated_at_c
        self.resistance = self.resistance_rated * (1.0 + self.copper_per_k * warmer)
        tenths = 10.0 * self.charge_left_c / self.capacity_c
        self.voc = self._between(self.open_circuit, 10, tenths)
        self.ntc_lsb = self._between(self.ntc_table, 33, (self.housing_c + 40.0) * 0.2)
        self._derive_drive()

    def _between(self, table, last, place):
        """Linear interpolation of `table` (entries 0..last) at `place`, held at the ends."""
        if place <= 0.0:
            return table[0]
        if place >= last:
            return table[last]
        index = int(place)
        return table[index] + (place - index) * (table[index + 1] - table[index])

    def set_temperatures(self, winding_c, housing_c, ambient_c):
        """Preset the thermal state in °C."""
        self.flush()
        self.winding_c = winding_c
        self.housing_c = housing_c
        self.ambient_c = ambient_c
        self._derive_slow()

    def set_battery_charge(self, fraction):
        """Preset the battery's charge as a share 0..1 of its capacity."""
        if not 0.0 <= fraction <= 1.0:
            raise ValueError(f"charge {fraction!r} is not a share 0..1: give charge / capacity")
        self.flush()
        self.charge_left_c = fraction * self.capacity_c
        self._derive_slow()

    def set_battery_ohm(self, resistance_ohm):
        """Change the cell's resistance, its contacts' included."""
        if not resistance_ohm >= 0.0:
            raise ValueError(f"resistance {resistance_ohm!r} is below 0 ohm: give ohms")
        self.flush()
        self.battery_ohm = resistance_ohm
        self._derive_drive()

    def sense(self, now_us):
        """Write the ADC codes at `now_us` into `codes`: 12 bit, spread to 16 as read_u16."""
        bits = noise_bits(self.slow_key, now_us)
        current = self.shunt_a
        codes = self.codes
        codes[SHUNT] = code_of(
            self.shunt_zero_lsb
            + self.shunt_lsb_per_a * current
            + self.shunt_noise * bell_4(noise_bits(self.shunt_key, now_us))
        )
        codes[POSITION] = code_of(
            self.position_zero_lsb
            + self.position_lsb_per_m * self.protrusion_m
            + self.position_noise * bell_2(bits)
        )
        codes[TEMPERATURE] = code_of(self.ntc_lsb + self.ntc_noise * bell_2(bits >> 10))
        codes[BATTERY] = code_of(
            self.battery_lsb
            - self.battery_lsb_per_a * current
            + self.battery_noise * bell_2(bits >> 20)
        )
        if self.code_faulty:
            self._spoil_codes()
        if self.battery_switched:
            codes[TEMPERATURE] = codes[BATTERY]

    def _spoil_codes(self):
        """Apply the channels' faults to fresh codes."""
        for channel in range(4):
            code = self.codes[channel] + self.code_offset[channel]
            if self.forced_code[channel] != FREE:
                code = self.forced_code[channel]
            self.codes[channel] = 0 if code < 0 else (65535 if code > 65535 else code)

    def record(self, now_us):
        """Write the plant's integer columns (PLANT_SIGNALS) at `now_us` into `row`.

        Mean and peak current and the deepest penetration are those since the last row; drive and
        brake are the shares of a PWM period, 65535 for all of it, in which the cell drives the
        motor and in which the low side shorts it, whatever the pen asked for. Values
        that cannot leave int32 are rounded in place: a call costs more than the rounding.
        """
        self.flush()
        row = self.row
        past_us = self.t_us - self.row_t_us
        mean = self.row_charge_c * 1e6 / past_us if past_us > 0.0 else self.shunt_a
        angle = self.theta + self.omega * 1e-6 * (now_us - self.t_us)
        if angle < 0.0:
            angle += TURN_RAD
        row[0] = rounded(self.omega * (1000.0 / TURN_RAD))
        row[1] = int(angle * (360000.0 / TURN_RAD) + 0.5)
        row[2] = rounded(self.turn_us)
        row[3] = rounded(mean * 1000.0)
        row[4] = rounded(self.peak_a * 1000.0)
        row[5] = rounded(1000.0 * (self.voc - self.battery_ohm * self.battery_current()))
        row[6] = int(self.protrusion_m * 1e6 + 0.5)
        row[7] = int(self.penetration_row * 1e6 + 0.5)
        if self.inside:
            row[8] = rounded(self.deflection * 1e6)
            row[9] = rounded(self.needle_force() * 1000.0)
            self.penetration_row = self.penetration()
        else:
            row[8] = rounded(self._relaxed(self.t_us) * 1e6)
            row[9] = 0
            self.penetration_row = 0.0
        row[10] = int(self.contact * 1000.0 + 0.5)
        row[11] = self.strokes
        row[12] = self.punctures
        row[13] = rounded(self.winding_c * 1000.0)
        row[14] = rounded(self.housing_c * 1000.0)
        row[15] = rounded(self.battery_charge_c * (1e6 / 3600.0))
        row[16] = int(self.battery_share * 65535.0 + 0.5)
        row[17] = int(self.brake_share * 65535.0 + 0.5)
        self.row_t_us = self.t_us
        self.row_charge_c = 0.0
        self.peak_a = abs(self.motor_current())

    def motor_current(self):
        """Motor current in A, mean over a PWM period."""
        return self.drive_current - self.drive_slope * self.omega

    def battery_current(self):
        """Battery current in A, the board's own included."""
        board = self.quiescent_a + self.ripple_supply_a
        return self.battery_share * self.motor_current() + board

    def supply_v(self):
        """Voltage at the board's supply now, mean over a PWM period."""
        return self.voc - self.battery_ohm * self.battery_current()

    def penetration(self):
        """Depth of the needles in the skin in m; 0 without contact."""
        if not self.inside:
            return 0.0
        depth = self.radius * self.lift + self.tip_offset - self.deflection
        return depth if depth > 0.0 else 0.0

    def needle_force(self):
        """Force of the skin on the needles in N, positive when it resists insertion."""
        if not self.inside:
            return 0.0
        speed = self.radius * slope_of(self.theta) * self.omega
        depth = self.radius * self.lift + self.tip_offset - self.deflection
        force = self.damping * speed + self.stiffness * self.deflection
        if depth < self.hole - SURFACE_M:
            limit = self.gain_out * depth
        else:
            limit = self.gain_puncture + self.gain_depth * depth
        limit *= 1.0 + self.velocity_s_per_m * abs(speed)
        if force > limit:
            return limit
        if force < -self.gain_out * depth:
            return -self.gain_out * depth
        return force

    def drain_punctures(self):
        """List of (time_us, deepest_um) of the insertions ended since the last call; at most
        the last RING_SIZE of them."""
        first = self.drained
        if first < self.punctures - RING_SIZE:
            first = self.punctures - RING_SIZE
        self.drained = self.punctures
        return [
            (self.ring_t_us[n % RING_SIZE], self.ring_um[n % RING_SIZE])
            for n in range(first, self.punctures)
        ]
