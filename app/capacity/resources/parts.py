"""Wholes and their parts, and all places of a resource: who has all of it also has what is added to it.

Whatever is changed here is changed for the bookings that stand, and for the times proposed to them, in the same
transaction; the guard of the table then keeps wholes and parts apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.booking import occupancy
from app.booking.availability import PlaceOf
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking, Closure, MoveProposal, Occupancy
from app.booking.queries import in_the_way
from app.booking.rules import OPEN
from app.capacity.resources.owned import open_codes
from app.capacity.resources.rules import PartTaken, PlacesBooked, check_no_cycle
from app.errors import N_, Invalid, NotFound
from app.labs.capacity import Companion, touch
from app.labs.models import Resource
from app.labs.queries import BEGINNING, END
from app.worktime import Interval


@dataclass(frozen=True, slots=True)
class Family:
    """All live resources of a lab, locked against bookers."""

    resources: dict[str, Resource]

    def above(self, ident: str | None) -> list[str]:
        """The resource and the wholes that it is a part of."""
        found: list[str] = []
        while ident in self.resources and ident not in found:
            found.append(ident)
            ident = self.resources[ident].whole_id
        return found

    def below(self, ident: str) -> list[str]:
        """The resource and its parts, at any depth."""
        children = sorted(each.id for each in self.resources.values() if each.whole_id == ident)
        return [ident, *(each for child in children for each in self.below(child))]


def family(session: Session, lab_id: str) -> Family:
    """A lab's resources, in the order in which bookers lock them."""
    query = select(Resource).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    ordered = query.order_by(Resource.pool, Resource.unit, Resource.id)
    locked = ordered.with_for_update(of=Resource, key_share=True).execution_options(populate_existing=True)
    return Family({row.id: row for row in session.scalars(locked)})


def join(session: Session, lab: Family, row: Resource, whole_id: str | None, now: datetime) -> None:
    """Make a resource a part of another one, or of none; bookings of the wholes above it take it along.

    Raises NotFound, PartsCycle, PartTaken, Invalid.
    """
    if row.whole_id == whole_id:
        return
    if whole_id is not None and whole_id not in lab.resources:
        raise NotFound()
    check_no_cycle(row.id, whole_id, {ident: each.whole_id for ident, each in lab.resources.items()})
    moved = lab.below(row.id)
    for thing in _having(session, lab.above(row.whole_id), now):
        _leave(session, thing, [place for place in occupancy.footprint_of(thing) if place[0] in moved])
    _open(session, moved)
    row.whole_id = whole_id
    session.flush()
    touch(session, row.lab_id)
    check_apart(session, row.lab_id, lab)
    places = [(ident, place) for ident in moved for place in range(1, lab.resources[ident].places + 1)]
    _take(session, _having(session, lab.above(whole_id), now), places, now)


