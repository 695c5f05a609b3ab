"""Long and recurring work: the same test every week, every n-th working day, or back to back for some weeks.

Occurrences are bookings like others, one order line each, and are changed one by one or from one of them on.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require
from app.booking import queries, repeating, rules, service
from app.booking.allowances import left_to
from app.booking.availability import Rows, Slot, Wish, earliest_slot, slot_for, use_at
from app.booking.models import Booking
from app.booking.rules import OPEN, State, check_start
from app.booking.service import Book
from app.booking.settings import limits_of
from app.booking.sharing import Allowance
from app.booking.steps import Change
from app.database import db, transaction
from app.errors import N_, Invalid, NotFound, YujianError
from app.identifiers import new_id
from app.labs.queries import END, CapableBench, capable_benches
from app.worktime import SHANGHAI, Interval, add_working_days, local_date

MOST = 60
WEEK = timedelta(days=7)


class Rhythm(StrEnum):
    """When the next occurrence is."""

    WEEKLY = "weekly"
    WORKING_DAYS = "working_days"
    BACK_TO_BACK = "back_to_back"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Rhythm.WEEKLY: N_("每周同一天"),
    Rhythm.WORKING_DAYS: N_("每隔几个工作日"),
    Rhythm.BACK_TO_BACK: N_("连续占用几周"),
}


class OnConflict(StrEnum):
    """What becomes of an occurrence whose time can't be had."""

    SKIP = "skip"
    MOVE = "move"
    REFUSE = "refuse"

    @property
    def label(self) -> str:
        return CONFLICT_LABELS[self]


CONFLICT_LABELS = {
    OnConflict.SKIP: N_("跳过这一次"),
    OnConflict.MOVE: N_("改到之后最近的空档"),
    OnConflict.REFUSE: N_("有一次不行就都不约"),
}


class SeriesRefused(YujianError):
    """facts: how many occurrences can't be had."""

    code, status = "slot_taken", 409
    message = N_("%(count)d 次约不上，都没有预约。请改成跳过或改期。")


@dataclass(frozen=True, slots=True)
class BookSeries:
    """starts_at: of the first, aware. every: weeks or working days between two. times: occurrences, or weeks back to
    back.
    """

    test_id: str
    resource: str
    starts_at: datetime
    rhythm: Rhythm
    every: int
    times: int
    on_conflict: OnConflict
    sample: str = ""
    note: str = ""
    idempotency_key: str | None = None

    @property
    def fingerprint(self) -> str:
        return repeating.fingerprint_of(*astuple(replace(self, idempotency_key=None)))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One planned use. slot: what it takes, None where it can't be had; moved: not at the time that was planned."""

    planned: datetime
    slot: Slot | None
    reason: YujianError | None = None

    @property
    def moved(self) -> bool:
        return self.slot is not None and self.slot.use.starts_at != self.planned


def check(command: BookSeries) -> None:
    """Raises Invalid."""
    if not 1 <= command.times <= MOST or not 1 <= command.every <= MOST:
        raise Invalid(N_("请填 %(least)d 到 %(most)d 的整数。"), field="times", least=1, most=MOST)


def preview(viewer: Viewer, command: BookSeries, now: datetime) -> list[Occurrence]:
    """What would be booked, occurrence by occurrence. Nothing is stored. Raises NotFound, Invalid."""
    check(command)
    capable = [
        item
        for item in capable_benches([command.test_id], company_id=viewer.company_id)
        if command.resource in (item.bench.resource_id, item.bench.pool)
    ]
    if not capable:
        raise NotFound()
    item = capable[0]
    wish = Wish(viewer.company_id)
    rows = {ident: list(taken) for ident, taken in queries.taken(item.reads, Interval(now, END), now).items()}
    left = left_to(wish, [item], now)
    found: list[Occurrence] = []
    for planned in _planned(command, item):
        occurrence = _occurrence(item, planned, rows, wish, left.of(item.bench), command, now)
        found.append(occurrence)
        if occurrence.slot:
            left = left.with_use(item.bench, occurrence.slot.use.interval)
            for ident, place in occurrence.slot.footprint:
                taken = queries.Taken(place, occurrence.slot.use.interval, item.state_id, viewer.company_id)
                rows.setdefault(ident, []).append(taken)
    return found


