"""What closures close: places of a resource, and with the whole of it those of its parts."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.booking import rules
from app.booking.availability import PlaceOf
from app.booking.models import Booking, Closure, Occupancy
from app.booking.queries import InTheWay
from app.labs.locking import lock_resources
from app.labs.models import Lab, Resource
from app.labs.setup import LabSetup, Unit, setup_of
from app.worktime import Interval


class Closing(NamedTuple):
    """Places of a resource, empty for all, over a time: what a closure closes, or is to."""

    resource_id: str
    places: Collection[int]
    when: Interval


def places_of(session: Session, resource_id: str, places: Collection[int] = ()) -> list[PlaceOf]:
    """What closes with these places of a resource; none given: all of it, and all of its parts."""
    if places:
        return [(resource_id, place) for place in sorted(set(places))]
    resource = session.get_one(Resource, resource_id)
    units = (Unit(resource.id, resource.places), *_setup(session, resource).parts.get(resource_id, ()))
    return [(unit.resource_id, place) for unit in units for place in range(1, unit.places + 1)]


def _setup(session: Session, resource: Resource) -> LabSetup:
    return setup_of(session, session.get_one(Lab, resource.lab_id))


def _wholes_of(session: Session, resource: Resource) -> set[str]:
    parts = _setup(session, resource).parts
    return {whole for whole, units in parts.items() if any(unit.resource_id == resource.id for unit in units)}


def lock(session: Session, closings: Sequence[Closing]) -> None:
    """Until the commit nothing of this is booked, given back, or closed and opened by another closure.

    Bookings come before benches and benches before closures, as with all who give time back: none waits for another
    in a circle. Raises SlotTaken, raced, where somebody booked or the lab changed its parts meanwhile.
    """
    # One that gives its time back at this moment doesn't see a closure that is being made: it is waited for.
    held = _booked_inside(session, closings, locked=True)
    lock_benches(session, closings)
    if not _booked_inside(session, closings) <= held:
        raise rules.SlotTaken(raced=True)


def lock_benches(session: Session, closings: Sequence[Closing]) -> None:
    """Until the commit nobody begins or ends another closure of this, a whole's or a part's. Raises as `lock`."""
    ids = _benches(session, closings)
    lock_resources(session, ids)
    if _benches(session, closings) != ids:
        raise rules.SlotTaken(raced=True)


def _benches(session: Session, closings: Sequence[Closing]) -> set[str]:
    """Resources that close, and wholes that can't be had meanwhile."""
    ids = {resource_id for each in closings for resource_id, _ in places_of(session, each.resource_id, each.places)}
    resources = session.scalars(select(Resource).where(Resource.id.in_(ids)))
    return ids.union(*(_wholes_of(session, resource) for resource in resources))


def _booked_inside(session: Session, closings: Sequence[Closing], locked: bool = False) -> set[str]:
    """Ids of bookings that have something of this."""
    meeting = [
        and_(
            Occupancy.resource_id.in_({ident for ident, _ in places_of(session, each.resource_id, each.places)}),
            Occupancy.starts_at < each.when.end,
            Occupancy.ends_at > each.when.start,
        )
        for each in closings
    ]
    inside = select(Booking.id).where(Booking.id.in_(select(Occupancy.booking_id).where(or_(*meeting))))
    return set(session.scalars(inside.order_by(Booking.id).with_for_update(read=True) if locked else inside))


def closures_over(
    session: Session, resource_ids: Collection[str], when: Interval, locked: bool = False
) -> list[Closure]:
    """Closures in this time that close something of these resources, also with a whole of which they are parts.

    locked: as they are once nobody can end them before the commit.
    """
    closing = set(resource_ids)
    for resource in session.scalars(select(Resource).where(Resource.id.in_(resource_ids))):
        closing |= _wholes_of(session, resource)
    query = (
        select(Closure)
        .where(Closure.resource_id.in_(closing), Closure.starts_at < when.end, Closure.ends_at > when.start)
        .order_by(Closure.starts_at, Closure.id)
    )
    if locked:
        query = query.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    return list(session.scalars(query))


def closed_rows(session: Session, resource_ids: Collection[str], when: Interval) -> Iterable[InTheWay]:
    """Closed time as rows in the way, also where a booking still stands in it: what it leaves is not free for it."""
    for closure in closures_over(session, resource_ids, when):
        span = Interval(closure.starts_at, closure.ends_at)
        yield from (_row(place, span) for place in places_of(session, closure.resource_id, closure.places))


def _row(place: PlaceOf, span: Interval) -> InTheWay:
    return InTheWay(*place, None, False, None, span.start, span.end, None, None, False)
