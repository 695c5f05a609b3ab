"""One bench over the days of a page: what is taken, closed and free of it, from values alone.

Everybody who is a stranger to a bench sees the same of it, so what was worked out once is kept: the same
values give the same row, and a row that was drawn is not drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from app.booking.availability import Rows, Wish, availability, choices, starts
from app.booking.queries import Taken
from app.booking.sharing import Allowance
from app.labs.queries import Bench, CapableBench
from app.labs.setup import NOTHING, LabSetup
from app.schedule import barred, closed, lanes
from app.schedule.closed import Answer, Reason, Run
from app.schedule.lanes import Lane, Seen, Window
from app.timeline import Axis, Cells
from app.worktime import (
    Interval,
    Limit,
    WorkingCalendar,
    clip,
    local_date,
    local_day,
    merge,
    subtract,
)

# Columns of a page of so many days; four hours each in a fortnight.
COLUMNS = {1: 96, 91: 91}
COLUMNS_OF_WEEKS = 84
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_QUARTER = timedelta(minutes=15)
_MOMENT = timedelta(seconds=1)
Occupied = tuple[tuple[str, tuple[Taken, ...]], ...]
"""Taken time by resource, as a value."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the schedule shows of a bench and its lab; bench: as availability sees it for this viewer. reads: ids of
    all resources whose taken time counts. setup: of a lab whose benches change over. Known by identity: the same
    facts give the same one again.
    """

    id: str
    pool: str
    lab_id: str
    name_zh: str
    name_en: str
    places: int
    shifts: str
    evidence: str
    lab_zh: str
    lab_en: str
    district_zh: str
    district_en: str
    bench: Bench
    reads: tuple[str, ...]
    setup: LabSetup = NOTHING


class Ground(NamedTuple):
    """Time that can't be booked, drawn under the marks, with its answer."""

    cells: Cells
    answer: Answer


@dataclass(frozen=True, eq=False)
class Frame:
    """What all rows of a page share. now: whole minutes; book: whether the viewer may book."""

    span: Interval
    axis: Axis
    days: tuple[Interval, ...]
    bookable: Interval
    now: datetime
    book: bool

    @property
    def last_start(self) -> datetime:
        """No use on the page starts later."""
        return min(self.span.end - _MOMENT, self.bookable.end)


@dataclass(frozen=True, eq=False)
class Row:
    """One bench over the page's days. own_lab: seen by its own lab, place by place; open_time: worked and not taken;
    barred: free, but for the lab's rules.
    """

    shown: Shown
    frame: Frame
    own_lab: bool
    busy: tuple[Interval, ...]
    open_time: tuple[Interval, ...]
    windows: tuple[Window, ...]
    seen: tuple[Seen, ...]
    closed: tuple[Run, ...]
    barred: tuple[Run, ...] = ()

    def windows_on(self, day: int) -> list[Window]:
        """Free time of the day with this index."""
        return [window for window in self.windows if window.day == day]

    def answer_on(self, day: int) -> Answer | None:
        """Why nothing is free on the day with this index, None when it is all taken."""
        on, bookable = self.frame.days[day], self.frame.bookable
        for run in self.closed:
            if run.when.start <= on.start and on.end <= run.when.end:
                return run.answer
        if self.frame.now < on.end <= bookable.start:
            return Answer(Reason.TOO_SOON, bookable.start)
        if on.start >= bookable.end:
            return Answer(Reason.TOO_FAR, bookable.end)
        return next((run.answer for run in self.barred if run.when.overlaps(on)), None)

    def lanes(self, axis: Axis, closes: bool = False) -> list[Lane]:
        """Its lanes on an axis; free windows only for who may book. closes: with idle time, which its lab can close."""
        idle = self._idle if closes else lambda _taken: ()
        if self.own_lab and self.shown.places > 1:
            return lanes.places(axis, self.shown.places, self.seen, idle)
        windows = self.windows if self.frame.book else idle([item.when for item in self.seen])
        if self.shown.places > 1:
            return lanes.shared(axis, self.busy, self.seen, windows)
        return lanes.single(axis, self.busy, self.seen, windows)

    def _idle(self, taken: Sequence[Interval]) -> Sequence[Window]:
        """Worked time from now on that is free, by day. taken: what the lab sees of the bench, or of one place."""
        span, now = self.frame.span, max(self.frame.now, self.frame.span.start)
        if now >= span.end:
            return ()
        left = clip(subtract(self.open_time, merge(taken)), Interval(now, span.end))
        return [Window(day, piece, piece.start) for day, piece in lanes.by_day(left, self.frame.days)]

    def ground(self, axis: Axis) -> list[Ground]:
        """Closed runs and, for who may book, open time before the notice or against a rule and all time behind the
        horizon.
        """
        span, bookable, book = self.frame.span, self.frame.bookable, self.frame.book
        shut = [(run.when, run.answer) for run in self.closed if not (book and run.when.start >= bookable.end)]
        shut += [(run.when, run.answer) for run in self.barred]
        if book and self.frame.now < bookable.start:
            soon = Answer(Reason.TOO_SOON, bookable.start)
            shut += [(piece, soon) for piece in clip(self.open_time, Interval(self.frame.now, bookable.start))]
        if book and bookable.end < span.end:
            far = Interval(max(bookable.end, span.start), span.end)
            shut.append((far, Answer(Reason.TOO_FAR, bookable.end)))
        return [Ground(cells, answer) for when, answer in shut if (cells := axis.span(when.start, when.end))]


