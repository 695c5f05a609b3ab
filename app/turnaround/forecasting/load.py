"""How much longer reports of a lab will take because more of them wait than of late. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from statistics import fmean

from app.turnaround.forecasting.lines import DAY, Line, Past, enough

LEARNT_DAYS, USUAL_DAYS = 180, 45
# The backlog is looked at on so many midnights and told in steps, so that nobody sees single reports come and go.
MIDNIGHTS, STEP = 7, 0.25
# Weight of no influence, in squared units of the logarithm of the backlog.
CAUTION = 20.0
MIDNIGHT_UTC = 16 * 3600.0
SHORTEST = 0.05


@dataclass(frozen=True, slots=True)
class Load:
    """levels: of each lab the logarithm of the factor by which its reports take longer now."""

    levels: Mapping[str, float]

    @classmethod
    def of(cls, past: Past) -> "Load":
        influence = elasticity(past)
        usual = _by_lab(past.last(USUAL_DAYS))
        return cls({lab: influence * _surplus(past, lab, lines) for lab, lines in usual.items() if enough(lines)})

    def level(self, lab: str) -> float:
        """0 for a lab of which too little is known."""
        return self.levels.get(lab, 0.0)


def elasticity(past: Past) -> float:
    """By how many per cent a report took longer when 1 % more had to be written at its lab: from 0 to 1.

    Slope through the lines of each lab around their own mean, drawn towards 0.
    """
    products, squares = 0.0, CAUTION
    for lines in _by_lab(past.last(LEARNT_DAYS)).values():
        found = [(_at_end(past, line), log(max(line.ratio, SHORTEST))) for line in lines]
        middle, usual = (fmean(each) for each in zip(*found, strict=True))
        products += sum((load - middle) * (took - usual) for load, took in found)
        squares += sum((load - middle) ** 2 for load, _ in found)
    return min(max(products / squares, 0.0), 1.0)


def _surplus(past: Past, lab: str, lines: Iterable[Line]) -> float:
    """Logarithm of the backlog of the last midnights over that which the lines met, in steps."""
    last = (past.origin - MIDNIGHT_UTC) // DAY * DAY + MIDNIGHT_UTC
    now = fmean(past.backlog.log_at(lab, last - number * DAY) for number in range(MIDNIGHTS))
    usual = fmean(_at_end(past, line) for line in lines)
    return round((now - usual) / STEP) * STEP


def _at_end(past: Past, line: Line) -> float:
    return past.backlog.log_at(line.lab, line.ended_at)


def _by_lab(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.lab].append(line)
    return found
