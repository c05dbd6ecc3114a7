"""The demo's summary in sentences and in a few large numbers, for the report."""

from penfw import faults
from penloop import measures
from penloop.demo import AWAY_S, HAND_CM_PER_S, PULL_OFF_S
from penloop.summary import Row, Summary
from pensim.hazards import HAZARDS


def lead(summary: Summary) -> str:
    """What came out, in two sentences."""
    trace = summary.treatment.trace
    held, depth_mm = measures.rate_held_hz(trace), summary.strokes.depth_mm
    if held is None or not len(depth_mm):
        return "The pen did not reach the skin in this run."
    first = (
        f"The firmware held {held.mean:.2f} of the {measures.rate_set_hz(trace):.1f} Hz set "
        f"while {summary.treatment.needles} needles went {depth_mm.mean():.2f} mm deep on average."
    )
    return f"{first} {_stall_sentence(summary)}"


def _stall_sentence(summary: Summary) -> str:
    if not summary.stall_events:
        return "In the second run no fault was detected."
    event = summary.stall_events[0]
    off_ms, parked_ms = (event.since_cause_ms(s) for s in (event.off_s, event.parked_s))
    if off_ms is None:
        return f"In the second run the pen latched {event.name!r} and did not end drive."
    end = f"had the needles parked after {parked_ms:.0f} ms" if parked_ms else "could not park"
    return f"When they stuck, it ended the drive after {off_ms:.0f} ms and {end}."


def highlights(summary: Summary) -> list[Row]:
    """The numbers that stand large on top."""
    trace = summary.treatment.trace
    held, asked = measures.rate_held_hz(trace), measures.rate_set_hz(trace)
    depth_mm, count = summary.strokes.depth_mm, sum(len(one) for one in summary.zones)
    found = []
    if held and asked:
        worst = max(held.high - asked, asked - held.low) / asked * 100.0
        detail = f"{asked:.1f} Hz set; off by {worst:.2f} % at most"
        found.append(Row("Rate held in skin", f"{held.mean:.2f} Hz", detail))
    if len(depth_mm):
        low, high = summary.strokes.percentile_mm(5), summary.strokes.percentile_mm(95)
        detail = f"{measures.depth_set_mm(trace):.2f} mm set; 90 % in {low:.2f} to {high:.2f} mm"
        found.append(Row("Depth in the skin", f"{depth_mm.mean():.2f} mm", detail))
        area_cm2 = sum(one.area_cm2() for one in summary.zones)
        detail = f"{count:,} punctures on {area_cm2:.0f} cm²"
        found.append(Row("Density", f"{count / area_cm2:,.0f} per cm²", detail))
    used = f"{measures.battery_used_mah(trace):.2f} mAh"
    found.append(Row("Battery used", used, f"in {trace.time_s[-1]:.0f} s of virtual time"))
    return found + _stall_highlights(summary)


def _stall_highlights(summary: Summary) -> list[Row]:
    found = []
    for event in summary.stall_events[:1]:
        off_ms, parked_ms = (event.since_cause_ms(s) for s in (event.off_s, event.parked_s))
        allowed = f"from the cause; {faults.row(event.number)[3]} ms allowed until parked"
        if off_ms is not None:
            found.append(Row(f"{event.name.capitalize()}: drive off", f"{off_ms:.0f} ms", allowed))
        if parked_ms is not None:
            found.append(Row("Needles parked", f"{parked_ms:.0f} ms", "retracted, crank at rest"))
    return found


def treatment_text(summary: Summary) -> str:
    """What happens in the first run."""
    run = summary.treatment
    changes = " and ".join(f"{one.name.replace('_', ' ')} {one.value}" for one in run.changes)
    zones = " and ".join(one.zone.title.lower() for one in summary.zones)
    return (
        f"The pen boots, tests itself and homes; the host tool connects through sim:// with "
        f"pyserial, reads the pen's own tables and sets {changes} as one transaction. A press and "
        f"release starts; the hand passes over {zones} at {HAND_CM_PER_S:g} cm/s, lifts off for "
        f"{AWAY_S:g} s, comes back, and a press stops and parks. Coloured areas: needles on skin. "
        "Drag to zoom, double-click to go back."
    )


def punctures_text(summary: Summary) -> str:
    """How to read the map."""
    strokes, needles = len(summary.strokes.depth_mm), summary.treatment.needles
    return (
        f"Each of {strokes:,} strokes leaves {needles} punctures. Their place comes from the moves "
        "of the hand and the pattern of the needles, their depth from the plant: protrusion less "
        "the skin's deflection less the hand's stand-off. Skin over bone gives way less, so the "
        "same setting goes deeper there."
    )


def stall_text(summary: Summary) -> str:
    """What happens in the second run."""
    hazards = measures.hazards(summary.stall.trace)
    cause = HAZARDS[hazards[0][1]].mechanism if hazards else "nothing fails"
    return (
        f"A fresh pen on a scar. On their way in, {cause}. The rotor stands within "
        "milliseconds, the current rises to its limit, and the firmware sees no turn. It ends "
        "drive, brakes, and tries to creep to top dead centre at a reduced current; the hand pulls "
        f"off {PULL_OFF_S * 1e3:.0f} ms after the needles stuck, which frees them."
    )
