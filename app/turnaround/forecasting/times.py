"""Reporting times as dates: in calendar days, and in working days with the load of the lab. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, exp, log
from statistics import NormalDist

from app.worktime.workclock import instant, position

# Dates of reports are read by the day; finer than this would only tell about single lines.
GRAIN = timedelta(hours=1)
GRAINS_A_DAY = 24
# The backlog of today says less about later days: its influence falls to 37 % in this time.
MEMORY = timedelta(days=30)
STANDARD = NormalDist()
NINE_TENTHS = STANDARD.inv_cdf(0.9)
LEAST = 1 / GRAINS_A_DAY


@dataclass(frozen=True, slots=True)
class CalendarTime:
    """The same time whatever the season."""

    likely: timedelta
    safe: timedelta

    def after(self, ends_at: datetime) -> tuple[datetime, datetime]:
        """Likely and safe date, UTC, for a use that ends then."""
        return ends_at + _up(self.likely), ends_at + _up(self.safe)

    def remaining(self, ended_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a test over since `ended_at`, never before now."""
        likely, safe = self.after(ended_at)
        return max(likely, now), max(safe, now)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """likely, safe: working days at the usual load. load: logarithm of the factor of the load as known at `as_of`."""

    likely: float
    safe: float
    load: float
    as_of: datetime

    def after(self, ends_at: datetime) -> tuple[datetime, datetime]:
        """Likely and safe date, UTC, for a use that ends then; the further ahead, the less the load counts."""
        begin = position(ends_at)
        likely, safe = self._days(ends_at)
        return instant(begin + _whole(likely)), instant(begin + _whole(safe))

    def remaining(self, ended_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a test over since `ended_at`, given that no report has come until now.

        Between likely and safe, and beyond them, times are taken to be log-normal.
        """
        begin, elapsed = position(ended_at), position(now) - position(ended_at)
        if elapsed <= 0:
            return self.after(ended_at)
        likely, safe = (max(days, LEAST) for days in self._days(ended_at))
        spread = max(log(safe / likely) / NINE_TENTHS, 0.01)
        over = STANDARD.cdf((log(elapsed) - log(likely)) / spread)
        # Past all experience: as late as the latest of a thousand, and then some more each day.
        over = min(over, 0.999)
        half, most = (likely * exp(spread * STANDARD.inv_cdf(over + share * (1 - over))) for share in (0.5, 0.9))
        return tuple(instant(begin + _whole(max(days, elapsed + share))) for days, share in ((half, 0.5), (most, 2.0)))  # type: ignore[return-value]

    def _days(self, ends_at: datetime) -> tuple[float, float]:
        ahead = max(ends_at - self.as_of, timedelta(0))
        factor = exp(self.load * exp(-(ahead / MEMORY)))
        return self.likely * factor, self.safe * factor


def _up(time: timedelta) -> timedelta:
    return -(-time // GRAIN) * GRAIN


def _whole(days: float) -> float:
    """To the next full hour; what is a rounding error above one is that one."""
    return ceil(days * GRAINS_A_DAY - 1e-6) / GRAINS_A_DAY