def check_apart(session: Session, lab_id: str, lab: Family) -> None:
    """What one test needs together never holds the same twice: no whole with its own part. Raises Invalid."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in session.scalars(select(Companion).filter_by(lab_id=lab_id)):
        groups[row.pool, row.test_id].append(row.companion_pool)
    units: dict[str, list[str]] = defaultdict(list)
    for each in lab.resources.values():
        units[each.pool].append(each.id)
    for (pool, _test), pools in groups.items():
        for one, other in combinations([pool, *pools], 2):
            akin = {ident for unit in units[one] for ident in (*lab.above(unit), *lab.below(unit))}
            if akin & set(units[other]):
                raise Invalid(N_("同时占用的资源不能互为整体和部分。"), field="companions")


def set_places(session: Session, lab: Family, row: Resource, places: int, now: datetime) -> None:
    """Give a resource more or fewer places; who has all of it has all of them. Raises PlacesBooked, PartTaken."""
    before, having = row.places, _having_all(session, lab, row, now)
    row.places = places
    gone = [(row.id, place) for place in range(places + 1, before + 1)]
    for thing in having:
        _leave(session, thing, gone)
    session.execute(
        delete(Occupancy).where(
            Occupancy.resource_id == row.id, Occupancy.place > places, Occupancy.closure_id.is_not(None)
        )
    )
    clear_lapsed(session, in_the_way(session, [row.id], Interval(now, END)), now)
    still = select(Occupancy.booking_id).where(
        Occupancy.resource_id == row.id, Occupancy.place > places, Occupancy.ends_at > now
    )
    codes = open_codes(session, Booking.id.in_(still))
    if codes:
        raise PlacesBooked(codes=codes)
    if places > before:
        session.flush()
        touch(session, row.lab_id)
        _take(session, having, [(row.id, place) for place in range(before + 1, places + 1)], now)


def _open(session: Session, resource_ids: Sequence[str]) -> None:
    """What was closed with a whole is open without it."""
    elsewhere = select(Closure.id).where(Closure.resource_id.not_in(resource_ids))
    session.execute(
        delete(Occupancy).where(Occupancy.resource_id.in_(resource_ids), Occupancy.closure_id.in_(elsewhere))
    )


def _having(session: Session, resource_ids: Sequence[str], now: datetime) -> list[Booking | MoveProposal]:
    """Bookings of these resources that are not over, and times there that are proposed to bookings; all locked: one
    that ends at this moment takes nothing any more.
    """
    bookings = select(Booking).where(
        Booking.resource_id.in_(resource_ids),
        Booking.state.in_(OPEN),
        Booking.ends_at > now,
        Booking.hold_expires_at.is_(None) | (Booking.hold_expires_at > now),
    )
    there = MoveProposal.resource_id.in_(resource_ids), MoveProposal.expires_at > now
    asked = select(Booking).where(Booking.id.in_(select(MoveProposal.booking_id).where(*there)))
    for query in (bookings, asked):
        locked = query.order_by(Booking.id).with_for_update(of=Booking).execution_options(populate_existing=True)
        session.scalars(locked).all()
    booked = session.scalars(bookings.order_by(Booking.starts_at, Booking.id)).all()
    proposals = select(MoveProposal).where(*there).order_by(MoveProposal.starts_at, MoveProposal.id)
    return [*booked, *session.scalars(proposals)]


def _having_all(session: Session, lab: Family, row: Resource, now: datetime) -> list[Booking | MoveProposal]:
    """What takes all places of a resource: uses of a whole above it, of itself where it has parts or is had alone."""
    found = _having(session, lab.above(row.id)[1:], now)
    own = _having(session, [row.id], now)
    if len(lab.below(row.id)) > 1:
        return found + own
    return found + [thing for thing in own if _booking(thing).exclusive]


def _booking(thing: Booking | MoveProposal) -> Booking:
    return thing if isinstance(thing, Booking) else thing.booking


def _leave(session: Session, thing: Booking | MoveProposal, places: Iterable[PlaceOf]) -> None:
    gone = set(places)
    proposed = isinstance(thing, MoveProposal)
    for resource_id, place in gone:
        mine = (Occupancy.booking_id == _booking(thing).id, Occupancy.proposed == proposed)
        session.execute(delete(Occupancy).where(*mine, Occupancy.resource_id == resource_id, Occupancy.place == place))
    thing.footprint = occupancy.written(place for place in occupancy.footprint_of(thing) if place not in gone)


def _take(session: Session, things: Sequence[Booking | MoveProposal], places: Sequence[PlaceOf], now: datetime) -> None:
    """What is booked and proposed takes further places for its time; closures give way as they do to any booking."""
    ids = sorted({resource_id for resource_id, _ in places})
    for thing in things:
        when = Interval(thing.starts_at, thing.ends_at)
        rows = clear_lapsed(session, in_the_way(session, ids, when), now)
        mine = _booking(thing).id
        taken = {row.booking_id for row in rows if (row.resource_id, row.place) in places and row.booking_id != mine}
        codes = open_codes(session, Booking.id.in_(ident for ident in taken if ident))
        if codes:
            raise PartTaken(codes=codes, whole=_booking(thing).code)
        session.execute(
            delete(Occupancy).where(
                Occupancy.resource_id.in_(ids),
                Occupancy.closure_id.is_not(None),
                Occupancy.starts_at < when.end,
                Occupancy.ends_at > when.start,
            )
        )
        if isinstance(thing, Booking):
            occupancy.extend_footprint(session, thing, places)
        else:
            occupancy.extend_proposal(session, thing.booking, places)
    occupancy.close_again(session, ids, Interval(BEGINNING, END))
