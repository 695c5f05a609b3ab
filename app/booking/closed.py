"""What closures close: places of a resource, and with the whole of it those of its parts."""

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.booking.availability import PlaceOf
from app.booking.models import Closure
from app.booking.queries import InTheWay
from app.labs.models import Lab, Resource
from app.labs.setup import LabSetup, Unit, setup_of
from app.worktime import Interval


def places_of(session: Session, resource_id: str, places: Collection[int] = ()) -> list[PlaceOf]:
    """What closes with these places of a resource; none given: all of it, and all of its parts."""
    if places:
        return [(resource_id, place) for place in sorted(set(places))]
    resource = session.get_one(Resource, resource_id)
    units = (Unit(resource.id, resource.places), *_setup(session, resource).parts.get(resource_id, ()))
    return [(unit.resource_id, place) for unit in units for place in range(1, unit.places + 1)]


def _setup(session: Session, resource: Resource) -> LabSetup:
    return setup_of(session, session.get_one(Lab, resource.lab_id))


def closures_over(session: Session, resource_ids: Collection[str], when: Interval) -> list[Closure]:
    """Closures in this time that close something of these resources, also with a whole of which they are parts."""
    closing = set(resource_ids)
    for resource in session.scalars(select(Resource).where(Resource.id.in_(resource_ids))):
        parts = _setup(session, resource).parts
        closing |= {whole for whole, units in parts.items() if any(unit.resource_id == resource.id for unit in units)}
    query = select(Closure).where(
        Closure.resource_id.in_(closing), Closure.starts_at < when.end, Closure.ends_at > when.start
    )
    return list(session.scalars(query.order_by(Closure.starts_at, Closure.id)))


def closed_rows(session: Session, resource_ids: Collection[str], when: Interval) -> Iterable[InTheWay]:
    """Closed time as rows in the way, also where a booking still stands in it: what it leaves is not free for it."""
    for closure in closures_over(session, resource_ids, when):
        span = Interval(closure.starts_at, closure.ends_at)
        yield from (_row(place, span) for place in places_of(session, closure.resource_id, closure.places))


def _row(place: PlaceOf, span: Interval) -> InTheWay:
    return InTheWay(*place, None, False, None, span.start, span.end, None, None, False)
