"""Questions about the rules of a lab."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.models import Organisation
from app.booking.models import Booking, RuleWaiver
from app.capacity.house_rules.rules import Past
from app.database import db
from app.labs.capacity import LabRule
from app.labs.models import Capability, Resource, Test
from app.worktime import Interval, local_date


def rules_of(lab_id: str) -> list[LabRule]:
    """All rules, the lab's own first, then by pool and kind."""
    query = select(LabRule).where(LabRule.lab_id == lab_id).order_by(LabRule.pool, LabRule.kind)
    return list(db.session.scalars(query))


def rule(lab_id: str, pool: str, kind: str) -> LabRule | None:
    """The rule of this kind that the lab set for the pool ('': for all)."""
    return db.session.scalar(select(LabRule).filter_by(lab_id=lab_id, pool=pool, kind=kind))


def pools_of(lab_id: str) -> list[Resource]:
    """The first live unit of each pool, in order."""
    query = select(Resource).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    first: dict[str, Resource] = {}
    for resource in db.session.scalars(query.order_by(Resource.pool, Resource.unit, Resource.id)):
        first.setdefault(resource.pool, resource)
    return list(first.values())


def companies_of(lab_id: str) -> list[Organisation]:
    """Companies that have asked something of the lab, by name."""
    asked = select(Booking.company_id).where(Booking.lab_id == lab_id, Booking.requested_at.is_not(None))
    return list(
        db.session.scalars(select(Organisation).where(Organisation.id.in_(asked)).order_by(Organisation.name_zh))
    )


def tests_of(lab_id: str) -> list[Test]:
    """Tests that the lab's benches can run, by code of the method."""
    able = (
        select(Capability.test_id)
        .join(Resource, Resource.pool == Capability.pool)
        .where(Resource.lab_id == lab_id, Resource.retired_at.is_(None), Capability.retired_at.is_(None))
    )
    return list(db.session.scalars(select(Test).where(Test.id.in_(able), Test.retired_at.is_(None)).order_by(Test.id)))


def waivers(lab_id: str, now: datetime) -> list[tuple[RuleWaiver, Organisation]]:
    """Exceptions that hold, with their companies, the first to end first."""
    query = (
        select(RuleWaiver, Organisation)
        .join(Organisation, Organisation.id == RuleWaiver.company_id)
        .where(RuleWaiver.lab_id == lab_id, RuleWaiver.until >= local_date(now))
        .order_by(RuleWaiver.until, RuleWaiver.id)
    )
    return [(waiver, company) for waiver, company in db.session.execute(query)]


def past(lab_id: str, pool: str, now: datetime, back: timedelta) -> list[Past]:
    """What was asked of the lab, or of one of its pools, in the last while."""
    query = (
        select(
            Booking.id,
            Booking.company_id,
            Resource.pool,
            Booking.requested_at,
            Booking.starts_at,
            Booking.ends_at,
            Booking.state,
            Booking.changed_at,
        )
        .join(Resource, Resource.id == Booking.resource_id)
        .where(Booking.lab_id == lab_id, Booking.requested_at >= now - back, Booking.requested_at <= now)
    )
    if pool:
        query = query.where(Resource.pool == pool)
    return [
        Past(ident, company, of_pool, requested_at, Interval(start, end), state, changed_at)
        for ident, company, of_pool, requested_at, start, end, state, changed_at in db.session.execute(query)
        if requested_at is not None
    ]


def bookings(ids: Sequence[str]) -> dict[str, Booking]:
    """Bookings by id."""
    return {booking.id: booking for booking in db.session.scalars(select(Booking).where(Booking.id.in_(ids)))}


def names(ids: Iterable[str]) -> dict[str, Organisation]:
    """Organisations by id."""
    return {each.id: each for each in db.session.scalars(select(Organisation).where(Organisation.id.in_(set(ids))))}
