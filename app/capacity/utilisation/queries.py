"""Questions behind the utilisation page: what benches were open, booked, used and lost."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy import func, select

from app.booking.models import Booking, Closure, Occupancy
from app.booking.occupancy import footprint_of
from app.booking.rules import State
from app.capacity.utilisation.rules import Loss, Use
from app.database import db
from app.labs.models import Resource
from app.orders.models import OrderLine
from app.worktime import Interval

COUNTED = (State.REQUESTED, State.CONFIRMED, State.RUNNING, State.COMPLETED)
NO_SHOW = "no_show"


def uses(lab_ids: Collection[str], span: Interval, now: datetime) -> Mapping[str, list[Use]]:
    """Uses at these labs that meet the span, by resource; one statement. A running one is used up to now."""
    query = (
        select(
            Booking.resource_id,
            Booking.place,
            Booking.footprint,
            Booking.id,
            Booking.starts_at,
            Booking.ends_at,
            Booking.order_line_id,
            Booking.company_id,
            OrderLine.taken_at,
            OrderLine.ended_at,
        )
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .where(
            Booking.lab_id.in_(lab_ids),
            Booking.state.in_(COUNTED),
            Booking.starts_at < span.end,
            Booking.ends_at > span.start,
        )
    )
    found: dict[str, list[Use]] = defaultdict(list)
    for row in db.session.execute(query):
        booked, taken_at, end = Interval(row.starts_at, row.ends_at), row.taken_at, row.ended_at or now
        used = Interval(taken_at, end) if taken_at and taken_at < end else None
        for resource_id, place in footprint_of(row):
            found[resource_id].append(Use(place, booked, used, row.order_line_id, row.company_id, row.id))
    return found


def losses(lab_ids: Collection[str], span: Interval) -> Mapping[str, list[Loss]]:
    """Time lost to closures and to companies that did not come, by resource; two statements."""
    found: dict[str, list[Loss]] = defaultdict(list)
    closed = (
        select(Occupancy.resource_id, Occupancy.place, Occupancy.starts_at, Occupancy.ends_at, Closure.kind, Closure.id)
        .join(Closure, Closure.id == Occupancy.closure_id)
        .where(Closure.lab_id.in_(lab_ids), Occupancy.starts_at < span.end, Occupancy.ends_at > span.start)
    )
    for resource_id, place, start, end, kind, closure_id in db.session.execute(closed):
        found[resource_id].append(Loss(place, Interval(start, end), kind.value, closure_id))
    missed = select(Booking.resource_id, Booking.place, Booking.starts_at, Booking.ends_at, Booking.id).where(
        Booking.lab_id.in_(lab_ids),
        Booking.state == State.NO_SHOW,
        Booking.starts_at < span.end,
        Booking.ends_at > span.start,
    )
    for resource_id, place, start, end, booking_id in db.session.execute(missed):
        found[resource_id].append(Loss(place, Interval(start, end), NO_SHOW, booking_id))
    return found


def resources(lab_id: str) -> list[Resource]:
    """The live resources of a lab, units of a pool together."""
    query = select(Resource).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    return list(db.session.scalars(query.order_by(Resource.pool, Resource.unit, Resource.id)))


def waiting(lab_id: str, now: datetime) -> Iterator[Booking]:
    """Requests and confirmed bookings that are to come, the longest waiting first: who could start earlier."""
    query = (
        select(Booking)
        .where(
            Booking.lab_id == lab_id,
            Booking.state.in_((State.REQUESTED, State.CONFIRMED)),
            Booking.starts_at > now,
        )
        .order_by(func.coalesce(Booking.requested_at, Booking.created_at), Booking.id)
        .limit(200)
    )
    return iter(db.session.scalars(query))
