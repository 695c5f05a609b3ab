"""Why the mean turnaround of a period differs from that of another: other tests, or the same tests in other time. Pure.

For each kind of work (a test at a lab) with share w and mean m, the difference of Σ w·m splits into
Σ Δw·(m₀ + m₁)/2, the mix, and Σ Δm·(w₀ + w₁)/2, the time that the same work took, which again is the sum over the
phases. The two add up exactly (Kitagawa, Components of a difference between two rates, 1955).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.turnaround.rules import PHASES, split

Kind = tuple[str, str]
MIX = "mix"


@dataclass(frozen=True, slots=True)
class Share:
    """A kind of work in a period: its lines, and the mean days of each of its phases."""

    lines: int
    phases: Sequence[float]

    @property
    def mean(self) -> float:
        return sum(self.phases)


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


def change(before: Mapping[Kind, Share], after: Mapping[Kind, Share]) -> Change | None:
    """The split of the difference; None where one of the periods has no line.

    What only one period has can't have become faster or slower: it counts as mix, with its own mean.
    """
    count_before, count_after = (sum(share.lines for share in period.values()) for period in (before, after))
    if not count_before or not count_after:
        return None
    mix, phases, kinds = 0.0, dict.fromkeys(PHASES, 0.0), {}
    mean_before = sum(share.lines * share.mean for share in before.values()) / count_before
    mean_after = sum(share.lines * share.mean for share in after.values()) / count_after
    for kind in sorted(before.keys() | after.keys()):
        old, new = before.get(kind), after.get(kind)
        weight_before = old.lines / count_before if old else 0.0
        weight_after = new.lines / count_after if new else 0.0
        known = [share.mean for share in (old, new) if share]
        mix += (weight_after - weight_before) * sum(known) / len(known)
        if old and new:
            parts = [
                (later - earlier) * (weight_before + weight_after) / 2
                for earlier, later in zip(old.phases, new.phases, strict=True)
            ]
            kinds[kind] = sum(parts)
            phases = {phase: phases[phase] + part for phase, part in zip(PHASES, parts, strict=True)}
    return Change(mean_before, mean_after, mix, phases, kinds)
