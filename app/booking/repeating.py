"""A request that may come twice, by a nervous finger or a program that heard no answer: it is done once."""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.booking.models import Booking, IdempotencyKey
from app.booking.rules import IdempotencyMismatch


def fingerprint_of(*parts: object) -> str:
    """What tells one body from another."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def earlier(session: Session, viewer: Viewer, key: str | None, fingerprint: str) -> Booking | None:
    """The (first) booking that this request made before. Raises IdempotencyMismatch for a key of another body."""
    known = session.get(IdempotencyKey, (viewer.membership_id, key)) if key else None
    if known is None:
        return None
    if known.fingerprint != fingerprint:
        raise IdempotencyMismatch()
    return session.get(Booking, known.booking_id)


def remember(
    session: Session, viewer: Viewer, key: str | None, fingerprint: str, booking: Booking, now: datetime
) -> None:
    """The same request is answered by this booking from now on; one that comes at the same moment fails to store it."""
    if key:
        session.add(
            IdempotencyKey(
                membership_id=viewer.membership_id,
                key=key,
                fingerprint=fingerprint,
                booking_id=booking.id,
                created_at=now,
            )
        )
