"""When the reports of an order's lines come, and when the last of them does. Pure.

The date of an order is the quantile of the maximum over its lines, not the largest of their quantiles: of four lines
of which each comes by its likely date in half of all cases, all have come by the last of these dates in one of sixteen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log, prod
from statistics import NormalDist

from app.worktime.workclock import instant, position

LIKELY, SAFE = 0.5, 0.9
STANDARD = NormalDist()
NINE_TENTHS = STANDARD.inv_cdf(SAFE)
HOURS_A_DAY = 24
LEAST, NARROWEST = 1 / HOURS_A_DAY, 0.01


@dataclass(frozen=True, slots=True)
class LineForecast:
    """Likely (half) and safe (nine in ten) instant of a line's report, as the room of bookings hands it over.

    basis: `history` or `planning`. learnt_from: the narrowest group of lines behind history, `test`, `domain` or
    `lab`. booked: the line has a slot. begins_at: no report comes before it. awaiting_sample: its sample is not there,
    and what such tests begin late is in the dates.
    """

    expected_at: datetime
    safe_at: datetime
    basis: str
    learnt_from: str | None
    booked: bool
    begins_at: datetime
    awaiting_sample: bool = False


@dataclass(frozen=True, slots=True)
class OrderForecast:
    """When the last report is likely and safely there. ruling: the line that decides it; lines: those awaited."""

    expected_at: datetime
    safe_at: datetime
    ruling: str
    lines: int


def together(lines: Mapping[str, LineForecast]) -> OrderForecast | None:
    """The forecast of an order from those of its lines that are awaited, by id; None without any.

    Times are taken to be log-normal from `begins_at` on, in working time, through both dates of the line, and
    independent of one another (docs/decisions/0015-forecast.md).
    """
    if not lines:
        return None
    found = list(lines.values())
    likely, safe = (max(each.expected_at for each in found), max(each.safe_at for each in found))
    if len(found) > 1:
        known = [_Spread.of(each) for each in found]
        likely, safe = (_by(share, known, at) for share, at in ((LIKELY, likely), (SAFE, safe)))
    ruling = max(lines, key=lambda ident: (lines[ident].expected_at, lines[ident].safe_at, ident))
    return OrderForecast(likely, max(likely, safe), ruling, len(found))


@dataclass(frozen=True, slots=True)
class _Spread:
    """A line on the working clock: middle and width of the logarithm of its days after begin."""

    begin: float
    middle: float
    width: float

    @classmethod
    def of(cls, line: LineForecast) -> "_Spread":
        begin = position(line.begins_at)
        likely, safe = (max(position(at) - begin, LEAST) for at in (line.expected_at, line.safe_at))
        return cls(begin, log(likely), max(log(safe / likely) / NINE_TENTHS, NARROWEST))

    def chance(self, at: float) -> float:
        """Probability that the report has come by an instant of the working clock."""
        days = at - self.begin
        return STANDARD.cdf((log(days) - self.middle) / self.width) if days > 0 else 0.0


def _by(share: float, lines: Sequence[_Spread], latest: datetime) -> datetime:
    """The full hour by which all reports have come in this share of cases; not before the latest date of one line."""
    low, step = position(latest), 1.0
    if _chance(lines, low) >= share:
        return latest
    while _chance(lines, low + step) < share:
        step *= 2
    high = low + step
    while high - low > LEAST / 4:
        middle = (low + high) / 2
        low, high = (low, middle) if _chance(lines, middle) >= share else (middle, high)
    return max(latest, instant(ceil(high * HOURS_A_DAY - 1e-6) / HOURS_A_DAY))


def _chance(lines: Sequence[_Spread], at: float) -> float:
    return prod(line.chance(at) for line in lines)
