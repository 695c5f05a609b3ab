"""What time itself does: holds and proposals lapse, requests whose start passes expire.

Reads ignore lapsed rows anyway; a write clears away those in its way, the job the rest.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.booking import occupancy, queries
from app.booking.models import Booking, MoveProposal
from app.booking.queries import InTheWay
from app.booking.rules import State
from app.database import transaction
from app.events import log
from app.events.log import System
from app.orders import service as orders


def clear_lapsed(session: Session, rows: Iterable[InTheWay], now: datetime) -> list[InTheWay]:
    """Expire what has lapsed among the rows, in this transaction; returns the rows that still block."""
    blocking: list[InTheWay] = []
    cleared: dict[str, bool] = {}
    for row in rows:
        ident = row.booking_id
        if ident is None or row.expires_at is None or row.expires_at > now:
            blocking.append(row)
            continue
        if ident not in cleared:
            cleared[ident] = _clear(session, ident, now)
        if not cleared[ident]:
            blocking.append(row)
    return blocking


def _clear(session: Session, booking_id: str, now: datetime) -> bool:
    """Let lapse what has lapsed of a booking; whether that was anything.

    It is looked at once more when it is ours: who asked for it, or agreed, at the last moment was quicker.
    """
    session.flush()
    booking = session.get_one(Booking, booking_id, with_for_update={"of": Booking}, populate_existing=True)
    if booking.state is State.HELD and booking.hold_expires_at is not None and booking.hold_expires_at <= now:
        expire(session, booking, now)
        return True
    if booking.proposal is not None and booking.proposal.expires_at <= now:
        _withdraw(session, booking, now)
        return True
    return False


def expire(session: Session, booking: Booking, now: datetime) -> None:
    """A hold past its end or a request whose start passed: its time is free, its order closed."""
    was = booking.state
    booking.move_to(State.EXPIRED, now)
    booking.proposal = None
    occupancy.free(session, booking)
    orders.close(session, booking.order_line, System(), rejected=False, now=now)
    log.record(session, "booking.expired", booking, by=System(), at=now, was=was.value)


def lapse_all(now: datetime) -> int:
    """Expire everything that has lapsed, in short transactions; returns how many. The job calls it each minute."""
    count = 0
    while True:
        with transaction() as session:
            bookings = queries.lapsed(session, now)
            for booking in bookings:
                expire(session, booking, now)
            old = select(MoveProposal.booking_id).where(MoveProposal.expires_at <= now)
            stale = session.scalars(old.order_by(MoveProposal.booking_id).limit(200)).all()
            for booking_id in stale:
                _clear(session, booking_id, now)
        if not bookings and not stale:
            return count
        count += len(bookings) + len(stale)


def _withdraw(session: Session, booking: Booking, now: datetime) -> None:
    """Nobody answered the lab's proposal: the old slot stays."""
    occupancy.free_proposed(session, booking)
    booking.proposal = None
    booking.touch(now)
    session.flush()
    log.record(session, "booking.move_lapsed", booking, by=System(), at=now)
