"""Questions about the catalogue that other capabilities ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session, joinedload

from app.database import db, execute
from app.labs import capacity  # noqa: F401 - replaced below
from app.labs.models import LOW_CONFIDENCE, Capability, Lab, Resource, Test, calendar_of, need_of
from app.worktime import Need, WorkingCalendar


@dataclass(frozen=True, slots=True)
class Bench:
    """A resource as availability sees it: when it works, in which grain, for how many at once."""

    resource_id: str
    pool: str
    lab_id: str
    places: int
    grain: timedelta
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True)
class CapableBench:
    """A bench with one test that it can run, and what the test takes there. report_days: working days."""

    bench: Bench
    test_id: str
    domain_id: str
    need: Need
    basis: str
    report_days: int
    low_confidence: bool


def bench_of(resource: Resource, lab: Lab) -> Bench:
    """The bench that a row of the catalogue describes."""
    return Bench(
        resource_id=resource.id,
        pool=resource.pool,
        lab_id=resource.lab_id,
        places=resource.places,
        grain=resource.grain,
        calendar=calendar_of(resource.shifts, lab.lat, lab.lon),
    )


# Plain columns, built once: these stand before every offer and every booking.
_CAPABLE = (
    select(
        Resource.id,
        Resource.pool,
        Resource.lab_id,
        Resource.places,
        Resource.grain_minutes,
        Resource.shifts,
        Resource.unattended,
        Lab.lat,
        Lab.lon,
        Lab.confidence,
        Test.id.label("test_id"),
        Test.domain_id,
        Test.setup_minutes,
        Test.run_minutes,
        Test.teardown_minutes,
        Test.run_splits,
        Test.one_window,
        Test.report_days,
        Capability.basis,
    )
    .join(Lab, Lab.id == Resource.lab_id)
    .join(Capability, Capability.pool == Resource.pool)
    .join(Test, Test.id == Capability.test_id)
    .where(
        Resource.retired_at.is_(None),
        Lab.retired_at.is_(None),
        Capability.retired_at.is_(None),
        Test.retired_at.is_(None),
    )
    .order_by(Resource.pool, Resource.unit, Resource.id)
)
_LOCKED = _CAPABLE.where(
    Test.id == bindparam("test"),
    (Resource.id == bindparam("resource")) | (Resource.pool == bindparam("resource")),
).with_for_update(of=Resource)


def _capable_bench(row: Row[*tuple[Any, ...]]) -> CapableBench:
    bench = Bench(
        resource_id=row.id,
        pool=row.pool,
        lab_id=row.lab_id,
        places=row.places,
        grain=timedelta(minutes=row.grain_minutes),
        calendar=calendar_of(row.shifts, row.lat, row.lon),
    )
    return CapableBench(
        bench=bench,
        test_id=row.test_id,
        domain_id=row.domain_id,
        need=need_of(row, row.unattended),
        basis=row.basis,
        report_days=row.report_days,
        low_confidence=row.confidence == LOW_CONFIDENCE,
    )


def capable_benches(test_ids: Sequence[str], lab_id: str | None = None) -> list[CapableBench]:
    """Every bench that can run one of the tests, units of a pool in order; one statement."""
    query = _CAPABLE.where(Test.id.in_(test_ids))
    if lab_id:
        query = query.where(Resource.lab_id == lab_id)
    return [_capable_bench(row) for row in db.session.execute(query)]


def lock_benches(session: Session, test_id: str, resource_or_pool: str) -> list[CapableBench]:
    """The units that were asked for and can run the test, locked against other bookers until the commit.

    A unit's id gives that unit, a pool's id every unit of it, in order. Empty: none is capable, or none is there.
    """
    rows = execute(session, _LOCKED, {"test": test_id, "resource": resource_or_pool})
    return [_capable_bench(row) for row in rows]


def resource_exists(resource_or_pool: str) -> bool:
    """Whether a live unit or pool has this id."""
    query = select(Resource.id).where(
        (Resource.id == resource_or_pool) | (Resource.pool == resource_or_pool), Resource.retired_at.is_(None)
    )
    return db.session.scalar(query.limit(1)) is not None


def benches(resource_ids: Sequence[str] | None = None, lab_id: str | None = None) -> list[Bench]:
    """Live resources by id or lab, as availability sees them."""
    query = select(Resource, Lab).join(Lab, Lab.id == Resource.lab_id).where(Resource.retired_at.is_(None))
    if resource_ids is not None:
        query = query.where(Resource.id.in_(resource_ids))
    if lab_id:
        query = query.where(Resource.lab_id == lab_id)
    return [bench_of(resource, lab) for resource, lab in db.session.execute(query.order_by(Resource.id))]


def test_exists(test_id: str) -> bool:
    """Whether a live test has this id."""
    return db.session.scalar(select(Test.id).where(Test.id == test_id, Test.retired_at.is_(None))) is not None


def test_of(test_id: str) -> Test | None:
    """A live test with its method."""
    query = select(Test).where(Test.id == test_id, Test.retired_at.is_(None)).options(joinedload(Test.method))
    return db.session.scalar(query)


def units_of(resource_or_pool: str) -> list[Resource]:
    """The live unit of this id, or all units of this pool, with their lab; in order, empty for an unknown id."""
    query = (
        select(Resource)
        .where(
            (Resource.id == resource_or_pool) | (Resource.pool == resource_or_pool),
            Resource.retired_at.is_(None),
        )
        .options(joinedload(Resource.lab))
        .order_by(Resource.pool, Resource.unit, Resource.id)
    )
    return list(db.session.scalars(query))


def tests_on(pool: str) -> list[Test]:
    """Live tests that a pool of resources can run, with their methods, as in the catalogue."""
    query = (
        select(Test)
        .join(Capability, Capability.test_id == Test.id)
        .where(Capability.pool == pool, Capability.retired_at.is_(None), Test.retired_at.is_(None))
        .options(joinedload(Test.method))
        .order_by(Test.method_id, Test.position)
    )
    return list(db.session.scalars(query))


def capability(pool: str, test_id: str) -> Capability | None:
    """What says that the pool can run the test; None when it no longer can."""
    found = db.session.get(Capability, (pool, test_id))
    return found if found and found.retired_at is None else None


def any_lab() -> bool:
    """Whether a catalogue has been loaded."""
    return db.session.scalar(select(Lab.id).limit(1)) is not None
