"""Pure rules of sharing a bench: how long, how often, how much of a week, and what not coming costs.

Each stands here as it is before a company that has so much already: it refuses a use with its sentence, and where it
refuses one it says before when it would refuse any, so that a search for free time need not ask of every start.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from app.booking.rules import NoShows
from app.errors import N_, YujianError
from app.worktime import Interval, Use, clip, local_date, midnight

DAY, WEEK = timedelta(days=1), timedelta(days=7)
NEVER = datetime.max.replace(tzinfo=UTC)
NOTHING = timedelta(0)


class Disallowed(YujianError):
    """A rule of the lab speaks against it; says which and what can be done. The same facts are the same refusal."""

    code, status, field = "wrong_state", 409, None

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.facts == getattr(other, "facts", None)

    def __hash__(self) -> int:
        return hash((type(self), frozenset(self.facts.items())))


class TooLong(Disallowed):
    message = N_("实验室规定一次占台最多 %(most)s，这次要 %(length)s。请拆成几次，或联系实验室。")


class TooManyOpen(Disallowed):
    message = N_(
        "实验室规定每家企业最多有 %(limit)d 个未完成的申请和预约，贵公司已有 %(count)d 个。请等一个完成或先取消一个。"
    )


class ShareUsed(Disallowed):
    message = N_("实验室规定每家企业每周最多占台 %(allowed)s，%(week)s 起的一周贵公司已约 %(used)s。请选别的周。")


class MoreThanShare(ShareUsed):
    message = N_(
        "实验室规定每家企业每周最多占台 %(allowed)s，这次在 %(week)s 起的一周要 %(length)s。请拆成几次，或联系实验室。"
    )


class BlockedAfterNoShows(Disallowed):
    message = N_("贵公司多次预约未到场，按实验室的规定 %(until)s 前不能再约。请联系实验室。")


class Rule(Protocol):
    """A rule of a lab before a company, with all that counts for it."""

    def refusal(self, use: Interval) -> Disallowed | None:
        """What it says against a use; None where it is kept."""

    def allows_from(self, use: Interval, least: timedelta) -> datetime:
        """Where it refuses this use, an instant behind its start before which it refuses any that ends no earlier.

        least: what any use takes.
        """


@dataclass(frozen=True, slots=True)
class Longest:
    """One use keeps the bench for at most so long."""

    most: timedelta

    def refusal(self, use: Interval) -> TooLong | None:
        return TooLong(most=self.most, length=use.duration) if use.duration > self.most else None

    def allows_from(self, use: Interval, least: timedelta) -> datetime:
        return NEVER if least > self.most else use.end - self.most


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """What a company has open at the lab: requests that wait, and bookings that are to come."""

    count: int
    limit: int

    def refusal(self, _use: Interval) -> TooManyOpen | None:
        return TooManyOpen(count=self.count, limit=self.limit) if self.count >= self.limit else None

    def allows_from(self, _use: Interval, _least: timedelta) -> datetime:
        return NEVER


@dataclass(frozen=True, slots=True)
class Block:
    """until: a company that did not come books nothing before; None where it may."""

    until: datetime | None

    def refusal(self, _use: Interval) -> BlockedAfterNoShows | None:
        return BlockedAfterNoShows(until=self.until) if self.until else None

    def allows_from(self, _use: Interval, _least: timedelta) -> datetime:
        return NEVER


@dataclass(frozen=True, slots=True)
class Week:
    """How much of a pool a company has in a calendar week. monday: local date."""

    monday: date
    used: timedelta
    allowed: timedelta

    @property
    def span(self) -> Interval:
        return week_from(self.monday)

    @property
    def left(self) -> timedelta:
        """Nothing where more is used than the rule allows by now."""
        return max(self.allowed - self.used, NOTHING)


@dataclass(frozen=True, slots=True)
class Share:
    """A company's share of a pool in each calendar week. used: by Monday, weeks of which it has something."""

    allowed: timedelta
    used: tuple[tuple[date, timedelta], ...]

    @classmethod
    def of(cls, allowed: timedelta, taken: Iterable[Interval]) -> "Share":
        """With these uses; those that overlap count once each."""
        used: defaultdict[date, timedelta] = defaultdict(timedelta)
        for use in taken:
            for monday in mondays(use):
                used[monday] += _inside(use, week_from(monday))
        return cls(allowed, tuple(sorted(used.items())))

    def weeks(self, use: Interval) -> list[Week]:
        """All that the use touches."""
        used = dict(self.used)
        return [Week(monday, used.get(monday, NOTHING), self.allowed) for monday in mondays(use)]

    def refusal(self, use: Interval) -> ShareUsed | None:
        week = self._exceeded(use)
        if week is None:
            return None
        length = _inside(use, week.span)
        if length > week.allowed:
            return MoreThanShare(allowed=week.allowed, week=week.monday, length=length)
        return ShareUsed(allowed=week.allowed, week=week.monday, used=week.used)

    def allows_from(self, use: Interval, least: timedelta) -> datetime:
        week = self._exceeded(use)
        assert week is not None
        if use.start < week.span.start:
            return week.span.start
        # A later start leaves no less of the use behind it in this week until it comes so near to its end.
        end = week.span.end if least > week.left else min(use.end, week.span.end)
        return end - week.left

    def _exceeded(self, use: Interval) -> Week | None:
        """The first week of which the company would have more than its share with the use."""
        return next((week for week in self.weeks(use) if week.used + _inside(use, week.span) > week.allowed), None)


