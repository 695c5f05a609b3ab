"""Reminders: what comes near or is late without anybody doing anything. Each is told once."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Membership, Organisation
from app.accounts.policy import Action
from app.booking.availability import Wish
from app.booking.desk_models import WaitlistEntry
from app.booking.models import Booking
from app.booking.offers import Question, offers
from app.booking.preview import expected_reports
from app.booking.rules import State
from app.booking.settings import limits
from app.database import db, transaction
from app.labs.models import Lab, Test
from app.notifications import queries
from app.notifications.groups import Side
from app.notifications.kinds import KINDS, Kind
from app.notifications.subjects import Subject, booking_subject, bookings_by_id, lab_names, test_names
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
# Of a wish for one bench so many free times at all benches are looked through.
LOOKED_AT = 30


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


def tell_waiting(now: datetime) -> int:
    """Tell those who wait of a time that is free, at most once a day for each wish; returns how many notices."""
    query = (
        select(WaitlistEntry, Test, Membership.user_id)
        .join(Test, Test.id == WaitlistEntry.test_id)
        .join(Membership, Membership.id == WaitlistEntry.membership_id)
        .where(WaitlistEntry.ended_at.is_(None), WaitlistEntry.latest > now)
        .options(joinedload(Test.method))
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
    )
    today = local_date(now).isoformat()
    wishes = {f"{Kind.TIME_FREE.value}:{row[0].id}:{today}": row for row in db.session.execute(query)}
    told = queries.known_sources(wishes.keys())
    found = [
        Told(Kind.TIME_FREE, Side.COMPANY, subject, source, now)
        for source, (entry, test, user_id) in wishes.items()
        if source not in told and (subject := _free_time(entry, test, user_id, now))
    ]
    if not found:
        return 0
    with transaction() as session:
        return tell(session, found, now)


def _free_time(entry: WaitlistEntry, test: Test, user_id: str, now: datetime) -> Subject | None:
    """The first free time that the wish allows."""
    question = Question(entry.test_id, entry.earliest, entry.latest, entry.lab_id, Wish(entry.company_id))
    for offer in offers(question, now, limits(), limit=LOOKED_AT if entry.resource else 1):
        bench = offer.slot.bench
        if entry.resource in (None, bench.resource_id, bench.pool):
            lab = db.session.get_one(Lab, bench.lab_id)
            facts = {"test": test_names(test), "lab": lab_names(lab), "start": offer.starts_at.isoformat()}
            return Subject("", entry.company_id, bench.lab_id, user_id, Action.SEE_BOOKING, facts)
    return None
