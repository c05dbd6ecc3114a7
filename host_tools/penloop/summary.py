"""The summary of a demo: rows of label, value and detail, all computed from its two traces."""

from dataclasses import dataclass
from functools import cached_property

from penfw import faults
from penloop import measures
from penloop.demo import HAND_CM_PER_S, STANDOFF_MM, Run
from penloop.puncture_map import ZonePunctures, zone_punctures
from pensim.hazards import HAZARDS


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    label: str
    value: str
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """A titled table; `head` names its columns."""

    title: str
    head: tuple[str, ...]
    rows: list[Row]


class Summary:
    """Everything that the demo tells of its two runs."""

    def __init__(self, treatment: Run, stall: Run) -> None:
        self.treatment = treatment
        self.stall = stall

    @cached_property
    def strokes(self) -> measures.Strokes:
        """Strokes of the treatment that went into skin."""
        return measures.strokes_in_skin(self.treatment.trace)

    @cached_property
    def zones(self) -> list[ZonePunctures]:
        """Punctures of the treatment by zone."""
        return zone_punctures(self.strokes, self.treatment.moves, self.treatment.needles)

    @cached_property
    def stall_events(self) -> list[measures.FaultEvent]:
        """Faults of the second run."""
        return measures.fault_events(self.stall.trace)

    def tables(self) -> list[Table]:
        """Treatment, zones and stall."""
        head = ("", "result", "how it was measured")
        return [
            Table("Treatment", head, self._treatment_rows()),
            Table("Punctures by zone", ("zone", "density", "depth and area"), self._zone_rows()),
            Table("Stall in the skin", head, self._stall_rows()),
        ]

    def _treatment_rows(self) -> list[Row]:
        return [
            *self._rate_rows(),
            *self._depth_rows(),
            *self._stroke_rows(),
            *self._supply_rows(),
            self._link_row(),
            _faults_row(self.treatment),
        ]

    def _rate_rows(self) -> list[Row]:
        trace = self.treatment.trace
        asked, held = measures.rate_set_hz(trace), measures.rate_held_hz(trace)
        turns = measures.rate_of_turns_hz(trace)
        if asked is None or held is None or turns is None:
            return [Row("stroke rate", "none", "the pen was not run in the skin")]
        worst = max(held.high - asked, asked - held.low) / asked * 100.0
        return [
            Row("stroke rate set", f"{asked:.1f} Hz", "by the host, over the link"),
            Row(
                "stroke rate held",
                f"{held.mean:.2f} Hz",
                f"{held.low:.2f} to {held.high:.2f} Hz, {worst:.2f} % off at most: true speed, "
                f"{held.count} windows of {measures.WINDOW_S:g} s in contact",
            ),
            Row(
                "single turns",
                f"{turns.low:.1f} to {turns.high:.1f} Hz",
                f"{turns.count:,} rows with needles on skin, touch-down included",
            ),
        ]

    def _depth_rows(self) -> list[Row]:
        asked = measures.depth_set_mm(self.treatment.trace)
        strokes = self.strokes
        if asked is None or not len(strokes.depth_mm):
            return [Row("depth reached", "none", "no stroke went into skin")]
        low, middle, high = (strokes.percentile_mm(share) for share in (5, 50, 95))
        return [
            Row("depth set", f"{asked:.2f} mm", "needles beyond the nose"),
            Row(
                "depth reached in the skin",
                f"{strokes.depth_mm.mean():.2f} mm",
                f"5, 50, 95 % of strokes below {low:.2f}, {middle:.2f}, {high:.2f} mm; skin gives "
                f"way, the hand stands off by {STANDOFF_MM[0]:g} to {STANDOFF_MM[1]:g} mm",
            ),
        ]

    def _stroke_rows(self) -> list[Row]:
        trace = self.treatment.trace
        contact_s = measures.contact_time_s(trace)
        made = measures.strokes_made(trace)
        return [
            Row(
                "strokes",
                f"{made:,}",
                f"{len(self.strokes.depth_mm):,} of them into skin, "
                f"in {contact_s:.1f} s of contact at {HAND_CM_PER_S:g} cm/s",
            )
        ]

    def _supply_rows(self) -> list[Row]:
        trace, heat = self.treatment.trace, measures.winding(self.treatment.trace)
        never = "never below the plant" if heat.underestimate_c <= 0 else "below the plant by "
        if heat.underestimate_c > 0:
            never += f"{heat.underestimate_c:.1f} °C"
        seconds = float(trace.time_s[-1] - trace.time_s[0])
        return [
            Row(
                "battery used",
                f"{measures.battery_used_mah(trace):.2f} mAh",
                f"in {seconds:.1f} s, the board's own current included",
            ),
            Row(
                "winding temperature",
                f"{heat.plant_c:.1f} °C at most",
                f"the firmware's estimate: {heat.estimate_c:.1f} °C at most, it starts at the "
                f"worst plausible value; {never}",
            ),
        ]

    def _link_row(self) -> Row:
        heard = self.treatment.heard
        return Row(
            "telemetry over sim://",
            f"{heard.samples:,} samples",
            f"{heard.lost} lost on the way; {heard.paused} not taken while the flash was written",
        )

    def _zone_rows(self) -> list[Row]:
        return [
            Row(
                one.zone.title.lower(),
                f"{one.density_per_cm2():,.0f} per cm²",
                f"{one.depth_mm.mean():.2f} mm deep on average; {len(one):,} punctures "
                f"on {one.area_cm2():.1f} cm²",
            )
            for one in self.zones
        ]

    def _stall_rows(self) -> list[Row]:
        if not self.stall_events:
            return [Row("fault", "none", "nothing was detected")]
        rows = [row for event in self.stall_events for row in _event_rows(event)]
        hazards = measures.hazards(self.stall.trace)
        return [self._cause_row(*hazard) for hazard in hazards] + rows

    def _cause_row(self, time_s: float, name: str) -> Row:
        held = measures.rate_held_hz(measures.between(self.stall.trace, 0.0, time_s))
        before = f"at {held.mean:.1f} Hz in the skin" if held else "while running"
        return Row("cause", HAZARDS[name].mechanism, f"{before}, {time_s:.3f} s after power-up")


def _faults_row(run: Run) -> Row:
    names = [event.name for event in measures.fault_events(run.trace)]
    return Row("faults", ", ".join(names) or "none", "latched by the firmware")


def _event_rows(event: measures.FaultEvent) -> list[Row]:
    limit_ms = faults.row(event.number)[3]
    remedy = faults.row(event.number)[5]
    return [
        Row("fault", event.name, f"class {event.reaction}; the pen says: {remedy}"),
        Row("detected", _after(event, event.latched_s), "from the physical cause"),
        Row("drive off", _after(event, event.off_s), "from the physical cause"),
        Row(
            "needles parked",
            _after(event, event.parked_s),
            f"from the physical cause; the fault table allows {limit_ms} ms",
        ),
    ]


def _after(event: measures.FaultEvent, time_s: float | None) -> str:
    passed_ms = event.since_cause_ms(time_s)
    return "never" if passed_ms is None else f"{passed_ms:.0f} ms"
