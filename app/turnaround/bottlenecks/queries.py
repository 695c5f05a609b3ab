"""Questions about benches: what they were booked, used and lost for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app.booking.models import Booking
from app.booking.occupancy import footprint_of
from app.booking.rules import Limits, State
from app.booking.settings import limits_of
from app.capacity.utilisation import queries as utilisation
from app.capacity.utilisation.queries import NO_SHOW
from app.capacity.utilisation.rules import Loss
from app.database import db
from app.labs.models import Lab, Resource
from app.labs.queries import Bench
from app.testing.models import RunPause
from app.turnaround.bottlenecks.spent import CLOSURE, PAUSE
from app.worktime import Interval

LATE = "late"


def labs(ids: Collection[str] | None) -> list[Lab]:
    """The live labs of these ids, or all; by Chinese name."""
    query = select(Lab).where(Lab.retired_at.is_(None)).order_by(Lab.name_zh, Lab.id)
    return list(db.session.scalars(query if ids is None else query.where(Lab.id.in_(ids))))


def resources(lab_ids: Collection[str]) -> list[Resource]:
    """The live resources of these labs with their kinds, units of a pool together."""
    query = select(Resource).where(Resource.lab_id.in_(lab_ids), Resource.retired_at.is_(None))
    query = query.options(joinedload(Resource.kind)).order_by(Resource.pool, Resource.unit, Resource.id)
    return list(db.session.scalars(query))


def pool_names(unit: Resource) -> tuple[str, str]:
    """What the pool of a unit is called, in Chinese and English."""
    suffix = f" {unit.unit}#" if unit.unit else ""
    return unit.name_zh.removesuffix(suffix), unit.name_en.removesuffix(suffix)


def losses(
    lab_ids: Collection[str], span: Interval, benches: Mapping[str, Bench], limits: Limits
) -> Mapping[str, list[Loss]]:
    """All time lost at these labs, by resource: closures, no-shows, cancelled too late, pauses. Four statements."""
    found: dict[str, list[Loss]] = defaultdict(list)
    for resource_id, each in utilisation.losses(lab_ids, span).items():
        for loss in each:
            cause = loss.cause if loss.cause == NO_SHOW else CLOSURE + loss.cause
            found[resource_id].append(Loss(loss.place, loss.when, cause, loss.by))
    for more in (_late(lab_ids, span, benches, limits), _pauses(lab_ids, span)):
        for resource_id, loss in more:
            found[resource_id].append(loss)
    return found


def _late(
    lab_ids: Collection[str], span: Interval, benches: Mapping[str, Bench], limits: Limits
) -> Iterator[tuple[str, Loss]]:
    """Confirmed bookings that were given back after the deadline of their bench, from then on."""
    query = select(
        Booking.resource_id,
        Booking.place,
        Booking.footprint,
        Booking.id,
        Booking.starts_at,
        Booking.ends_at,
        Booking.changed_at,
    ).where(
        Booking.lab_id.in_(lab_ids),
        Booking.state == State.CANCELLED,
        Booking.confirmed_at.is_not(None),
        Booking.changed_at < Booking.ends_at,
        Booking.starts_at < span.end,
        Booking.ends_at > span.start,
    )
    for row in db.session.execute(query):
        bench = benches.get(row.resource_id)
        if bench and row.changed_at > row.starts_at - limits_of(bench, limits).cancel_deadline:
            when = Interval(max(row.starts_at, row.changed_at), row.ends_at)
            yield from ((resource_id, Loss(place, when, LATE, row.id)) for resource_id, place in footprint_of(row))


def _pauses(lab_ids: Collection[str], span: Interval) -> Iterator[tuple[str, Loss]]:
    query = (
        select(
            Booking.resource_id,
            Booking.place,
            Booking.footprint,
            Booking.id,
            RunPause.cause,
            RunPause.started_at,
            RunPause.ended_at,
        )
        .join(Booking, Booking.id == RunPause.booking_id)
        .where(
            RunPause.lab_id.in_(lab_ids),
            RunPause.started_at < span.end,
            or_(RunPause.ended_at.is_(None), RunPause.ended_at > span.start),
        )
    )
    for row in db.session.execute(query):
        end = row.ended_at or span.end
        if end > max(row.started_at, span.start):
            when = Interval(row.started_at, end)
            for resource_id, place in footprint_of(row):
                yield resource_id, Loss(place, when, PAUSE + row.cause.value, row.id)