class Group(NamedTuple):
    """The benches of one lab; the lab's facts are those of its first bench."""

    lab: Shown
    rows: tuple[Row, ...]


def frame(first: date, days: int, bookable: Interval, now: datetime, book: bool) -> Frame:
    """The frame of `days` local days from `first`. Starts lie on whole minutes, so seconds only hide that two
    looks at the same page are the same.
    """
    whole = Interval(_up_to(_MINUTE, bookable.start), _down_to(_MINUTE, bookable.end))
    return _frame(first, days, whole, _down_to(_MINUTE, now), book)


def frame_of_bench(bench: Bench, page: Frame, bookable: Interval) -> Frame:
    """The page's frame as the row of a bench needs it. bookable: when uses of this bench may start.

    What is not seen on the page is left out, and so is what only passes until the next instant at which a use can
    start or the next quarter of an hour: until then the row is the same, and need not be worked out again.
    """
    span, start, end = page.span, _first_start(bench.calendar, bench.grain, bookable), bookable.end
    if end >= span.end:
        start = max(start, span.start)
        end = max(span.end, start + _MOMENT)
    now = min(max(_down_to(_QUARTER, page.now), span.start - _MOMENT), span.end)
    return _frame(local_date(span.start), len(page.days), Interval(start, end), now, page.book)


@lru_cache(maxsize=256)
def _first_start(calendar: WorkingCalendar, grain: timedelta, bookable: Interval) -> datetime:
    start = calendar.next_start(bookable.start, grain)
    return start if start is not None and start < bookable.end else bookable.start


def _down_to(step: timedelta, instant: datetime) -> datetime:
    return (instant - _EPOCH) // step * step + _EPOCH


def _up_to(step: timedelta, instant: datetime) -> datetime:
    return -(-(instant - _EPOCH) // step) * step + _EPOCH


@lru_cache(maxsize=64)
def _frame(first: date, days: int, bookable: Interval, now: datetime, book: bool) -> Frame:
    all_days = tuple(local_day(first + timedelta(days=n)) for n in range(days))
    span = Interval(all_days[0].start, all_days[-1].end)
    axis = Axis(span.start, span.end, COLUMNS.get(days, COLUMNS_OF_WEEKS))
    return Frame(span, axis, all_days, bookable, now, book)


@lru_cache(maxsize=2048)
def row(
    shown: Shown,
    capable: CapableBench | None,
    occupied: Occupied,
    wish: Wish,
    known: tuple[Seen, ...],
    own_lab: bool,
    nights: bool,
    page: Frame,
    weeks: tuple[Run, ...] = (),
    allowance: Allowance | None = None,
) -> Row:
    """The row of a bench. capable: with the chosen test, then only time in which it can start is free; nights:
    whether the hours between shifts count as closed runs too, not only whole days. weeks: in which the lab's rules
    leave who looks nothing; allowance: with a test, all that they leave.
    """
    bench, rows = shown.bench, dict(occupied)
    found = availability(bench, page.span, rows, page.bookable, wish)
    shut = (closed.runs if nights else closed.whole_days)(bench.calendar, page.span)
    # Where hours are told each block has its text, which nothing must cover.
    beside = [*(run.when for run in shut), *(found.busy if nights else ())]
    kept, spent = list(barred.open_weeks(weeks, page.bookable, beside)), [run.when for run in weeks]
    if capable is None:
        free = _free(bench, subtract(found.free, spent), page)
    else:
        feasible = _feasible(capable, rows, wish, page)
        allowed = _feasible(capable, rows, wish, page, allowance) if allowance else feasible
        if allowance:
            kept += barred.starts(capable, subtract(feasible, [*allowed, *spent]), allowance)
        free = _starts(bench, allowed, page)
    return Row(
        shown=shown,
        frame=page,
        own_lab=own_lab,
        busy=tuple(found.busy),
        open_time=tuple(subtract(found.working, found.busy)),
        windows=tuple(free),
        seen=known,
        closed=shut,
        barred=tuple(kept),
    )


def _free(bench: Bench, free: Sequence[Interval], page: Frame) -> Iterator[Window]:
    """Free time by day, where a use may start in it."""
    if not free:
        return
    track = bench.calendar.track(free[0].start, free[-1].end)
    for index, piece in lanes.by_day(free, page.days):
        start = track.next_start(piece.start, bench.grain)
        if start is not None and start < piece.end:
            yield Window(index, piece, start)


def _feasible(capable: CapableBench, rows: Rows, wish: Wish, page: Frame, limit: Limit | None = None) -> list[Interval]:
    """Time in which a use of the test can start."""
    not_before = max(page.span.start, page.bookable.start)
    if not_before > page.last_start:
        return []
    return starts(capable, choices(capable, rows, wish), not_before, page.last_start, limit).windows()


def _starts(bench: Bench, feasible: Sequence[Interval], page: Frame) -> Iterator[Window]:
    """The same by day."""
    for index, piece in lanes.by_day(feasible, page.days):
        steps = (piece.end - piece.start - _MOMENT) // bench.grain
        yield Window(index, piece, piece.start, piece.start + steps * bench.grain)
