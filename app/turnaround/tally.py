"""What a cell keeps of its lines, so that cells can be put together and figures be reckoned from them. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.turnaround.rules import INSIDE, PHASES

# The parts of a line that are summed: its phases, and the shares that lie inside them.
PARTS = (*PHASES, *INSIDE)
Numbers = Sequence[int] | NDArray[np.int64]


@dataclass(slots=True)
class Tally:
    """The lines of a cell. whole: seconds from submission to issue of each; working: working days of each, both in
    ascending order; sums: seconds of all lines together by part, in the order of PARTS; companies: lines of each.
    """

    whole: Numbers = ()
    working: Numbers = ()
    sums: Sequence[int] = (0,) * len(PARTS)
    companies: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> int:
        return len(self.whole)


def together(tallies: Iterable[Tally]) -> Tally:
    """The lines of all of these in one."""
    parts = list(tallies)
    companies: Counter[str] = Counter()
    for part in parts:
        companies.update(part.companies)
    return Tally(
        whole=_ascending(part.whole for part in parts),
        working=_ascending(part.working for part in parts),
        sums=[sum(column) for column in zip(*(part.sums for part in parts), strict=True)] or (0,) * len(PARTS),
        companies=companies,
    )


def _ascending(columns: Iterable[Numbers]) -> Numbers:
    return np.sort(np.concatenate([(), *columns], dtype=np.int64, casting="unsafe"))


def percentile(ordered: Numbers, share: float) -> float:
    """The value below which `share` of the ascending values lie; at least one value.

    Linear interpolation between the two around (count − 1) · share: type 7 of Hyndman and Fan (1996), which numpy, R
    and PERCENTILE.INC of spreadsheets use.
    """
    place = (len(ordered) - 1) * share
    below = int(place)
    # Whole numbers of Python's own, which rounds a half otherwise than numpy.
    low, high = int(ordered[below]), int(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (place - below)
