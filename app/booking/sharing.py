"""Pure rules of sharing a bench: how long, how often, how much of a week, and what not coming costs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.booking.rules import NoShows
from app.errors import N_, YujianError
from app.worktime import Interval, clip, local_date, midnight

WEEK = timedelta(days=7)


class Disallowed(YujianError):
    """A rule of the lab speaks against it; says which and what can be done."""

    code, status, field = "wrong_state", 409, None


class TooLong(Disallowed):
    message = N_("实验室规定一次占台最多 %(most)s，这次要 %(length)s。请拆成几次，或联系实验室。")


class TooManyOpen(Disallowed):
    message = N_(
        "实验室规定每家企业最多有 %(limit)d 个未完成的申请和预约，贵公司已有 %(count)d 个。请等一个完成或先取消一个。"
    )


class ShareUsed(Disallowed):
    message = N_("实验室规定每家企业每周最多占台 %(allowed)s，%(week)s 起的一周贵公司已约 %(used)s。请选别的周。")


class BlockedAfterNoShows(Disallowed):
    message = N_("贵公司多次预约未到场，按实验室的规定 %(until)s 前不能再约。请联系实验室。")


@dataclass(frozen=True, slots=True)
class Week:
    """How much of a pool a company has in a calendar week. monday: local date."""

    monday: date
    used: timedelta
    allowed: timedelta


def too_long(use: Interval, longest: timedelta) -> TooLong | None:
    """The refusal of a use that keeps the bench longer than the rule allows."""
    return TooLong(most=longest, length=use.duration) if use.duration > longest else None


def mondays(use: Interval) -> tuple[date, date]:
    """Mondays of the first and the last calendar week (Monday to Sunday, local) that the use touches."""
    first, last = local_date(use.start), local_date(use.end - timedelta.resolution)
    return first - timedelta(days=first.weekday()), last - timedelta(days=last.weekday())


def week_span(monday: date) -> Interval:
    """The calendar week from Monday 00:00 to the next, UTC."""
    return Interval(midnight(monday), midnight(monday + WEEK))


def weeks(use: Interval, taken: Iterable[Interval], allowed: timedelta) -> list[Week]:
    """What is taken already of each week that the use touches; taken spans may overlap and count once each."""
    spans = list(taken)
    monday, last = mondays(use)
    found: list[Week] = []
    while monday <= last:
        found.append(Week(monday, _inside(spans, week_span(monday)), allowed))
        monday += WEEK
    return found


def _inside(spans: Sequence[Interval], span: Interval) -> timedelta:
    return sum((piece.duration for each in spans for piece in clip([each], span)), timedelta(0))


def over_share(use: Interval, known: Iterable[Week]) -> ShareUsed | None:
    """The refusal for the first week of which the company would have more than its share with the use."""
    for week in known:
        more = _inside([use], week_span(week.monday))
        if week.used + more > week.allowed:
            return ShareUsed(allowed=week.allowed, used=week.used, week=week.monday)
    return None


def blocked_until(missed: Sequence[datetime], rule: NoShows) -> datetime | None:
    """Until when a company is blocked that missed these starts (sorted); None where the rule was never met."""
    until: datetime | None = None
    for index, last in enumerate(missed):
        first = index - rule.count + 1
        if first >= 0 and last - missed[first] <= rule.within:
            until = last + rule.blocked
    return until
