"""The nightly table of hours: cells of whole months, kept so that pages need not read every booking.

Each month is written in one transaction with its own instant, so that a job that is killed leaves months of different
age and never a wrong one. A lab that has other benches or calendars now, or in whose bookings and closures of these
months something happened since, is reckoned live until the next night; so is every month that is not kept.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.booking.models import Booking, Closure
from app.booking.settings import limits
from app.capacity.utilisation.rules import Hours
from app.database import Base, db, execute, transaction
from app.events.models import Event
from app.identifiers import new_id
from app.turnaround.asking import MONTHS
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.models import BenchCell, BenchMonth
from app.turnaround.bottlenecks.months import REACH, Cell, cells, finished
from app.turnaround.bottlenecks.spent import Spent
from app.turnaround.rules import Period, days_of_month
from app.turnaround.summary import SETTLED
from app.worktime import Interval

_INSERT = insert(Base.metadata.tables[BenchCell.__tablename__])
_MICROSECOND = timedelta(microseconds=1)
MOVED = "booking.moved"
Marks = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """Cells of a period. as_of: of the oldest month that was kept; None where all was reckoned live."""

    cells: Sequence[Cell]
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Touch:
    """Something happened to hours of a lab (None: of any) over a time (None: whenever)."""

    lab_id: str | None
    when: Interval | None

    def meets(self, span: Interval) -> bool:
        return self.when is None or self.when.overlaps(span)


def keep(now: datetime) -> int:
    """Make the months that are new or no longer agree, and note of the others that they do; how many were made."""
    as_of, seen, houses = now - SETTLED, _last_event(now - SETTLED), marks()
    known = {row.month: row for row in db.session.scalars(select(BenchMonth))}
    touches = _touches(min((row.seen for row in known.values()), default=seen))
    made = 0
    for month in finished(MONTHS[-1], as_of).months():
        span = days_of_month(month).span
        if month in known and not _others(known[month], houses) and not any(touch.meets(span) for touch in touches):
            _note(month, as_of, seen)
        else:
            made += _write(month, as_of, seen, houses)
    return made


def read(lab_ids: Collection[str], period: Period, now: datetime) -> Kept:
    """The cells of these labs in whole months, as if all were reckoned live.

    Five statements where everything is kept and agrees.
    """
    months = period.months()
    known = {row.month: row for row in db.session.scalars(select(BenchMonth).where(BenchMonth.month.in_(months)))}
    stale = _stale(known.values(), lab_ids, period)
    fresh = set(lab_ids) - stale
    found = _kept(known.keys(), fresh)
    for month in months:
        if month not in known:
            found += cells(lab_ids, days_of_month(month), now)
    for month in known if stale else ():
        found += cells(stale, days_of_month(month), now)
    return Kept(found, min((row.as_of for row in known.values()), default=None) if fresh else None)


def _stale(known: Collection[BenchMonth], lab_ids: Collection[str], period: Period) -> set[str]:
    """Labs that the table is no longer right for."""
    if not known:
        return set()
    houses = marks()
    stale = {lab_id for row in known for lab_id in _others(row, houses)}
    for touch in _touches(min(row.seen for row in known)):
        if touch.meets(period.span):
            stale |= {touch.lab_id} if touch.lab_id else set(lab_ids)
    return stale & set(lab_ids)


def _others(row: BenchMonth, houses: Marks) -> set[str]:
    """Labs that have other benches or calendars than the month was made with."""
    return {lab_id for lab_id in {*row.houses, *houses} if row.houses.get(lab_id) != houses.get(lab_id)}


def marks() -> dict[str, str]:
    """By lab, a mark of all that its hours depend on beside what happened."""
    default = limits().cancel_deadline
    labs = {lab.id: (lab.lat, lab.lon, lab.setup_version, default) for lab in queries.labs(None)}
    told: dict[str, list[Any]] = defaultdict(list)
    for unit in queries.resources(labs.keys()):
        told[unit.lab_id].append((unit.id, unit.pool, unit.kind_id, unit.places, unit.shifts))
    return {lab_id: sha256(repr((labs[lab_id], sorted(units))).encode()).hexdigest() for lab_id, units in told.items()}


def _last_event(before: datetime) -> int:
    """The last event that no transaction still at work comes before."""
    newest = select(Event.id).where(Event.at <= before).order_by(Event.id.desc()).limit(1)
    return db.session.scalar(newest) or 0


def _touches(since: int) -> list[Touch]:
    """What happened after this event to bookings and closures; two statements.

    Outer joins, so that no planner goes through all bookings instead of the last events.
    """
    happened = (
        select(Event.subject_type, Event.lab_id, Booking.lab_id, Booking.starts_at, Booking.ends_at)
        .add_columns(Closure.starts_at, Closure.ends_at)
        .outerjoin(Booking, Booking.id == Event.subject_id)
        .outerjoin(Closure, Closure.id == Event.subject_id)
        .where(Event.id > since, Event.subject_type.in_(("booking", "closure")))
        .distinct()
    )
    found = []
    for what, lab_id, booked_at, start, end, closed, reopened in db.session.execute(happened):
        if what == "closure":
            # One that is gone may have been at any time.
            found.append(Touch(lab_id, Interval(closed, reopened) if closed else None))
        elif booked_at:
            found.append(Touch(booked_at, Interval(start, end + REACH)))
    for data in db.session.scalars(select(Event.data).where(Event.id > since, Event.kind == MOVED)):
        # It may have been at another lab before.
        start = datetime.fromisoformat(data["from"])
        found.append(Touch(None, Interval(start, start + REACH)))
    return found


def _note(month: str, as_of: datetime, seen: int) -> None:
    """The month still agrees."""
    with transaction() as session:
        row = session.get(BenchMonth, month, with_for_update=True, populate_existing=True)
        if row is not None and row.seen < seen:
            row.as_of, row.seen = as_of, seen


def _write(month: str, as_of: datetime, seen: int, houses: Marks) -> bool:
    """One month in one transaction; False when another process was at it."""
    rows = [_row(cell) for cell in cells(houses.keys(), days_of_month(month), as_of)]
    try:
        with transaction() as session:
            row = session.get(BenchMonth, month, with_for_update=True, populate_existing=True)
            if row is None:
                row = BenchMonth(month=month)
                session.add(row)
            row.as_of, row.seen, row.houses = as_of, seen, dict(houses)
            session.flush()
            session.execute(delete(BenchCell).where(BenchCell.month == month))
            if rows:
                execute(session, _INSERT, rows)
    except IntegrityError:
        return False
    return True


def _row(cell: Cell) -> dict[str, Any]:
    spent, hours = cell.spent, cell.spent.hours
    lengths = (hours.open, hours.booked, hours.used, hours.lost, spent.running, spent.unused, spent.free)
    return {
        "id": new_id(),
        "month": cell.month,
        "lab_id": cell.lab_id,
        "pool": cell.pool,
        "kind_id": cell.kind_id,
        "hours": [length // _MICROSECOND for length in lengths],
        "lost": {cause: length // _MICROSECOND for cause, length in spent.lost.items()},
        "lines": dict(cell.lines),
    }


def _kept(months: Collection[str], lab_ids: Collection[str]) -> list[Cell]:
    columns = (BenchCell.month, BenchCell.lab_id, BenchCell.pool, BenchCell.kind_id)
    query = select(*columns, BenchCell.hours, BenchCell.lost, BenchCell.lines)
    query = query.where(BenchCell.month.in_(months), BenchCell.lab_id.in_(lab_ids))
    return [
        Cell(month, lab_id, pool, kind_id, _spent(hours, lost), lines)
        for month, lab_id, pool, kind_id, hours, lost, lines in db.session.execute(query)
    ]


def _spent(hours: Sequence[int], lost: Mapping[str, int]) -> Spent:
    opened, booked, used, by_itself, running, unused, free = (timedelta(microseconds=count) for count in hours)
    causes = {cause: timedelta(microseconds=count) for cause, count in lost.items()}
    return Spent(Hours(opened, booked, used, by_itself), running, unused, free, causes)
