"""Bookings that a closure hits: the nearest other place for each, proposed to all companies at once.

Nothing moves before a company agrees. The proposals of one closure are laid one after another, so that no two of
them want the same place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select, tuple_
from sqlalchemy.orm import joinedload

from app.accounts.policy import Viewer
from app.booking import closed, moves, queries
from app.booking.availability import PlaceOf, Rows, Slot, Wish, slot_for, slots, use_at
from app.booking.models import Booking, Closure, ClosureHit, Occupancy
from app.booking.moves import Move
from app.booking.occupancy import footprint_of
from app.booking.queries import Taken
from app.booking.rules import State, bookable_span
from app.booking.settings import limits, limits_of
from app.database import db
from app.errors import YujianError
from app.labs.queries import END, CapableBench, capable_benches
from app.language import refusal
from app.worktime import Interval

HIT = (State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING)
LOOK_BACK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Hit:
    """A booking inside a closure. slot: the nearest other place, None where there is none or it runs already."""

    booking: Booking
    slot: Slot | None

    @property
    def same_time(self) -> bool:
        """Whether only the place changes."""
        return self.slot is not None and self.slot.use.starts_at == self.booking.starts_at


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place to propose to a booking, in the version that the administrator saw."""

    booking_id: str
    version: int
    resource_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a proposal: the booking, and the refusal where it could not be made."""

    booking_id: str
    refused: str = ""


def hits(lab_id: str, resource_id: str, places: Sequence[int], span: Interval, now: datetime) -> list[Hit]:
    """The bookings that a closure of these places (empty: all) hits, by start, each with the nearest other place."""
    closing = closed.places_of(db.session(), resource_id, places)
    found = _inside(closing, span, now)
    movable = [booking for booking in found if booking.state is not State.RUNNING]
    placed = _relocated(lab_id, movable, (closing, span), now)
    return [Hit(booking, placed.get(booking.id)) for booking in found]


def _inside(places: Sequence[PlaceOf], span: Interval, now: datetime) -> list[Booking]:
    inside = select(Occupancy.booking_id).where(
        tuple_(Occupancy.resource_id, Occupancy.place).in_(places),
        Occupancy.starts_at < span.end,
        Occupancy.ends_at > max(span.start, now),
        Occupancy.expires_at.is_(None) | (Occupancy.expires_at > now),
    )
    query = (
        select(Booking)
        .where(Booking.id.in_(inside), Booking.state.in_(HIT))
        .options(joinedload(Booking.resource), joinedload(Booking.test), joinedload(Booking.proposal))
        .order_by(Booking.starts_at, Booking.place, Booking.id)
    )
    return list(db.session.scalars(query))


Closing = tuple[Sequence[PlaceOf], Interval]


def _relocated(lab_id: str, bookings: Sequence[Booking], closing: Closing, now: datetime) -> dict[str, Slot]:
    found: dict[str, Slot] = {}
    by_company: dict[str, list[CapableBench]] = {}
    rows: dict[str, list[Taken]] = {}
    for booking in bookings:
        capable = by_company.setdefault(
            f"{booking.test_id} {booking.company_id}",
            capable_benches([booking.test_id], lab_id, booking.company_id, reserve=True),
        )
        missing = {ident for item in capable for ident in item.reads} - rows.keys()
        if missing:
            read = queries.taken(missing, Interval(now - timedelta(days=8), END), now)
            rows.update({ident: [*read.get(ident, []), *_closing(ident, closing)] for ident in missing})
        slot = nearest(booking, capable, without_own(booking, rows), now)
        if slot is not None:
            found[booking.id] = slot
            for ident, place in slot.footprint:
                rows.setdefault(ident, []).append(Taken(place, slot.use.interval, None, booking.company_id))
    return found


def without_own(booking: Booking, rows: Rows) -> Rows:
    """What others take: a booking may be put off by less than its length, into time that is its own."""
    when, places = Interval(booking.starts_at, booking.ends_at), set(footprint_of(booking))
    others = {
        ident: [taken for taken in rows.get(ident, ()) if (ident, taken.place) not in places or taken.when != when]
        for ident, _place in places
    }
    return {**rows, **others}


def _closing(resource_id: str, closing: Closing) -> Iterator[Taken]:
    """The closure's own time, also where bookings still stand in it."""
    places, span = closing
    yield from (Taken(place, span) for ident, place in places if ident == resource_id)


def nearest(booking: Booking, capable: Sequence[CapableBench], rows: Rows, now: datetime) -> Slot | None:
    """The place with the least change: the same start elsewhere, first in the same pool, else the start nearest to it.

    Not where the booking is now.
    """
    wish = Wish(booking.company_id, booking.exclusive, booking.shielded)
    own = footprint_of(booking)[0]
    near = sorted(capable, key=lambda item: item.bench.pool != booking.resource.pool)
    for item in near:
        slot = _at(item, booking.starts_at, rows, wish, now)
        if slot and (slot.bench.resource_id, slot.place) != own:
            return slot
    candidates = [slot for item in near for slot in _around(item, booking.starts_at, rows, wish, now)]
    return min(candidates, key=lambda slot: abs(slot.use.starts_at - booking.starts_at), default=None)


def _at(item: CapableBench, start: datetime, rows: Rows, wish: Wish, now: datetime) -> Slot | None:
    if start < now:
        return None
    try:
        return slot_for(item, use_at(item, start), rows, wish)
    except YujianError:
        return None


def _around(item: CapableBench, start: datetime, rows: Rows, wish: Wish, now: datetime) -> list[Slot]:
    """The first slot from a start on, and the last one of the fortnight before it."""
    end = bookable_span(now, limits_of(item.bench, limits())).end
    first = max(start, now)
    later = list(islice(slots(item, rows, first, end, wish), 1)) if first < end else []
    before = slots(item, rows, max(now, start - LOOK_BACK), first, wish)
    return [slot for slot in before if slot.use.starts_at < start][-1:] + later


def propose(
    viewer: Viewer, closure_id: str, proposals: Sequence[Proposal], reason: str, now: datetime
) -> list[Outcome]:
    """Propose all of them, each in its own transaction: what one refuses doesn't stop the others."""
    return [_propose(viewer, closure_id, proposal, reason, now) for proposal in proposals]


def _propose(viewer: Viewer, closure_id: str, proposal: Proposal, reason: str, now: datetime) -> Outcome:
    command = Move(
        proposal.booking_id,
        proposal.version,
        reason,
        starts_at=proposal.starts_at,
        resource=proposal.resource_id,
        closure_id=closure_id,
    )
    try:
        moves.move(viewer, command, now)
    except YujianError as error:
        return Outcome(proposal.booking_id, refusal(error))
    return Outcome(proposal.booking_id)


def asked(closure_id: str) -> list[tuple[ClosureHit, Booking]]:
    """Bookings to which another time was proposed because of a closure, as they are now, by start."""
    query = (
        select(ClosureHit, Booking)
        .join(Booking, Booking.id == ClosureHit.booking_id)
        .where(ClosureHit.closure_id == closure_id)
        .options(joinedload(Booking.resource), joinedload(Booking.test), joinedload(Booking.proposal))
        .order_by(Booking.starts_at, Booking.id)
    )
    return [(hit, booking) for hit, booking in db.session.execute(query)]


def closures_of(lab_id: str, since: datetime) -> list[Closure]:
    """Closures of a lab that end after an instant, by start."""
    query = select(Closure).where(Closure.lab_id == lab_id, Closure.ends_at > since)
    return list(db.session.scalars(query.order_by(Closure.starts_at, Closure.id)))
