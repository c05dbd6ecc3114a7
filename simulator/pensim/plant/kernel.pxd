# Types for kernel.py: with this file beside it, Cython compiles the same source to C.
cimport cython
cimport libc.math as math

cdef double PI, TURN_RAD, SLACK_US, SLACK_S, STEP_MAX_S, ANGLE_MAX, ANGLE_MIN, ANGLE_S2
cdef double ENERGY_SHARE, ENERGY_STILL, NEVER_M, TURN_STILL, WEDGED, WEDGED_S, SURFACE_M
cdef int TRIES_MAX
cdef double C0, C1, C2, C3, C4, C5
cdef int CODE_MAX, INT32_MAX, RING_SIZE, SETTLE_US, SHUNT, POSITION, TEMPERATURE, BATTERY

ctypedef unsigned long long u64
cdef double INT32_EDGE
cdef u64 MASK_32, MIX_1, MIX_2, MIX_3
cdef int FREE

@cython.locals(x=u64)
cpdef u64 noise_bits(u64 key, u64 index)

cpdef u64 stream_key(u64 seed, u64 stream)

cpdef int bell_4(u64 bits)

cpdef int bell_2(u64 bits)

@cython.locals(q=double)
cpdef double lift_of(double angle)

@cython.locals(q=double, high=double)
cpdef double slope_of(double angle)

@cython.locals(h=double, e=double)
cpdef double decay(double x)

@cython.locals(code=int)
cpdef int code_of(double lsb)

cpdef int rounded(double value)


