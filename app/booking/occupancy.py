"""Taking and freeing time: every door (hold, request, move, proposal, early start, closure) goes through here."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.booking import rules
from app.booking.availability import Slot
from app.booking.models import OVERLAP, Booking, Closure, MoveProposal, Occupancy
from app.booking.queries import InTheWay
from app.database import Base, execute, new_id
from app.labs.queries import Bench
from app.worktime import Interval, Use, subtract

INSERT = insert(Base.metadata.tables[Occupancy.__tablename__])


def find_place(benches: Sequence[Bench], use: Use, in_the_way: Iterable[InTheWay], ignoring: str | None = None) -> Slot:
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
    when = Interval(booking.starts_at, booking.ends_at)
    row = {"expires_at": expires_at, "booking_id": booking.id}
    _insert(session, [_row(booking.resource_id, booking.place, when, **row)])


def take_proposed(session: Session, booking: Booking, proposal: MoveProposal) -> None:
    """Take the proposed slot beside the old one; where the two overlap on one place the old row holds it already."""
    wanted = [Interval(proposal.starts_at, proposal.ends_at)]
    if (proposal.resource_id, proposal.place) == (booking.resource_id, booking.place):
        wanted = subtract(wanted, [Interval(booking.starts_at, booking.ends_at)])
    row = {"expires_at": proposal.expires_at, "booking_id": booking.id, "proposed": True}
    _insert(session, [_row(proposal.resource_id, proposal.place, piece, **row) for piece in wanted])


def take_closure(session: Session, closure: Closure, places: int) -> None:
    """Close all places of a resource. Raises SlotTaken."""
    when = Interval(closure.starts_at, closure.ends_at)
    row = {"closure_id": closure.id}
    _insert(session, [_row(closure.resource_id, place, when, **row) for place in range(1, places + 1)])


def _row(resource_id: str, place: int, when: Interval, **owner: object) -> dict[str, object]:
    kept: dict[str, object] = {"expires_at": None, "proposed": False, "booking_id": None, "closure_id": None}
    kept |= {"state_id": None, "company_id": None, "shielded": False}
    slot = {"resource_id": resource_id, "place": place, "starts_at": when.start, "ends_at": when.end}
    return {"id": new_id(), **slot, **kept, **owner}


def _insert(session: Session, rows: list[dict[str, object]]) -> None:
    """Write now; an overlap that only the database saw becomes SlotTaken."""
    session.flush()
    if not rows:
        return
    try:
        execute(session, INSERT, rows)
    except IntegrityError as error:
        if OVERLAP in str(error.orig):
            raise rules.SlotTaken() from error
        raise


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
