"""The schedule as one page shows it: benches by lab, days, and what stands in each lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from app.accounts.policy import Action, Viewer, allowed
from app.booking.availability import availability, busy_places
from app.booking.queries import Taken, taken
from app.booking.rules import Limits, bookable_span
from app.labs.models import Lab, Resource
from app.labs.queries import Bench, CapableBench, bench_of, capable_benches
from app.schedule import closed, lanes, queries
from app.schedule.closed import Answer, Reason, Run
from app.schedule.forms import ALL_LABS, DAY, TWO_WEEKS, Asked
from app.schedule.lanes import Lane, Seen, Window
from app.timeline import Axis, Cells
from app.worktime import (
    LONGEST_USE,
    Day,
    Interval,
    WorkingCalendar,
    clip,
    day,
    feasible_windows,
    lay,
    local_date,
    local_day,
    merge,
    subtract,
)

# A page is read on the phone too: 60 benches over a week or 40 over a fortnight stay under 100 KB.
ROWS = {TWO_WEEKS: 40}
ROWS_OF_A_WEEK = 60
COLUMNS = 84
COLUMNS_OF_A_DAY = 96
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Column:
    """A day in the head of the table."""

    date: date
    info: Day
    when: Interval


@dataclass(frozen=True, slots=True)
class Ground:
    """Time that can't be booked, drawn under the marks, with its answer."""

    cells: Cells
    answer: Answer
    when: Interval


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rows of a page share. book: whether the viewer may book."""

    span: Interval
    axis: Axis
    days: tuple[Interval, ...]
    bookable: Interval
    now: datetime
    viewer: Viewer
    book: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One bench over the page's days. own_lab: seen by its own lab, place by place; open_time: worked and not taken."""

    resource: Resource
    own_lab: bool
    busy: list[Interval]
    open_time: list[Interval]
    windows: list[Window]
    seen: list[Seen]
    closed: tuple[Run, ...]

    def windows_on(self, day: int) -> list[Window]:
        """Free time of the day with this index."""
        return [window for window in self.windows if window.day == day]

    def answer_on(self, day: int, frame: Frame) -> Answer | None:
        """Why nothing is free on the day with this index, None when it is all taken."""
        on = frame.days[day]
        for run in self.closed:
            if run.when.start <= on.start and on.end <= run.when.end:
                return run.answer
        if frame.now < on.end <= frame.bookable.start:
            return Answer(Reason.TOO_SOON, frame.bookable.start)
        return Answer(Reason.TOO_FAR, frame.bookable.end) if on.start >= frame.bookable.end else None

    def lanes(self, axis: Axis, book: bool) -> list[Lane]:
        """Its lanes on an axis; free windows only for who may book."""
        windows = self.windows if book else []
        if self.own_lab and self.resource.places > 1:
            return lanes.places(axis, self.resource.places, self.seen)
        if self.resource.places > 1:
            return lanes.shared(axis, self.busy, self.seen, windows)
        return lanes.single(axis, self.busy, self.seen, windows)

    def ground(self, axis: Axis, frame: Frame) -> list[Ground]:
        """Closed runs and, for who may book, open time before the notice and all time behind the horizon."""
        bookable = frame.bookable
        shut = [(run.when, run.answer) for run in self.closed if not (frame.book and run.when.start >= bookable.end)]
        if frame.book and frame.now < bookable.start:
            soon = Answer(Reason.TOO_SOON, bookable.start)
            shut += [(piece, soon) for piece in clip(self.open_time, Interval(frame.now, bookable.start))]
        if frame.book and bookable.end < frame.span.end:
            far = Interval(max(bookable.end, frame.span.start), frame.span.end)
            shut.append((far, Answer(Reason.TOO_FAR, bookable.end)))
        return [Ground(cells, answer, when) for when, answer in shut if (cells := axis.span(when.start, when.end))]


@dataclass(frozen=True, slots=True)
class Group:
    """The benches of one lab."""

    lab: Lab
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the schedule. chosen: index of the day that a phone spells out; page of pages, from 1."""

    frame: Frame
    columns: list[Column]
    groups: list[Group]
    chosen: int
    page: int
    pages: int

    @property
    def ends(self) -> bool:
        """Whether all that follows lies behind the horizon."""
        return self.frame.span.end >= self.frame.bookable.end

    @property
    def own_lab(self) -> bool:
        """Whether the viewer's own lab is on the page."""
        return any(row.own_lab for group in self.groups for row in group.rows)

    @property
    def other_labs(self) -> bool:
        """Whether labs are on the page whose bookings the viewer must not know."""
        return any(not row.own_lab for group in self.groups for row in group.rows)

    @property
    def provisional(self) -> bool:
        """Whether the holidays of a day are not published yet."""
        return any(column.info.provisional for column in self.columns)


def sheet(viewer: Viewer, asked: Asked, now: datetime, limits: Limits) -> Sheet:
    """The benches that were asked for. Two statements on taken time, whatever the number of bookings."""
    frame = frame_of(viewer, asked.first, asked.days, now, limits)
    found = queries.matching(labs_asked(viewer, asked), asked.kind, asked.test)
    nights = asked.days == DAY
    size = ROWS.get(asked.days, ROWS_OF_A_WEEK)
    if asked.free_only:
        free = {
            row.resource.id: row
            for row in rows([ident for _, ident in found], asked.test, frame, nights)
            if row.windows
        }
        pages = paged([(lab_id, ident) for lab_id, ident in found if ident in free], size)
        page = min(asked.page, len(pages))
        shown = [free[ident] for ident in pages[page - 1]]
    else:
        pages = paged(found, size)
        page = min(asked.page, len(pages))
        shown = rows(pages[page - 1], asked.test, frame, nights)
    groups = [Group(lab, list(of_lab)) for lab, of_lab in groupby(shown, key=lambda row: row.resource.lab)]
    return Sheet(frame, columns_of(frame), groups, _chosen(asked, shown), page, len(pages))


