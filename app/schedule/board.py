"""The schedule as one page shows it: benches by lab, and days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from app.accounts.policy import Action, Viewer, allowed
from app.booking.allowances import allowances
from app.booking.availability import Rows, Wish
from app.booking.rules import Limits, bookable_span
from app.booking.settings import limits, limits_of
from app.database import db
from app.labs.queries import Bench, CapableBench, capable_benches
from app.schedule import barred, queries
from app.schedule.catalogue import Catalogue, Listed
from app.schedule.forms import ALL_LABS, DAY, MONTH, QUARTER, TWO_WEEKS, Asked
from app.schedule.lanes import Seen, with_changeovers
from app.schedule.rows import Frame, Group, Occupied, Row, Shown, frame, frame_of_bench, row
from app.worktime import LONGEST_USE, Day, Interval, day, lay, local_date

# A page is read on the phone too: 60 benches over a week, 36 over a fortnight or 6 over a quarter stay under 100 KB.
ROWS = {TWO_WEEKS: 36, MONTH: 18, QUARTER: 6}
ROWS_OF_A_WEEK = 60


@dataclass(frozen=True, slots=True)
class Column:
    """A day in the head of the table."""

    date: date
    info: Day
    when: Interval


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the schedule. chosen: index of the day that a phone spells out; page of pages, from 1."""

    frame: Frame
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
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


def sheet(viewer: Viewer, asked: Asked, catalogue: Catalogue, now: datetime, limits: Limits) -> Sheet:
    """The benches that were asked for. One statement on taken time, whatever the number of bookings."""
    page_frame = frame_of(viewer, asked.first, asked.days, now, limits)
    able = queries.pools(asked.test) if asked.test else None
    found = catalogue.matching(labs_asked(viewer, asked), asked.kind, able, viewer.lab_ids)
    size = ROWS.get(asked.days, ROWS_OF_A_WEEK)
    nights = asked.days == DAY
    if asked.free_only:
        every = rows(viewer, found, asked.test, now, page_frame, nights)
        free = {each.shown.id: each for each in every if each.windows}
        pages = paged([bench for bench in found if bench.id in free], size)
        page = min(asked.page, len(pages))
        shown = [free[bench.id] for bench in pages[page - 1]]
    else:
        pages = paged(found, size)
        page = min(asked.page, len(pages))
        shown = rows(viewer, pages[page - 1], asked.test, now, page_frame, nights)
    by_lab = (tuple(of_lab) for _, of_lab in groupby(shown, key=lambda each: each.shown.lab_id))
    groups = tuple(Group(of_lab[0].shown, of_lab) for of_lab in by_lab)
    return Sheet(page_frame, columns_of(page_frame), groups, _chosen(asked, shown), page, len(pages))


@lru_cache(maxsize=64)
def columns_of(page: Frame) -> tuple[Column, ...]:
    """The days of a frame with what is known of them."""
    return tuple(Column(local_date(on.start), day(local_date(on.start)), on) for on in page.days)


def labs_asked(viewer: Viewer, asked: Asked) -> Iterable[str] | None:
    """Ids of the labs to show, None for all."""
    if asked.lab:
        return None if asked.lab == ALL_LABS else [asked.lab]
    return viewer.lab_ids if viewer.is_lab else None


def frame_of(viewer: Viewer, first: date, days: int, now: datetime, limits: Limits) -> Frame:
    """The frame of `days` local days from `first` for this viewer."""
    return frame(first, days, bookable_span(now, limits), now, bool(allowed(viewer, Action.BOOK)))


def paged(benches: Sequence[Listed], size: int) -> list[list[Listed]]:
    """The benches in pages of at most `size`, at least one page; a lab is divided only when it fills more than one.

    benches: those of a lab together.
    """
    pages: list[list[Listed]] = [[]]
    for _, group in groupby(benches, key=attrgetter("lab_id")):
        of_lab = list(group)
        if pages[-1] and len(pages[-1]) + len(of_lab) > size:
            pages.append([])
        pages[-1] += of_lab
        while len(pages[-1]) > size:
            pages.append(pages[-1][size:])
            del pages[-2][size:]
    return pages


def rows(
    viewer: Viewer, benches: Sequence[Listed], test_id: str, now: datetime, page: Frame, nights: bool = False
) -> list[Row]:
    """The rows of these benches, in this order; with a test only time in which it can start counts as free.

    nights: whether the hours between shifts are told too, not only whole closed days.
    """
    wish, defaults = Wish(viewer.company_id), limits()
    capable = (
        {c.bench.resource_id: c for c in capable_benches([test_id], company_id=wish.company_id)} if test_id else {}
    )
    shown = queries.shown(benches, wish.company_id)
    asked = [capable[each.id] for each in benches if each.id in capable]
    reads = {ident for each in shown for ident in each.reads} | {ident for c in asked for ident in c.reads}
    before = max((item.longest_changeover for item in asked), default=timedelta(0))
    left = allowances(
        db.session(), wish.company_id if page.book else None, [each.bench for each in shown], now, defaults
    )
    occupied = queries.occupied(viewer, reads, Interval(page.span.start - before, _reach(asked, page)), now)
    return [
        row(
            each,
            capable.get(each.id),
            _taken(capable.get(each.id, each), occupied.taken),
            wish,
            _known(each, occupied.seen.get(each.id, ()), page, each.lab_id in viewer.lab_ids),
            each.lab_id in viewer.lab_ids,
            nights,
            _frame_for(each.bench, page, defaults),
            # What the row shows of the rules and no more, so that what was worked out lasts as long as that.
            barred.weeks(left.of(each.bench), page.span),
            left.of(each.bench) if each.id in capable else None,
        )
        for each in shown
    ]


def _known(shown: Shown, seen: Iterable[Seen], page: Frame, own_lab: bool) -> tuple[Seen, ...]:
    """What the viewer may know of a bench on this page; its own lab also sees when it changes over."""
    here = tuple(item for item in seen if item.when.overlaps(page.span))
    return with_changeovers(here, shown.setup.changeovers) if own_lab else here


def _taken(thing: Shown | CapableBench, rows: Rows) -> Occupied:
    """The taken time that counts for it, as a value."""
    return tuple((ident, tuple(rows[ident])) for ident in thing.reads if ident in rows)


def _frame_for(bench: Bench, page: Frame, defaults: Limits) -> Frame:
    """The page's frame for the bench, with the notice and horizon of its lab."""
    own = bookable_span(page.now, limits_of(bench, defaults)) if bench.rules else page.bookable
    return frame_of_bench(bench, page, own)


def _reach(capable: Iterable[CapableBench], page: Frame) -> datetime:
    """End of the last use that could start on the page: taken time counts up to there."""
    ends = [page.span.end]
    for item in capable:
        start = item.bench.calendar.next_start(page.last_start, item.bench.grain)
        use = lay(start, item.need, item.bench.calendar) if start else None
        ends.append(use.ends_at if use else page.last_start + LONGEST_USE)
    return max(ends)


def _chosen(asked: Asked, shown: Iterable[Row]) -> int:
    """The day asked for, else the first on which something on the page is free."""
    if asked.day:
        return (asked.day - asked.first).days
    return min((each.windows[0].day for each in shown if each.windows), default=0)
