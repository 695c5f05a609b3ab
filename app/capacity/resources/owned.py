"""What an administrator acts on, seen to be his own lab's, and what still stands on it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.booking.models import Booking
from app.booking.rules import OPEN
from app.errors import NotFound
from app.labs.models import Lab, Resource


def open_codes(session: Session, *where: Any) -> str:
    """Codes of bookings that are not over, by start, as a refusal tells them."""
    found = session.scalars(select(Booking.code).where(Booking.state.in_(OPEN), *where).order_by(Booking.starts_at))
    return ", ".join(found)


def own_lab(session: Session, viewer: Viewer, lab_id: str) -> Lab:
    """Raises NotFound for a lab that is not the viewer's to set."""
    lab = session.get(Lab, lab_id)
    require_visible(viewer, Action.SET_CAPACITY, lab)
    assert lab is not None
    return lab


def own_resource(session: Session, viewer: Viewer, resource_id: str) -> Resource:
    """A live resource. Raises NotFound."""
    # PostgreSQL has no NUL in a text; nothing of that name can be there.
    row = None if "\0" in resource_id else session.get(Resource, resource_id)
    require_visible(viewer, Action.SET_CAPACITY, row)
    assert row is not None
    if row.retired_at:
        raise NotFound()
    return row


def own_pool(session: Session, viewer: Viewer, lab_id: str, pool: str) -> list[Resource]:
    own_lab(session, viewer, lab_id)
    query = select(Resource).where(Resource.pool == pool, Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    units = list(session.scalars(query.order_by(Resource.unit, Resource.id)))
    if not units:
        raise NotFound()
    return units
