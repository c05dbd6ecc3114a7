"""The summary of a campaign: what its results say, gathered for the terminal, pages and scripts."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from penhost.units import usual
from penloop.campaigns import places, statistics
from penloop.campaigns.campaign import Campaign
from penloop.campaigns.dataset import DataSet, column_of
from penloop.campaigns.sampling import MONTE_CARLO, SWEEP
from penloop.campaigns.statistics import Failures, Influence, Spread

CHANCE = 0.01  # above it, an influence is not told from none
SHOWN = 6  # rows of a table in the terminal
SHOWN_VALUES = 3  # variables of a case there


@dataclass(frozen=True)
class Summary:
    """What the results of a campaign say.

    spreads: of the smallest margin, each expectation's margin and each measure, by column
    influences: of the variables on the same columns
    worst: the rows with the smallest margins
    """

    campaign: Campaign
    failures: Failures
    spreads: dict[str, Spread]
    influences: dict[str, list[Influence]]
    worst: list[dict[str, Any]]

    @classmethod
    def of(cls, campaign: Campaign, data: DataSet) -> "Summary":
        """From the data set, a column at a time."""
        count = campaign.plan.count
        columns = ("margin", *data.columns.margins, *data.columns.measures)
        spreads = {name: statistics.spread(data.column(name, count)) for name in columns}
        known = {name: spread for name, spread in spreads.items() if spread is not None}
        return cls(
            campaign,
            statistics.failures(data, count, campaign.plan.method == MONTE_CARLO),
            known,
            {name: statistics.influences(data, count, name) for name in known},
            statistics.worst_cases(data, count),
        )

    def title(self, column: str) -> str:
        """A result's column as people call it."""
        if column == "margin":
            return "smallest margin"
        kind, _, rest = column.partition(".")
        if kind == "margin":
            return self.campaign.scenario.expectations[int(rest) - 1].text
        return next(
            f"{one.name} {usual(one.unit)[0]}".strip()
            for one in self.campaign.scenario.measures
            if column_of(one) == rest
        )

    def headline(self) -> str:
        """One sentence."""
        found = self.failures
        text = f"{found.failed:,} of {found.cases:,} cases fail"
        if self.campaign.plan.method != MONTE_CARLO:
            return text
        return f"{text}; with 95 % confidence {found.low:.2%} to {found.high:.2%} of all such"

    def replay_command(self, number: int) -> str:
        """The command that runs a case again."""
        template, plan = self.campaign.template, self.campaign.plan
        words = ["penloop", "campaign", str(self.campaign.path), "--case", str(number)]
        if template.engine != "cpython":
            words += ["--engine", template.engine]
        if template.firmware is not None:
            words += ["--firmware", template.firmware.origin]
        if plan.method != SWEEP:
            words += ["--cases", str(plan.count)]
        return shlex.join(words)

    def tables(self) -> Iterator[Table]:
        """For the terminal."""
        yield self._spread_table()
        yield self._influence_table()
        yield self._worst_table()

    def _spread_table(self) -> Table:
        table = Table(title=self.headline(), title_justify="left", box=None, pad_edge=False)
        table.add_column("result")
        for name in ("least", "5 %", "median", "95 %", "greatest"):
            table.add_column(name, justify="right")
        for column, one in self.spreads.items():
            row = (one.least, one.low, one.median, one.high, one.greatest)
            table.add_row(self.title(column), *(f"{value:.5g}" for value in row))
        return table

    def _influence_table(self) -> Table:
        table = Table(title="What the smallest margin hangs on", title_justify="left", box=None,
                      pad_edge=False)  # fmt: skip
        table.add_column("variable")
        table.add_column("share", justify="right")
        table.add_column("more of it")
        for one in self.influences.get("margin", [])[:SHOWN]:
            table.add_row(one.variable, f"{one.share:.0%}", direction(one))
        return table

    def _worst_table(self) -> Table:
        table = Table(title="Worst cases", title_justify="left", box=None, pad_edge=False)
        table.add_column("case", justify="right")
        table.add_column("margin", justify="right")
        shown = [one.variable for one in self.influences.get("margin", [])][:SHOWN_VALUES]
        for name in shown:
            table.add_column(name, justify="right")
        for row in self.worst[:SHOWN]:
            values = [places.shown(row[name]) for name in shown]
            table.add_row(str(row["case"]), f"{row['margin']:+.3f}", *values)
        return table

    def json(self) -> str:
        """For scripts."""
        told = {
            "campaign": self.campaign.name,
            "fingerprint": self.campaign.fingerprint,
            "failures": asdict(self.failures),
            "spreads": {name: asdict(one) for name, one in self.spreads.items()},
            "influences": {name: [asdict(i) for i in of] for name, of in self.influences.items()},
            "worst": self.worst,
        }
        return json.dumps(_finite(told), indent=2)


def direction(one: Influence) -> str:
    """What more of a variable does to the result, in words."""
    if one.chance > CHANCE:
        return "no influence seen"
    if one.bends:
        return "raises and lowers it"
    if not one.has_sign:
        return "depends on which"
    return "raises it" if one.rank > 0 else "lowers it"


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value
