"""Reminders: what comes near or is late without anybody doing anything. Each is told once."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from app.accounts.models import Organisation
from app.booking.models import Booking
from app.booking.preview import expected_reports
from app.booking.rules import State
from app.database import db, transaction
from app.notifications import queries
from app.notifications.kinds import KINDS, Kind
from app.notifications.subjects import booking_subject, bookings_by_id
from app.notifications.telling import Told, tell
from app.orders.models import Order, OrderLine
from app.orders.rules import sample_names
from app.samples.models import Sample
from app.samples.rules import DUE_DAYS
from app.worktime import local_date, midnight

HOLD_ENDS_IN = timedelta(minutes=30)
# Nobody's telephone rings at night for what is due tomorrow.
FROM_HOUR = timedelta(hours=8)
DAY = timedelta(days=1)
# A report that is months late needs no reminder any more.
OVERDUE_WITHIN = timedelta(days=120)


def remind(now: datetime) -> int:
    """Tell what is near or late now; returns how many notices were made."""
    found = [*_holds(now), *_overdue(now)]
    if now >= midnight(local_date(now)) + FROM_HOUR:
        found += [*_tomorrow(now), *_samples(now)]
    if not found:
        return 0
    with transaction() as session:
        return tell(session, found, now)


Rows = Sequence[tuple[Booking, Order, Organisation]]


def _bookings(*where: ColumnElement[bool]) -> Rows:
    """Bookings with all that a notice of them needs, by start."""
    ids = select(Booking.id).join(OrderLine, OrderLine.id == Booking.order_line_id).where(*where)
    return sorted(bookings_by_id(set(db.session.scalars(ids))).values(), key=lambda row: row[0].starts_at)


def _of_booking(
    kind: Kind, booking: Booking, company: Organisation, now: datetime, until: datetime, **more: str
) -> Iterator[Told]:
    """The reminder to all sides; told anew when the instant it is about has moved."""
    subject = booking_subject(booking, company, **more)
    for side in KINDS[kind].sentences:
        yield Told(kind, side, subject, _source(kind, booking, until), now)


def _source(kind: Kind, booking: Booking, until: datetime) -> str:
    return f"{kind.value}:{booking.id}:{until.isoformat()}"


def _holds(now: datetime) -> Iterator[Told]:
    soon = (Booking.hold_expires_at > now, Booking.hold_expires_at <= now + HOLD_ENDS_IN)
    for booking, _order, company in _bookings(Booking.state == State.HELD, *soon):
        ends = booking.hold_expires_at or now
        yield from _of_booking(Kind.HOLD_ENDING, booking, company, now, ends, by=ends.isoformat())


def _tomorrow(now: datetime) -> Iterator[Told]:
    first = midnight(local_date(now) + DAY)
    tomorrow = (Booking.starts_at >= first, Booking.starts_at < first + DAY)
    for booking, _order, company in _bookings(Booking.state == State.CONFIRMED, *tomorrow):
        yield from _of_booking(Kind.TEST_TOMORROW, booking, company, now, booking.starts_at)


def _samples(now: datetime) -> Iterator[Told]:
    """Samples that are not at the lab so many days before their test."""
    last = midnight(local_date(now) + DAY * (DUE_DAYS + 1))
    rows = _bookings(Booking.state == State.CONFIRMED, Booking.starts_at > now, Booking.starts_at < last)
    there = _in_house({order.id for _, order, _ in rows})
    for booking, order, company in rows:
        names = sample_names(booking.order_line.sample)
        if not names or not {(order.id, name) for name in names} <= there:
            yield from _of_booking(Kind.SAMPLE_DUE, booking, company, now, booking.starts_at)


def _in_house(order_ids: set[str]) -> set[tuple[str, str]]:
    """Samples that the lab has, by order and name."""
    query = select(Sample).where(Sample.order_id.in_(order_ids))
    return {(sample.order_id, sample.name) for sample in db.session.scalars(query) if sample.in_house}


def _overdue(now: datetime) -> Iterator[Told]:
    """Reports that are not there although their safe date has passed."""
    rows = _bookings(
        Booking.state == State.COMPLETED,
        OrderLine.issued_at.is_(None),
        OrderLine.ended_at < now,
        OrderLine.ended_at > now - OVERDUE_WITHIN,
    )
    told = queries.known_sources({_source(Kind.REPORT_OVERDUE, booking, _ended(booking)) for booking, _, _ in rows})
    rows = [row for row in rows if _source(Kind.REPORT_OVERDUE, row[0], _ended(row[0])) not in told]
    dates = expected_reports([booking for booking, _, _ in rows], now)
    for booking, _order, company in rows:
        safe_at = dates[booking.id].safe_at
        if safe_at < now:
            due = {"due": safe_at.isoformat()}
            yield from _of_booking(Kind.REPORT_OVERDUE, booking, company, now, _ended(booking), **due)


def _ended(booking: Booking) -> datetime:
    return booking.order_line.ended_at or booking.ends_at