cdef class Kernel:
    # read from Python: state, inputs, sums
    cdef public double t_us, theta, omega, lift, energy, alpha, turn_us, deflection
    cdef public double deflection_t_us, touch_floor, hole, contact, gain_puncture, gain_depth
    cdef public double penetration_row, skin_work_j, travel, speed2, shunt_a, peak_a
    cdef public double motor_charge_c, battery_charge_c, current2_a2s, winding_heat_j
    cdef public double friction_heat_j, duty, protrusion_m, standoff_m, contact_target
    cdef public double pwm_frequency_hz, extra_friction_nm, drive_current, drive_slope
    cdef public double ripple_a2, radius, circuit_ohm, resistance, voc, charge_left_c
    cdef public double winding_c, housing_c, ambient_c
    cdef public int sector, pending, levels, changed, inside, ramping, load_switch_closed
    cdef public int high_side_shorted, bridge_open, stuck_mask, stuck_levels
    cdef public int[::1] codes, row
    cdef public long long now_us, turns, strokes, punctures

    # derived values, constants, checkpoint
    cdef double turn_t_us, gain_out, flush_t_us, row_charge_c, settle_heat_j
    cdef double settle_friction_j, settle_charge_c, contact_rate_per_s, tip_offset
    cdef double drive_torque, half_damping, friction, rms_factor, ripple_supply_a
    cdef double battery_share, brake_share, battery_lsb, battery_lsb_per_a, unit_puncture, unit_depth
    cdef double friction_share, stiffness, damping, velocity_s_per_m, skin_puncture_n
    cdef double skin_slope_n_per_m, needles, inertia, reciprocating, v1, v2, torque_constant
    cdef double motor_friction, viscous, resistance_rated, copper_per_k, rated_at_c
    cdef double inductance, shunt_filter_us, lsb_per_v, shunt_zero_lsb, shunt_lsb_per_a
    cdef double shunt_noise, position_zero_lsb, position_lsb_per_m, position_noise, ntc_noise
    cdef double battery_divider, battery_noise, capacity_c, battery_ohm, quiescent_a
    cdef double winding_capacity, housing_capacity, winding_conductance, housing_conductance
    cdef double ntc_lsb, row_t_us, c_t_us, c_theta, c_omega, c_lift, c_energy, c_alpha
    cdef double c_turn_us, c_turn_t_us, c_deflection, c_deflection_t_us, c_touch_floor, c_hole
    cdef double c_contact, c_gain_puncture, c_gain_depth, c_gain_out, c_penetration_row
    cdef double c_skin_work_j, c_travel, c_speed2, c_shunt_a, c_peak_a, c_friction_heat_j
    cdef double[10] bound, bound_lift
    cdef double[11] open_circuit
    cdef double[34] ntc_table
    cdef int code_faulty, battery_switched, c_sector, c_pending, c_levels, c_changed, c_inside, c_ramping
    cdef int[4] forced_code, code_offset
    cdef int[64] ring_um
    cdef int[9] bound_levels
    cdef long long quiet_us, looked_us, turns_top, drained, settled_us, c_now_us, c_turns
    cdef long long c_turns_top, c_strokes, c_punctures
    cdef long long[64] ring_t_us
    cdef u64 shunt_key, slow_key

    @cython.locals(mass=double)
    cpdef place(self, double theta, double omega)

    @cython.locals(duty=double)
    cpdef set_duty_u16(self, long long duty_u16)

    @cython.locals(ohm=double, duty=double, voltage=double, total=double, square=double,
                   ripple=double, fast=double, slow=double, scale=double)
    cdef _derive_drive(self)

    cdef _derive_friction(self)
    cdef _derive_tip(self)
    cdef _derive_gains(self)
    cdef _leave_skin(self)

    @cython.locals(free=int)
    cdef _derive_levels(self)

    @cython.locals(
        t=double, theta=double, omega=double, lift=double, energy=double, sector=int,
        alpha=double, inside=int, w=double, travel=double, speed2=double, bound='double*',
        bound_lift='double*', drive_torque=double, half_damping=double, friction=double,
        inertia=double, reciprocating=double, v1=double, v2=double, radius=double,
        tip_offset=double, touch_floor=double, crossing=int, quiet_us=cython.longlong,
        t_start=double, travel_start=double, travel_mark=double, reached=cython.longlong,
        up=int, levels=int, following=int, left_us=double, left_s=double, slope=double, force=double,
        torque=double, mass=double, turn=double, timed=int, landing=int, touching=int,
        step_s=double, net_torque=double, whole=double, longest=double, room=double, tries=int,
        stopped=int, leaving=int, end=int, theta_1=double, lift_1=double, q=double,
        stored=double, damping=double, kinetic=double, travel_m=double, depth=double,
        skin_c=double, skin_k=double, force_in=double, limit=double, factor=double,
        sink=double, work=double, depth_1=double, w_1=double, viscous=double, start=double,
        share=double, root=double, omega_1=double, mean=double, last_s=double, error_s=double,
        contact_turn=double, past_us=double)
    cpdef long long advance(self, long long until_us)

    cdef double _relaxed(self, double t)
    cdef int _meet_skin(self, double lift, double t)

    @cython.locals(gap=double, gap_1=double, part=double, tries=int, angle=double, slope=double)
    cdef double _turn_to_skin(self, double theta, double turn, double lift, double lift_1,
                              double t, double step_s)

    @cython.locals(depth=double, force=double, limit=double)
    cdef double _force_at_rest(self, double lift)

    @cython.locals(free=double, w=double, depth=double)
    cdef double _creep(self, double lift, double force, double rest_s)

    @cython.locals(move=double)
    cdef _ramp_contact(self, double step_s)

    @cython.locals(at=cython.longlong)
    cdef _note_puncture(self, double t)

    cdef _pass_dead_centre(self, double t)

    cpdef save(self)
    cpdef restore(self)

    @cython.locals(past_s=double, a=double, b=double, charge=double, current2=double)
    cpdef flush(self)

    @cython.locals(past_s=double, heat_w=double, friction_w=double, inner=double,
                   winding=double, housing=double, source=double, sink=double,
                   determinant=double)
    cpdef settle(self, long long now_us)

    @cython.locals(warmer=double, tenths=double)
    cdef _derive_slow(self)

    @cython.locals(index=int)
    cdef double _between(self, double* table, int last, double place)

    @cython.locals(bits=u64, current=double, codes='int[::1]')
    cpdef sense(self, long long now_us)

    @cython.locals(channel=int, code=int)
    cdef _spoil_codes(self)

    @cython.locals(row='int[::1]', past_us=double, mean=double, angle=double, force=double,
                   deflection=double)
    cpdef record(self, long long now_us)

    cpdef double motor_current(self)
    @cython.locals(board=double)
    cpdef double battery_current(self)
    cpdef double supply_v(self)

    @cython.locals(depth=double)
    cpdef double penetration(self)

    @cython.locals(speed=double, depth=double, force=double, limit=double)
    cpdef double needle_force(self)
