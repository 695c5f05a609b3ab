"""Which three sentences stand at the top of a report: news before reasons, reasons before what always holds. Pure."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.turnaround.causes import Cause
from app.turnaround.change import Change
from app.turnaround.queries import Figures
from app.turnaround.trend import Shift

MOST = 3
# The mean of a few lines is never twice the same: less than this, in days and of the mean before, is no news.
LEAST_CHANGE_DAYS, LEAST_CHANGE_SHARE = 0.5, 0.1
# A cause that took less of all days than this explains nothing.
LEAST_CAUSE_SHARE = 0.05


class Topic(enum.Enum):
    """What a sentence is about."""

    HIDDEN = enum.auto()
    NOTHING_ISSUED = enum.auto()
    LEVEL = enum.auto()
    SHIFT = enum.auto()
    TARGET = enum.auto()
    CHANGE = enum.auto()
    CAUSE = enum.auto()
    UNDER_WAY = enum.auto()
    PHASE = enum.auto()
    YEAR = enum.auto()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a period. before, year_ago, year: the whole of the period before, of the same one a year ago,
    and of the twelve months up to the period's end; None where there are no figures of it.

    change: against the period before. shift, since: of the monthly P50, and the month it began with; lasts: up to the
    last complete month. target: days of the P50. cause: the costliest. under_way: own lines, None for those of all.
    """

    total: Figures
    before: Figures | None
    year_ago: Figures | None
    year: Figures | None
    change: Change | None
    shift: Shift | None
    since: str
    months: int
    lasts: bool
    target: int | None
    cause: Cause | None
    under_way: int | None

    @property
    def median(self) -> float:
        """P50 of the period, which must have lines."""
        assert self.total.percentiles
        return self.total.percentiles[0]

    @property
    def misses_target(self) -> bool:
        return self.target is not None and self.median > self.target


def chosen(facts: Facts) -> list[Topic]:
    """The most important topics, the most important first: three, where there is so much to say."""
    return list(islice(_by_weight(facts), MOST))


def _by_weight(facts: Facts) -> Iterator[Topic]:
    told = facts.total.percentiles is not None
    if told:
        yield Topic.LEVEL
    else:
        yield Topic.HIDDEN if facts.total.suppressed else Topic.NOTHING_ISSUED
    if facts.shift and facts.lasts:
        yield Topic.SHIFT
    if told and facts.misses_target:
        yield Topic.TARGET
    if _is_news(facts.change):
        yield Topic.CHANGE
    if _explains(facts):
        yield Topic.CAUSE
    if facts.under_way is not None:
        yield Topic.UNDER_WAY
    if told and facts.target is not None and not facts.misses_target:
        yield Topic.TARGET
    if told:
        yield Topic.PHASE
    if facts.year:
        yield Topic.YEAR


def _is_news(change: Change | None) -> bool:
    return change is not None and abs(change.total) >= max(LEAST_CHANGE_DAYS, LEAST_CHANGE_SHARE * change.before)


def _explains(facts: Facts) -> bool:
    total, cause = facts.total, facts.cause
    if cause is None or cause.days is None or not total.mean or not total.lines:
        return False
    return cause.days >= LEAST_CAUSE_SHARE * total.mean * total.lines
