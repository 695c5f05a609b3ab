"""Why the mean turnaround of a period differs from that of another: other tests, or the same tests in other time. Pure.

For each kind of work (a test at a lab) with share w and mean m, the difference of Σ w·m splits into
Σ Δw·(m₀ + m₁)/2, the mix, and Σ Δm·(w₀ + w₁)/2, the time that the same work took, which again is the sum over the
phases. The two add up exactly (Kitagawa, Components of a difference between two rates, 1955).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.turnaround.rules import PHASES, split

Kind = tuple[str, str]
Days = NDArray[np.float64]
MIX = "mix"


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What was done in a period: its kinds, how many lines each has, and the mean days of each of their phases, a row
    for each kind.
    """

    kinds: Sequence[Kind]
    lines: NDArray[np.int64]
    phases: Days

    def laid_out(self, kinds: Sequence[Kind]) -> tuple[Days, Days]:
        """The share that each of these kinds has in all lines, and its phases; zeros for what it does not have."""
        places = {kind: place for place, kind in enumerate(kinds)}
        own = np.array([places[kind] for kind in self.kinds], np.int64)
        weights, phases = np.zeros(len(kinds)), np.zeros((len(kinds), len(PHASES)))
        weights[own], phases[own] = self.lines / self.lines.sum(), self.phases
        return weights, phases


@dataclass(frozen=True, slots=True)
class Change:
    """Days by which the mean changed, below zero for faster: `total` is `mix` and all phases together.

    kinds: the share of each kind of work in the change of time, the mix apart.
    """

    before: float
    after: float
    mix: float
    phases: Mapping[str, float]
    kinds: Mapping[Kind, float]

    @property
    def total(self) -> float:
        return self.after - self.before

    @property
    def told(self) -> Mapping[str, float]:
        """The mix and the phases with one decimal, so that they add up to the rounded whole."""
        return split(self.total, {MIX: self.mix, **self.phases})


def change(before: Work, after: Work) -> Change | None:
    """The split of the difference; None where one of the periods has no line.

    What only one period has can't have become faster or slower: it counts as mix, with its own mean.
    """
    if not before.kinds or not after.kinds:
        return None
    kinds = sorted({*before.kinds, *after.kinds})
    (weights, earlier), (later_weights, later) = before.laid_out(kinds), after.laid_out(kinds)
    means, later_means = earlier.sum(axis=1), later.sum(axis=1)
    in_both = (weights > 0) & (later_weights > 0)
    known = np.where(in_both, (means + later_means) / 2, means + later_means)
    parts = ((later - earlier) * ((weights + later_weights) / 2)[:, None])[in_both]
    return Change(
        before=float((weights * means).sum()),
        after=float((later_weights * later_means).sum()),
        mix=float(((later_weights - weights) * known).sum()),
        phases=dict(zip(PHASES, parts.sum(axis=0).tolist(), strict=True)),
        kinds={
            kinds[place]: days
            for place, days in zip(np.flatnonzero(in_both).tolist(), parts.sum(axis=1).tolist(), strict=True)
        },
    )
