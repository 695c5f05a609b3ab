"""Taking and freeing time: every door (hold, request, move, proposal, early start, closure) goes through here."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.booking import rules
from app.booking.availability import Slot
from app.booking.models import OVERLAP, Booking, Closure, MoveProposal, Occupancy
from app.labs.queries import Bench
from app.worktime import Interval, Use, subtract


def find_place(
    benches: Sequence[Bench], use: Use, in_the_way: Iterable[Occupancy], ignoring: str | None = None
) -> Slot:
    """The first bench with a free place for the use, on its lowest free place. Raises SlotTaken.

    in_the_way: rows that meet the use. ignoring: id of a booking whose own time doesn't count (it moves).
    """
    taken = {(row.resource_id, row.place) for row in in_the_way if not ignoring or row.booking_id != ignoring}
    for bench in benches:
        place = next((n for n in range(1, bench.places + 1) if (bench.resource_id, n) not in taken), None)
        if place is not None:
            return Slot(bench, place, use)
    raise rules.SlotTaken()


def take(session: Session, booking: Booking, expires_at: datetime | None) -> None:
    """Take the booking's slot. Raises SlotTaken when the database's own guard refuses it."""
    session.add(
        Occupancy(
            resource_id=booking.resource_id,
            place=booking.place,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            expires_at=expires_at,
            booking=booking,
        )
    )
    flush(session)


def take_proposed(session: Session, booking: Booking, proposal: MoveProposal) -> None:
    """Take the proposed slot beside the old one; where the two overlap on one place the old row holds it already."""
    wanted = [Interval(proposal.starts_at, proposal.ends_at)]
    if (proposal.resource_id, proposal.place) == (booking.resource_id, booking.place):
        wanted = subtract(wanted, [Interval(booking.starts_at, booking.ends_at)])
    session.add_all(
        Occupancy(
            resource_id=proposal.resource_id,
            place=proposal.place,
            starts_at=piece.start,
            ends_at=piece.end,
            expires_at=proposal.expires_at,
            booking_id=booking.id,
            proposed=True,
        )
        for piece in wanted
    )
    flush(session)


def take_closure(session: Session, closure: Closure, places: int) -> None:
    """Close all places of a resource. Raises SlotTaken."""
    session.add_all(
        Occupancy(
            resource_id=closure.resource_id,
            place=place,
            starts_at=closure.starts_at,
            ends_at=closure.ends_at,
            closure_id=closure.id,
        )
        for place in range(1, places + 1)
    )
    flush(session)


def free(session: Session, booking: Booking) -> None:
    """Give back all time of the booking, proposed time too."""
    session.execute(delete(Occupancy).where(Occupancy.booking_id == booking.id))


def free_proposed(session: Session, booking: Booking) -> None:
    """Give back the proposed time only."""
    session.execute(delete(Occupancy).where(Occupancy.booking_id == booking.id, Occupancy.proposed))


def free_rest(session: Session, booking: Booking, ended_at: datetime) -> None:
    """Early end: what lies behind it is free for others."""
    for row in session.scalars(select(Occupancy).where(Occupancy.booking_id == booking.id)):
        if row.starts_at >= ended_at:
            session.delete(row)
        elif row.ends_at > ended_at:
            row.ends_at = ended_at


def flush(session: Session) -> None:
    """Write now; an overlap that only the database saw becomes SlotTaken."""
    try:
        session.flush()
    except IntegrityError as error:
        if OVERLAP in str(error.orig):
            raise rules.SlotTaken() from error
        raise
