"""What the frame and the home pages ask."""

from sqlalchemy import func, select

from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking
from app.booking.rules import State
from app.database import db


def requests_waiting(viewer: Viewer) -> int:
    """Requests that the viewer has to decide."""
    query = select(func.count()).where(
        visible(viewer, Action.DECIDE_BOOKING, Booking), Booking.state == State.REQUESTED
    )
    return db.session.scalar(query) or 0
