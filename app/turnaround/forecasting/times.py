"""Reporting times as dates: in calendar days, and in working days with the load of the lab. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, exp, log
from statistics import NormalDist

from app.turnaround.forecasting.starts import STEPS, Slips
from app.worktime.workclock import instant, position

# Dates of reports are read by the day; finer than this would only tell about single lines.
GRAIN = timedelta(hours=1)
GRAINS_A_DAY = 24
# The backlog of today says less about later days: its influence falls to 37 % in this time.
MEMORY = timedelta(days=30)
STANDARD = NormalDist()
NINE_TENTHS = STANDARD.inv_cdf(0.9)
LEAST = 1 / GRAINS_A_DAY
LIKELY, SAFE = 0.5, 0.9
NO_SLIPS = Slips()


@dataclass(frozen=True, slots=True)
class CalendarTime:
    """The same time whatever the season, likely and safe: from the end of the test, and as a whole from submission."""

    report: tuple[timedelta, timedelta]
    whole: tuple[timedelta, timedelta]
    learnt_from: str

    def after(self, ends_at: datetime) -> tuple[datetime, datetime]:
        """Likely and safe date, UTC, for a use that ends then."""
        likely, safe = self.report
        return ends_at + _up(likely), ends_at + _up(safe)

    def remaining(self, ended_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a test over since `ended_at`, never before now."""
        likely, safe = self.after(ended_at)
        return max(likely, now), max(safe, now)

    def awaiting_sample(self, ends_at: datetime, ahead: timedelta) -> None:
        """Nothing is known of samples."""

    def without_slot(self, submitted_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a line submitted then that has no slot, never before now."""
        likely, safe = self.whole
        return max(submitted_at + _up(likely), now), max(submitted_at + _up(safe), now)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """likely, safe: working days at the usual load. load: logarithm of the factor of the load as known at `as_of`.

    lead: likely and safe calendar days from submission to the end of the bench's use. learnt_from: the kind of the
    narrowest cell behind it. slips: of starts whose sample was not there.
    """

    likely: float
    safe: float
    load: float
    as_of: datetime
    lead: tuple[float, float]
    learnt_from: str
    slips: Slips = NO_SLIPS

    def after(self, ends_at: datetime) -> tuple[datetime, datetime]:
        """Likely and safe date, UTC, for a use that ends then; the further ahead, the less the load counts."""
        begin = position(ends_at)
        likely, safe = self._days(ends_at)
        return instant(begin + _whole(likely)), instant(begin + _whole(safe))

    def remaining(self, ended_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a test over since `ended_at`, given that no report has come until now."""
        begin, elapsed = position(ended_at), position(now) - position(ended_at)
        if elapsed <= 0:
            return self.after(ended_at)
        half, most = _left(*self._days(ended_at), elapsed, (LIKELY, SAFE))
        # Past all experience: some more each day.
        half, most = max(half, elapsed + 0.5), max(most, elapsed + 2.0)
        return instant(begin + _whole(half)), instant(begin + _whole(most))

    def without_slot(self, submitted_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a line submitted then whose test has no slot until now: the lead, then the report."""
        elapsed = max((now - submitted_at) / timedelta(days=1), 0.0)
        leads = (max(days, elapsed) for days in _left(*self.lead, elapsed, STEPS))
        ends = [position(submitted_at + timedelta(days=days)) for days in leads]
        days = self._days(submitted_at + timedelta(days=max(self.lead[0], elapsed)))
        return instant(_whole(_by(LIKELY, ends, days))), instant(_whole(_by(SAFE, ends, days)))

    def awaiting_sample(self, ends_at: datetime, ahead: timedelta) -> tuple[datetime, datetime] | None:
        """The same for a use that ends then, if it begins as booked, and whose sample is not there so long before.

        None where nothing is known of such uses.
        """
        slips = self.slips.ahead(ahead / timedelta(days=1))
        if not slips:
            return None
        ends = [position(ends_at + timedelta(days=slip)) for slip in slips]
        days = self._days(ends_at)
        return instant(_whole(_by(LIKELY, ends, days))), instant(_whole(_by(SAFE, ends, days)))

    def _days(self, ends_at: datetime) -> tuple[float, float]:
        ahead = max(ends_at - self.as_of, timedelta(0))
        factor = exp(self.load * exp(-(ahead / MEMORY)))
        return self.likely * factor, self.safe * factor


def _left(likely: float, safe: float, elapsed: float, shares: Sequence[float]) -> list[float]:
    """Days by which these shares are there of what takes longer than `elapsed`.

    Between likely and safe, and beyond them, times are taken to be log-normal.
    """
    middle, spread = _log_normal(likely, safe)
    over = STANDARD.cdf((log(elapsed) - middle) / spread) if elapsed > 0 else 0.0
    # Past all experience: as late as the latest of a thousand.
    over = min(over, 0.999)
    return [exp(middle + spread * STANDARD.inv_cdf(over + share * (1 - over))) for share in shares]


def _log_normal(likely: float, safe: float) -> tuple[float, float]:
    """Middle and spread of the logarithm of days."""
    likely = max(likely, LEAST)
    return log(likely), max(log(max(safe, likely) / likely) / NINE_TENTHS, 0.01)


def _by(share: float, ends: Sequence[float], days: tuple[float, float]) -> float:
    """Where the working clock stands when this share of reports is there, each end of a test equally probable.

    days: likely and safe, from the end on.
    """
    middle, spread = _log_normal(*days)
    low, high = ends[0], ends[-1] + exp(middle + spread * STANDARD.inv_cdf(0.999))
    while high - low > LEAST / 2:
        at = (low + high) / 2
        there = (STANDARD.cdf((log(at - end) - middle) / spread) for end in ends if at > end)
        low, high = (low, at) if sum(there) >= share * len(ends) else (at, high)
    return high


def _up(time: timedelta) -> timedelta:
    return -(-time // GRAIN) * GRAIN


def _whole(days: float) -> float:
    """To the next full hour; what is a rounding error above one is that one."""
    return ceil(days * GRAINS_A_DAY - 1e-6) / GRAINS_A_DAY
