"""What a cell keeps of its lines, so that cells can be put together and figures be reckoned from them. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from app.turnaround.rules import INSIDE, PHASES

# The parts of a line that are summed: its phases, and the shares that lie inside them.
PARTS = (*PHASES, *INSIDE)


@dataclass(slots=True)
class Tally:
    """The lines of a cell. whole: seconds from submission to issue of each; working: working days of each, both in
    ascending order; sums: seconds of all lines together by part, in the order of PARTS; companies: lines of each.
    """

    whole: Sequence[int] = ()
    working: Sequence[int] = ()
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
        whole=sorted(chain.from_iterable(part.whole for part in parts)),
        working=sorted(chain.from_iterable(part.working for part in parts)),
        sums=[sum(column) for column in zip(*(part.sums for part in parts), strict=True)] or (0,) * len(PARTS),
        companies=companies,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ascending values lie; at least one value.

    Linear interpolation between the two around (count − 1) · share: type 7 of Hyndman and Fan (1996), which numpy, R
    and PERCENTILE.INC of spreadsheets use.
    """
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
