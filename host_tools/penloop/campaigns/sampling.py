"""Which values each case of a campaign has: a pure function of its number.

So a case can be run anywhere, in any order and again, and nothing grows with how many there are.
Every variable draws from a stream of its own: one more changes the values of no other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from penloop.campaigns.cases import Case
from penloop.campaigns.places import Value
from penloop.campaigns.variables import Variable
from penloop.errors import UserError
from pensim.board.chance import draw

MONTE_CARLO, LATIN_HYPERCUBE, SWEEP = "monte carlo", "latin hypercube", "sweep"
SEEDS = 2**31  # of cases: 0 up to this
_ROUNDS = 6  # of the Feistel network; 4 give a pseudo-random permutation (Luby and Rackoff 1988)
_SPAN = 2**32  # of a draw


@dataclass(frozen=True)
class Plan:
    """All cases of a campaign.

    count: how many; of a sweep, the product of its values
    case_seed: of every case of a sweep; the others draw one each
    """

    variables: tuple[Variable, ...]
    method: str
    count: int
    seed: int = 0
    case_seed: int = 0

    @classmethod
    def of_sweep(cls, variables: tuple[Variable, ...], case_seed: int) -> "Plan":
        """Every combination. Raises UserError where a variable's values cannot be counted."""
        for variable in variables:
            if not variable.values:
                raise UserError(
                    f"{variable.place.name}: a sweep cannot count {variable.distribution.told}",
                    "give values or steps, or choose another method",
                )
        count = prod(len(variable.values) for variable in variables)
        return cls(variables, SWEEP, count, case_seed=case_seed)

    def case(self, number: int) -> Case:
        """The case of a number, from 0."""
        values = self._combination(number) if self.method == SWEEP else self._drawn(number)
        seed = self.case_seed if self.method == SWEEP else draw(self.seed, "case", number) % SEEDS
        for variable, value in zip(self.variables, values, strict=True):
            if variable.place.name == "seed":
                seed = int(value)
        return Case(number, seed, tuple(values))

    def cases(self, numbers: Sequence[range]) -> Iterator[Case]:
        """The cases of several ranges of numbers, one after another."""
        return (self.case(number) for span in numbers for number in span)

    def _combination(self, number: int) -> list[Value]:
        """The last variable changes from case to case, the first at last."""
        values: list[Value] = []
        for variable in reversed(self.variables):
            number, place = divmod(number, len(variable.values))
            values.append(variable.values[place])
        return values[::-1]

    def _drawn(self, number: int) -> list[Value]:
        return [
            variable.at(self._share(variable.place.name, number)) for variable in self.variables
        ]

    def _share(self, stream: str, number: int) -> float:
        within = (draw(self.seed, stream, number) + 0.5) / _SPAN
        if self.method == MONTE_CARLO:
            return within
        return (permuted(number, self.count, self.seed, stream) + within) / self.count


def permuted(number: int, count: int, seed: int, stream: str) -> int:
    """Where a permutation of 0..count-1 puts a number.

    A Feistel network over the next even power of two, walked until it is below `count` again.
    """
    half = max((max(count - 1, 1).bit_length() + 1) // 2, 1)
    mask = (1 << half) - 1
    while True:
        left, right = number >> half, number & mask
        for turn in range(_ROUNDS):
            left, right = right, left ^ (draw(seed, f"{stream}/{turn}", right) & mask)
        number = left << half | right
        if number < count:
            return number
