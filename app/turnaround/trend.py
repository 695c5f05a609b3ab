"""Whether months get faster or slower, told from noise by the rules of run charts. Pure.

A run chart holds each value against the median of all. Chance alone makes neither a longer run on one side of it nor
fewer crossings than Anhøj and Olesen give (Run charts revisited, PLoS ONE 9(11), 2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import comb, log2
from statistics import median

# Fewer values tell nothing.
LEAST = 10
# The mean moving range of normally distributed values is 1.128 sigma, its median 0.954 (Wheeler, 1993).
SIGMAS_BY_MEDIAN_RANGE = 3 / 0.954


@dataclass(frozen=True, slots=True)
class Shift:
    """Since the value at place `since` (from 0), `length` in a row lie on one side of the median."""

    since: int
    length: int
    faster: bool
    centre: float


@dataclass(frozen=True, slots=True)
class Band:
    """Where values are expected that only vary by chance: centre ± 3 sigma, the sigma from the median moving range."""

    low: float
    centre: float
    high: float


def shift(values: Sequence[float]) -> Shift | None:
    """The longest run on one side of the median where chance does not explain it, the latest of equal ones.

    A value on the median is on no side and breaks no run. None for fewer than LEAST values off the median.
    """
    centre = median(values) if values else 0.0
    sides = [(place, value < centre) for place, value in enumerate(values) if value != centre]
    if len(sides) < LEAST:
        return None
    runs = [list(run) for _side, run in groupby(sides, key=lambda each: each[1])]
    longest = max(reversed(runs), key=len)
    crossings = len(runs) - 1
    if len(longest) <= longest_by_chance(len(sides)) and crossings >= fewest_by_chance(len(sides)):
        return None
    return Shift(longest[0][0], len(longest), longest[0][1], centre)


def longest_by_chance(useful: int) -> int:
    """So many in a row on one side are no signal yet among `useful` values: log2(n) + 3, rounded."""
    return round(log2(useful)) + 3


def fewest_by_chance(useful: int) -> int:
    """So many crossings of the median are no signal yet: the 5 % quantile of the binomial (n − 1, ½)."""
    tries, below = useful - 1, 0
    for crossings in range(useful):
        below += comb(tries, crossings)
        if below / 2**tries >= 0.05:
            return crossings
    return tries


def band(values: Sequence[float]) -> Band | None:
    """The band of at least three values; one wild month hardly moves it."""
    if len(values) < 3:
        return None
    centre = median(values)
    reach = SIGMAS_BY_MEDIAN_RANGE * median(abs(later - earlier) for earlier, later in pairwise(values))
    return Band(max(centre - reach, 0.0), centre, centre + reach)
