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
    blocking = []
    for row in rows:
        if row.expires_at is None or row.expires_at > now:
            blocking.append(row)
            continue
        booking = session.get(Booking, row.booking_id)
        if booking is None:
            continue
        if row.proposed:
            if booking.proposal is not None:
                _withdraw(session, booking, now)
        elif booking.state is State.HELD:
            expire(session, booking, now)
    return blocking


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
            stale = session.scalars(select(MoveProposal).where(MoveProposal.expires_at <= now).limit(200)).all()
            for proposal in stale:
                _withdraw(session, proposal.booking, now)
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