def columns_of(frame: Frame) -> list[Column]:
    """The days of a frame with what is known of them."""
    return [Column(local_date(on.start), day(local_date(on.start)), on) for on in frame.days]


def labs_asked(viewer: Viewer, asked: Asked) -> Iterable[str] | None:
    """Ids of the labs to show, None for all."""
    if asked.lab:
        return None if asked.lab == ALL_LABS else [asked.lab]
    return viewer.lab_ids if viewer.is_lab else None


def frame_of(viewer: Viewer, first: date, days: int, now: datetime, limits: Limits) -> Frame:
    """The frame of `days` local days from `first`."""
    all_days = tuple(local_day(first + timedelta(days=n)) for n in range(days))
    span = Interval(all_days[0].start, all_days[-1].end)
    axis = Axis(span.start, span.end, COLUMNS_OF_A_DAY if days == DAY else COLUMNS)
    book = bool(allowed(viewer, Action.BOOK))
    return Frame(span, axis, all_days, bookable_span(now, limits), now, viewer, book)


def paged(benches: Sequence[tuple[str, str]], size: int) -> list[list[str]]:
    """Resource ids in pages of at most `size`, at least one page; a lab is divided only when it fills more than one.

    benches: (lab, resource), labs together.
    """
    pages: list[list[str]] = [[]]
    for _, of_lab in groupby(benches, key=lambda bench: bench[0]):
        ids = [resource_id for _, resource_id in of_lab]
        if pages[-1] and len(pages[-1]) + len(ids) > size:
            pages.append([])
        pages[-1] += ids
        while len(pages[-1]) > size:
            pages.append(pages[-1][size:])
            del pages[-2][size:]
    return pages


def rows(ids: Sequence[str], test_id: str, frame: Frame, nights: bool = False) -> list[Row]:
    """The rows of these benches, in this order; with a test only the time in which it can start counts as free.

    nights: whether hours between shifts count as closed runs too, not only whole days.
    """
    found = queries.resources(ids)
    capable = {item.bench.resource_id: item for item in capable_benches([test_id])} if test_id else {}
    shown = [capable[ident] for ident in ids if ident in capable]
    occupied = taken(ids, Interval(frame.span.start, _reach(shown, frame)), frame.now)
    known = queries.seen(frame.viewer, ids, frame.span, frame.now)
    return [
        _row(
            resource,
            capable.get(resource.id),
            occupied.get(resource.id, []),
            known.get(resource.id, []),
            frame,
            closed.runs if nights else closed.whole_days,
        )
        for resource in found
    ]


def _reach(shown: Iterable[CapableBench], frame: Frame) -> datetime:
    """End of the last use that could start on the page: taken time counts up to there."""
    last = _last_start(frame)
    ends = [frame.span.end]
    for item in shown:
        start = item.bench.calendar.next_start(last, item.bench.grain)
        use = lay(start, item.need, item.bench.calendar) if start else None
        ends.append(use.ends_at if use else last + LONGEST_USE)
    return max(ends)


def _last_start(frame: Frame) -> datetime:
    return min(frame.span.end - _MOMENT, frame.bookable.end)


def _row(
    resource: Resource,
    capable: CapableBench | None,
    occupied: list[Taken],
    known: list[Seen],
    frame: Frame,
    shut: Callable[[WorkingCalendar, Interval], tuple[Run, ...]],
) -> Row:
    bench = capable.bench if capable else bench_of(resource, resource.lab)
    found = availability(bench, frame.span, occupied, frame.bookable)
    return Row(
        resource=resource,
        own_lab=bench.lab_id in frame.viewer.lab_ids,
        busy=found.busy,
        open_time=subtract(found.working, found.busy),
        windows=list(_starts(capable, occupied, frame) if capable else _free(bench, found.free, frame)),
        seen=known,
        closed=shut(bench.calendar, frame.span),
    )


def _free(bench: Bench, free: Sequence[Interval], frame: Frame) -> Iterator[Window]:
    """Free time by day, where a use may start in it."""
    if not free:
        return
    track = bench.calendar.track(free[0].start, free[-1].end)
    for index, piece in lanes.by_day(free, frame.days):
        start = track.next_start(piece.start, bench.grain)
        if start is not None and start < piece.end:
            yield Window(index, piece, start)


def _starts(capable: CapableBench, occupied: Iterable[Taken], frame: Frame) -> Iterator[Window]:
    """Time by day in which a use of the test can start on some place."""
    not_before, not_after = max(frame.span.start, frame.bookable.start), _last_start(frame)
    if not_before > not_after:
        return
    bench, feasible = capable.bench, []
    for busy in busy_places(occupied, bench.places):
        feasible += feasible_windows(capable.need, bench.calendar, bench.grain, busy, not_before, not_after)
        if not busy:
            break  # an empty place can't be beaten
    for index, piece in lanes.by_day(merge(feasible), frame.days):
        steps = (piece.end - piece.start - _MOMENT) // bench.grain
        yield Window(index, piece, piece.start, piece.start + steps * bench.grain)


def _chosen(asked: Asked, shown: Iterable[Row]) -> int:
    """The day asked for, else the first on which something on the page is free."""
    if asked.day:
        return (asked.day - asked.first).days
    return min((row.windows[0].day for row in shown if row.windows), default=0)
