"""Pure rules: presets, and what a rule would have done to what was asked before."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.booking.rules import NoShows, Release, State, quarter_of, released_at
from app.booking.sharing import Longest, Share, blocked_until
from app.errors import N_
from app.labs import rules as kinds
from app.worktime import Interval, after_working_days, local_date

HOUR = timedelta(hours=1)

PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "open": (
        N_("开放共享：提前 2 个工作日，24 小时前可取消，爽约有后果"),
        {
            kinds.NOTICE: 2,
            kinds.CANCEL_DEADLINE: 24,
            kinds.OPEN_REQUESTS: 10,
            kinds.NO_SHOWS: {"count": 2, "days": 90, "blocked_days": 30},
        },
    ),
    "contested": (
        N_("紧张台架：每周份额，少量待做预约，按季度开放"),
        {
            kinds.WEEKLY_HOURS: 40,
            kinds.OPEN_REQUESTS: 3,
            kinds.CANCEL_DEADLINE: 72,
            kinds.RELEASE: {"days_before": 14, "minute": 540},
        },
    ),
    "track": (
        N_("场地道路：提前 3 个工作日，单次不超过 8 小时"),
        {kinds.NOTICE: 3, kinds.LONGEST: 8, kinds.CANCEL_DEADLINE: 48},
    ),
}
"""Beginnings to change as needed, in the manner of China's rules for sharing large instruments; texts are msgids."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was once asked of a lab: by whom, when, for which time on which pool, and what became of it."""

    booking_id: str
    company_id: str
    pool: str
    requested_at: datetime
    use: Interval
    state: State
    changed_at: datetime


def tried(kind: str, value: Any, past: Sequence[Past]) -> list[Past]:
    """Those requests that the rule would have refused (for `confirmed_at_once`: confirmed), oldest first.

    past: all requests of the time, also those before it that count for it. The rule is asked at the instant of each
    request with what was there then; what the refusals would have changed later is not followed up.
    """
    hits = _TRIALS[kind](value)
    by_company: dict[str, list[Past]] = defaultdict(list)
    for each in sorted(past, key=lambda each: each.requested_at):
        by_company[each.company_id].append(each)
    found = [one for mine in by_company.values() for index, one in enumerate(mine) if hits(one, mine[:index])]
    return sorted(found, key=lambda each: each.requested_at)


Hits = Callable[[Past, Sequence[Past]], bool]
"""Whether a rule stops a request, given what its company had asked of the lab before, in order."""


def _was_open(each: Past, at: datetime) -> bool:
    over = each.state in (State.CANCELLED, State.DECLINED, State.EXPIRED) and each.changed_at <= at
    return each.use.start > at and not over


def _open_requests(limit: int) -> Hits:
    return lambda one, before: sum(_was_open(p, one.requested_at) for p in before) >= limit


def _weekly(hours: float) -> Hits:
    def hits(one: Past, before: Sequence[Past]) -> bool:
        taken = [
            p.use
            for p in before
            if p.pool == one.pool and (_was_open(p, one.requested_at) or p.use.start <= one.requested_at)
            and p.state not in (State.CANCELLED, State.DECLINED, State.EXPIRED)
        ]  # fmt: skip
        return Share.of(hours * HOUR, taken).refusal(one.use) is not None

    return hits


def _no_shows(value: dict[str, int]) -> Hits:
    rule = NoShows(value["count"], timedelta(days=value["days"]), timedelta(days=value["blocked_days"]))

    def hits(one: Past, before: Sequence[Past]) -> bool:
        came_not = (p.use.start for p in before if p.state is State.NO_SHOW)
        missed = sorted(start for start in came_not if start < one.requested_at)
        until = blocked_until(missed, rule)
        return until is not None and until > one.requested_at

    return hits


def _release(value: dict[str, int]) -> Hits:
    release = Release(**value)
    return lambda one, _before: released_at(quarter_of(local_date(one.use.start)), release) > one.requested_at


def _at_once(value: Any) -> Hits:
    return lambda one, _before: value == kinds.ANY_COMPANY or one.company_id in value


def _cancel(hours: int) -> Hits:
    """Cancelled later than the rule would let a company do by itself."""

    def hits(one: Past, _before: Sequence[Past]) -> bool:
        return one.state is State.CANCELLED and one.changed_at > one.use.start - hours * HOUR

    return hits


_TRIALS: dict[str, Callable[[Any], Hits]] = {
    kinds.NOTICE: lambda days: lambda one, _: one.use.start < after_working_days(one.requested_at, days),
    kinds.HORIZON: lambda days: lambda one, _: one.use.start > one.requested_at + timedelta(days=days),
    kinds.LONGEST: lambda hours: lambda one, _: Longest(hours * HOUR).refusal(one.use) is not None,
    kinds.GRAIN: lambda minutes: lambda one, _: bool(one.use.start.timestamp() % (60 * minutes)),
    kinds.OPEN_REQUESTS: _open_requests,
    kinds.WEEKLY_HOURS: _weekly,
    kinds.AT_ONCE: _at_once,
    kinds.CANCEL_DEADLINE: _cancel,
    kinds.NO_SHOWS: _no_shows,
    kinds.RELEASE: _release,
}
