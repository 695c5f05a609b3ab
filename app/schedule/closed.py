"""Why a bench can't be had at an instant, and when that ends: one answer for each closed run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from app.booking.sharing import Disallowed
from app.worktime import ClosedReason, ClosedSpan, Interval, WorkingCalendar


class Reason(StrEnum):
    """Why nothing can be booked. The first six are those of the working calendar."""

    HOLIDAY = "holiday"
    EXCEPTION = "exception"
    WEEKEND = "weekend"
    NO_PATTERN = "no_pattern"
    DARK = "dark"
    OFF_SHIFT = "off_shift"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Answer:
    """Why, and from when on it can be had (for TOO_FAR: until when), UTC; None if not within 400 days.

    name_zh, name_en: the holiday or the laboratory's own reason, else None. refusal: for RULE, what a rule of the
    laboratory says to the company that looks.
    """

    reason: Reason
    at: datetime | None
    name_zh: str | None = None
    name_en: str | None = None
    refusal: Disallowed | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """An unbroken closed time and its one answer."""

    when: Interval
    answer: Answer


# The most telling reason of a run speaks for it: a holiday's eve after the shift is part of the holiday.
_RANK = {ClosedReason(reason): rank for rank, reason in enumerate(Reason) if reason in set(ClosedReason)}
_WHOLE_DAY = frozenset({ClosedReason.HOLIDAY, ClosedReason.EXCEPTION, ClosedReason.WEEKEND, ClosedReason.NO_PATTERN})


# Some 200 resources share a few dozen calendars, and everybody looks at the same fortnight.
@lru_cache(maxsize=1024)
def runs(calendar: WorkingCalendar, span: Interval) -> tuple[Run, ...]:
    """All closed time of `span`, a run from each closing to the next opening. Raises CalendarUnknown."""
    return _joined(calendar.closed_spans(span))


@lru_cache(maxsize=1024)
def whole_days(calendar: WorkingCalendar, span: Interval) -> tuple[Run, ...]:
    """Only the local days on which nothing is worked, joined up to the next opening. Raises CalendarUnknown."""
    return _joined([closed for closed in calendar.closed_spans(span) if closed.reason in _WHOLE_DAY])


def _joined(closed: list[ClosedSpan]) -> tuple[Run, ...]:
    found: list[list[ClosedSpan]] = []
    for span in closed:
        last = found[-1][-1] if found else None
        if last and last.interval.end == span.interval.start and last.opens_at == span.opens_at:
            found[-1].append(span)
        else:
            found.append([span])
    return tuple(_run(parts) for parts in found)


def _run(parts: list[ClosedSpan]) -> Run:
    why = min(parts, key=lambda part: _RANK[part.reason])
    return Run(
        Interval(parts[0].interval.start, parts[-1].interval.end),
        Answer(Reason(why.reason), why.opens_at, why.name_zh, why.name_en),
    )
