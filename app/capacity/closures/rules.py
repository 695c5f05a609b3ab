"""Pure rules: when a recurring closure recurs, and which places were typed."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

from app.errors import N_
from app.worktime import Interval, local_date, midnight

WEEK = timedelta(days=7)


class Recurrence(StrEnum):
    """How often a closure comes again."""

    ONCE = "once"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    """On the same weekday of the month, as the first Monday."""

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Recurrence.ONCE: N_("一次"),
    Recurrence.WEEKLY: N_("每周"),
    Recurrence.FORTNIGHTLY: N_("每两周"),
    Recurrence.MONTHLY: N_("每月同一个星期几，例如第一个周一"),
}


def occurrences(first: Interval, recurrence: Recurrence, until: date | None) -> list[Interval]:
    """The spans of a recurring closure from the first to the local date `until` (None: the first alone).

    Each lasts as long as the first and begins at the same local time.
    """
    if recurrence is Recurrence.ONCE or until is None:
        return [first]
    offset = first.start - midnight(local_date(first.start))
    found: list[Interval] = []
    for on in _dates(local_date(first.start), recurrence):
        if on > until:
            break
        begin = midnight(on) + offset
        found.append(Interval(begin, begin + first.duration))
    return found


def _dates(first: date, recurrence: Recurrence) -> Iterator[date]:
    """Dates from the first on, without end."""
    if recurrence is Recurrence.MONTHLY:
        nth, month = (first.day - 1) // 7, first.replace(day=1)
        while True:
            on = month + timedelta(days=(first.weekday() - month.weekday()) % 7) + nth * WEEK
            if on.month == month.month:  # not every month has a fifth Monday
                yield on
            month = (month + timedelta(days=31)).replace(day=1)
    on, step = first, WEEK if recurrence is Recurrence.WEEKLY else 2 * WEEK
    while True:
        yield on
        on += step


def places_typed(text: str) -> tuple[int, ...]:
    """Places from `3, 5`; empty for all. Raises ValueError for anything else."""
    parts = text.replace("，", ",").replace("、", ",").replace("#", "").split(",")
    numbers = [part.strip() for part in parts if part.strip()]
    if any(not number.isascii() or not number.isdigit() or len(number) > 3 for number in numbers):
        raise ValueError(text)
    return tuple(sorted({int(number) for number in numbers}))