def _planned(command: BookSeries, item: CapableBench) -> Iterator[datetime]:
    """Starts as the rhythm has them, whatever is booked or closed."""
    first = command.starts_at
    if command.rhythm is Rhythm.BACK_TO_BACK:
        end, at, count = first + command.times * WEEK, first, 0
        while at is not None and at < end and count < MOST:
            yield at
            count += 1
            use = use_at(item, at)
            following = item.bench.calendar.next_start(use.ends_at, item.bench.grain)
            if following is None:
                return
            at = following
        return
    clock = first.astimezone(SHANGHAI).timetz()
    for number in range(command.times):
        if command.rhythm is Rhythm.WEEKLY:
            yield first + number * command.every * WEEK
        else:
            on = add_working_days(local_date(first), number * command.every)
            yield datetime.combine(on, clock)


def _occurrence(
    item: CapableBench,
    planned: datetime,
    rows: Rows,
    wish: Wish,
    allowance: Allowance | None,
    command: BookSeries,
    now: datetime,
) -> Occurrence:
    limit = limits_of(item.bench)
    slot: Slot | None = None
    reason: YujianError | None = None
    try:
        check_start(planned, now, limit)
        slot = slot_for(item, use_at(item, planned), rows, wish)
    except YujianError as error:
        reason = error
    if slot is None and reason is None:
        reason = rules.SlotTaken()
    if slot and allowance and (reason := allowance.refusal(slot.use.interval)):
        slot = None
    if slot is None and command.on_conflict is OnConflict.MOVE:
        last = min(planned + WEEK, rules.bookable_span(now, limit).end)
        begin = max(planned, rules.bookable_span(now, limit).start)
        slot = earliest_slot(item, rows, begin, last, wish, allowance) if begin < last else None
    return Occurrence(planned, slot, reason)


def book(viewer: Viewer, command: BookSeries, now: datetime) -> list[Booking]:
    """Request every occurrence that can be had, all in one transaction: those that are booked share a series.

    Raises Forbidden, NotFound, Invalid, SeriesRefused, and what a single booking raises; then nothing is stored.
    """
    require(viewer, Action.BOOK)
    try:
        return _repeated(viewer, command) or _book(viewer, command, now)
    except (YujianError, IntegrityError):
        # A form that is sent twice at once stands in its own way: what it has booked answers both.
        booked = _repeated(viewer, command)
        if not booked:
            raise
        return booked


def _repeated(viewer: Viewer, command: BookSeries) -> list[Booking]:
    """What the same request has booked before."""
    first = repeating.earlier(db.session(), viewer, command.idempotency_key, command.fingerprint)
    query = select(Booking).where(Booking.series_id == (first.series_id if first else ""))
    return list(db.session.scalars(query.order_by(Booking.starts_at)))


def _book(viewer: Viewer, command: BookSeries, now: datetime) -> list[Booking]:
    planned = preview(viewer, command, now)
    missing = [each for each in planned if each.slot is None]
    if missing and (command.on_conflict is OnConflict.REFUSE or len(missing) == len(planned)):
        raise SeriesRefused(count=len(missing))
    series_id = new_id()
    with transaction() as session:
        made = [_place(session, viewer, command, each.slot, series_id, now) for each in planned if each.slot]
        repeating.remember(session, viewer, command.idempotency_key, command.fingerprint, made[0], now)
        return made


def _place(session: Session, viewer: Viewer, command: BookSeries, slot: Slot, series_id: str, now: datetime) -> Booking:
    one = Book(
        test_id=command.test_id,
        resource=slot.bench.resource_id,
        starts_at=slot.use.starts_at,
        state=State.REQUESTED,
        sample=command.sample,
        note=command.note,
    )
    booking = service.place(session, viewer, one, now)
    booking.series_id = series_id
    session.flush()
    return booking


def following(viewer: Viewer, booking: Booking) -> list[Booking]:
    """The open bookings of a series from this one on that the viewer may see, by start."""
    if not booking.series_id:
        return []
    query = select(Booking).where(
        Booking.series_id == booking.series_id,
        Booking.company_id == booking.company_id,
        Booking.starts_at >= booking.starts_at,
        Booking.state.in_(OPEN),
    )
    visible = [each.id for each in db.session.scalars(query.order_by(Booking.starts_at))]
    return [queries.visible_booking(viewer, ident) for ident in visible]


def cancel_from(viewer: Viewer, change: Change, now: datetime) -> list[Booking]:
    """Cancel a booking and all that follow it in its series, all or none. Raises what `service.cancel` raises."""
    with transaction() as session:
        first = session.get(Booking, change.booking_id)
        if first is None:
            raise NotFound()
        rows = following(viewer, first)
        if not rows:
            return [service.cancel(viewer, change, now)]
        done = [service.cancel(viewer, change, now)]
        for row in rows:
            if row.id != first.id:
                done.append(service.cancel(viewer, Change(row.id, row.version, change.reason), now))
        return done
