"""Questions about a lab's calendars."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from app.labs.capacity import LabDay, LabShiftPattern
from app.labs.models import Resource

STANDING = (State.HELD, State.REQUESTED, State.CONFIRMED)


def patterns(lab_id: str) -> list[LabShiftPattern]:
    """The lab's patterns, those of the lab first, by first date."""
    query = select(LabShiftPattern).where(LabShiftPattern.lab_id == lab_id)
    rows = list(db.session.scalars(query))
    return sorted(rows, key=lambda row: (row.resource_id or "", str(row.valid_from or ""), row.id))


def days(lab_id: str) -> list[LabDay]:
    """The lab's own table of days, by date."""
    return list(db.session.scalars(select(LabDay).where(LabDay.lab_id == lab_id).order_by(LabDay.date, LabDay.id)))


def resources(lab_id: str) -> list[Resource]:
    """Live resources with their labs, units of a pool together."""
    query = select(Resource).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    ordered = query.options(joinedload(Resource.lab)).order_by(Resource.pool, Resource.unit, Resource.id)
    return list(db.session.scalars(ordered))


def standing(resource_ids: Sequence[str], now: datetime) -> list[Booking]:
    """Bookings on these benches that are not over, with bench and test, by start; lapsed holds left out."""
    query = (
        select(Booking)
        .where(
            Booking.resource_id.in_(resource_ids),
            Booking.state.in_(STANDING),
            Booking.ends_at > now,
            Booking.hold_expires_at.is_(None) | (Booking.hold_expires_at > now),
        )
        .options(joinedload(Booking.resource).joinedload(Resource.lab), joinedload(Booking.test))
        .order_by(Booking.starts_at, Booking.id)
    )
    return list(db.session.scalars(query))