def mondays(use: Interval) -> Iterator[date]:
    """Mondays of the calendar weeks (Monday to Sunday, local) that the use touches."""
    on, last = local_date(use.start), local_date(use.end - timedelta.resolution)
    monday = on - timedelta(days=on.weekday())
    while monday <= last:
        yield monday
        monday += WEEK


def week_from(monday: date) -> Interval:
    """From Monday 00:00 to the next, UTC."""
    return Interval(midnight(monday), midnight(monday + WEEK))


def _inside(use: Interval, span: Interval) -> timedelta:
    return sum((piece.duration for piece in clip([use], span)), NOTHING)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a lab's rules leave a company on a bench. rules: those in force, by kind, in the order in which they are
    asked; waived: kinds of which the lab makes an exception.
    """

    rules: tuple[tuple[str, Rule], ...]
    waived: frozenset[str] = frozenset()

    def verdicts(self, use: Interval) -> Iterator[tuple[str, Disallowed | None]]:
        """Each rule in force with what it says against a use, exceptions or not."""
        return ((kind, rule.refusal(use)) for kind, rule in self.rules)

    def refusal(self, use: Interval) -> Disallowed | None:
        """The first refusal that counts."""
        return next((said for kind, said in self.verdicts(use) if said and kind not in self.waived), None)

    def weeks(self, use: Interval) -> list[Week]:
        """What it has of each week that a use touches; empty where there are no shares."""
        return next((rule.weeks(use) for _, rule in self.rules if isinstance(rule, Share)), [])

    def barred_weeks(self, span: Interval) -> Iterator[tuple[Interval, Disallowed]]:
        """Calendar weeks that meet the span in which not even a moment is left, with what speaks against it."""
        for week in map(week_from, mondays(span)):
            if said := self.refusal(Interval(week.start, week.start + timedelta.resolution)):
                yield week, said

    def blocked_until(self, use: Use, least: timedelta) -> datetime | None:
        """As `worktime.Limit`."""
        when = use.interval
        refusing = (rule for kind, rule in self.rules if kind not in self.waived and rule.refusal(when))
        return max((rule.allows_from(when, least) for rule in refusing), default=None)


def blocked_until(missed: Sequence[datetime], rule: NoShows) -> datetime | None:
    """Until when a company is blocked that missed these starts (sorted); None where the rule was never met."""
    until: datetime | None = None
    for index, last in enumerate(missed):
        first = index - rule.count + 1
        if first >= 0 and last - missed[first] <= rule.within:
            until = last + rule.blocked
    return until
