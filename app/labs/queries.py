"""Questions about the catalogue that other capabilities ask."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.database import db
from app.labs.capacity import LabRule
from app.labs.models import LOW_CONFIDENCE, Capability, Lab, Method, Resource, Test, need_of
from app.labs.rules import GRAIN
from app.labs.setup import NOTHING, Against, LabSetup, Limited, Rules, Unit, setup_of, setups
from app.worktime import Interval, Need, WorkingCalendar, add_working_days, midnight

# Before and after everything that is ever booked.
BEGINNING, END = datetime(2001, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bench:
    """A resource as availability sees it: when it works, in which grain, for how many at once, by which rules.

    parts: who books this whole has them all. against: what is not used together with it. approvals: whether requests
    pass steps before they are confirmed.
    """

    resource_id: str
    pool: str
    lab_id: str
    places: int
    grain: timedelta
    calendar: WorkingCalendar
    rules: Rules = ()
    parts: tuple[Unit, ...] = ()
    against: tuple[Against, ...] = ()
    approvals: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Ids of all resources whose taken time counts for this one."""
        more = (*(part.resource_id for part in self.parts), *(other.resource_id for other in self.against))
        return (self.resource_id, *more)


@dataclass(frozen=True, slots=True)
class CapableBench:
    """A bench with one test that it can run, and what the test takes there. report_days: working days.

    companions: units of each further pool of which one is needed. state_id: the state in which the test leaves the
    bench. setup: what the lab set, changeovers among it. closed: time that is no time for this test: outside the
    lab's scope, or while the bench doesn't reach what the test asks.
    """

    bench: Bench
    test_id: str
    domain_id: str
    need: Need
    basis: str
    report_days: int
    low_confidence: bool
    companions: tuple[tuple[Unit, ...], ...] = ()
    state_id: str | None = None
    setup: LabSetup = NOTHING
    closed: tuple[Interval, ...] = ()
    scope: tuple[date | None, date | None] = (None, None)

    @property
    def reads(self) -> tuple[str, ...]:
        """Ids of all resources whose taken time counts for the test here."""
        needed = (each for pool in self.companions for unit in pool for each in (unit, *self.parts_of(unit)))
        return (*self.bench.reads, *(unit.resource_id for unit in needed))

    def parts_of(self, unit: Unit) -> tuple[Unit, ...]:
        """The parts of a unit of a companion pool, which are taken with it."""
        return self.setup.parts.get(unit.resource_id, ())

    def changeover(self, before: str | None, after: str | None) -> timedelta:
        """Time that must lie between two uses that leave and need the bench in these states."""
        return self.setup.changeovers.get((before or "", after or ""), timedelta(0))

    @property
    def longest_changeover(self) -> timedelta:
        """No use further away than this in time matters."""
        return self.setup.longest_changeover if self.state_id else timedelta(0)


BENCH_COLUMNS = (
    Resource.id,
    Resource.pool,
    Resource.lab_id,
    Resource.places,
    Resource.grain_minutes,
    Resource.shifts,
    Lab.lat,
    Lab.lon,
    Lab.setup_version,
)


def bench_from(row: Any, setup: LabSetup, company_id: str | None = None, reserve: bool = False) -> Bench:
    """The bench of a row with BENCH_COLUMNS, for a company; reserve: for a time that the lab itself proposes."""
    rules = setup.rules_of(row.pool)
    return Bench(
        resource_id=row.id,
        pool=row.pool,
        lab_id=row.lab_id,
        places=row.places,
        grain=timedelta(minutes=dict(rules).get(GRAIN, row.grain_minutes)),
        calendar=setup.calendar(row.id, row.shifts, (row.lat, row.lon), company_id, reserve),
        rules=rules,
        parts=setup.parts.get(row.id, ()),
        against=setup.against.get(row.id, ()),
        approvals=setup.approvals,
    )


def setups_for(session: Session, rows: Iterable[Any]) -> dict[str, LabSetup]:
    """What the labs of these rows set, by lab; no statement while their versions are known."""
    return setups(session, {row.lab_id: row.setup_version for row in rows})


# Plain columns, built once: these stand before every offer and every booking.
CAPABLE = (
    select(
        *BENCH_COLUMNS,
        Resource.unattended,
        Lab.confidence,
        Test.id.label("test_id"),
        Test.domain_id,
        func.coalesce(Capability.setup_minutes, Test.setup_minutes).label("setup_minutes"),
        func.coalesce(Capability.run_minutes, Test.run_minutes).label("run_minutes"),
        func.coalesce(Capability.teardown_minutes, Test.teardown_minutes).label("teardown_minutes"),
        Test.run_splits,
        Test.one_window,
        func.coalesce(Capability.report_days, Test.report_days).label("report_days"),
        Capability.basis,
        Capability.needs,
        Capability.state_id,
        Capability.valid_from,
        Capability.valid_until,
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


def from_rows(
    session: Session, rows: Sequence[Any], company_id: str | None, reserve: bool = False
) -> list[CapableBench]:
    """What CAPABLE gives, as this company may use it; no statement while the labs' versions are known."""
    known = setups_for(session, rows)
    return [_capable_bench(row, known[row.lab_id], company_id, reserve) for row in rows]


def _capable_bench(row: Any, setup: LabSetup, company_id: str | None, reserve: bool) -> CapableBench:
    scope = (row.valid_from, row.valid_until)
    return CapableBench(
        bench=bench_from(row, setup, company_id, reserve),
        test_id=row.test_id,
        domain_id=row.domain_id,
        need=need_of(row, row.unattended),
        basis=row.basis,
        report_days=row.report_days,
        low_confidence=row.confidence == LOW_CONFIDENCE,
        companions=setup.companions.get((row.pool, row.test_id), ()),
        state_id=row.state_id,
        setup=setup,
        closed=(*outside_scope(scope, row.report_days), *_too_little(setup.limited.get(row.id, ()), row.needs)),
        scope=scope,
    )


def outside_scope(scope: tuple[date | None, date | None], report_days: int) -> Iterator[Interval]:
    """Time outside the scope's validity, which has to hold from bench taken to report issued."""
    first, last = scope
    if first:
        yield Interval(BEGINNING, midnight(first))
    if last:
        # The last day on which a use may end so that the report, `report_days` working days later, is still inside.
        day = last
        while add_working_days(day, report_days) > last:
            day -= timedelta(days=1)
        yield Interval(midnight(day + timedelta(days=1)), END)


def _too_little(limited: Iterable[Limited], needs: Mapping[str, Sequence[float | None]]) -> Iterator[Interval]:
    """Time in which the bench doesn't reach what the test asks of it."""
    for limit in limited:
        if limit.quantity not in needs:
            continue
        least, most = needs[limit.quantity]
        too_low = limit.minimum is not None and least is not None and least < limit.minimum
        too_high = limit.maximum is not None and most is not None and most > limit.maximum
        if too_low or too_high:
            yield limit.when


def capable_benches(
    test_ids: Sequence[str], lab_id: str | None = None, company_id: str | None = None, reserve: bool = False
) -> list[CapableBench]:
    """Every bench that can run one of the tests, units of a pool in order, as this company may use it.

    One statement while the labs' versions are known. reserve: with the days that a lab keeps for its own proposals.
    """
    query = CAPABLE.where(Test.id.in_(test_ids))
    if lab_id:
        query = query.where(Resource.lab_id == lab_id)
    return from_rows(db.session(), db.session.execute(query).all(), company_id, reserve)


def rule_owner(session: Session, bench: Bench, kind: str) -> str | None:
    """Who answers for the rule of this kind that holds on the bench: the pool's, else the lab's."""
    query = select(LabRule.owner_id).where(
        LabRule.lab_id == bench.lab_id, LabRule.pool.in_(("", bench.pool)), LabRule.kind == kind
    )
    return session.scalar(query.order_by(LabRule.pool.desc()).limit(1))


def resource_exists(resource_or_pool: str) -> bool:
    """Whether a live unit or pool has this id."""
    query = select(Resource.id).where(
        (Resource.id == resource_or_pool) | (Resource.pool == resource_or_pool), Resource.retired_at.is_(None)
    )
    return db.session.scalar(query.limit(1)) is not None


def benches(
    resource_ids: Sequence[str] | None = None, lab_id: str | None = None, company_id: str | None = None
) -> list[Bench]:
    """Live resources by id or lab, as availability sees them for a company."""
    query = select(*BENCH_COLUMNS).join(Lab, Lab.id == Resource.lab_id).where(Resource.retired_at.is_(None))
    if resource_ids is not None:
        query = query.where(Resource.id.in_(resource_ids))
    if lab_id:
        query = query.where(Resource.lab_id == lab_id)
    rows = db.session.execute(query.order_by(Resource.id)).all()
    known = setups_for(db.session(), rows)
    return [bench_from(row, known[row.lab_id], company_id) for row in rows]


class _Described(NamedTuple):
    """BENCH_COLUMNS of rows that are loaded already."""

    id: str
    pool: str
    lab_id: str
    places: int
    grain_minutes: int
    shifts: str
    lat: float | None
    lon: float | None
    setup_version: str


def bench_of(resource: Resource, lab: Lab) -> Bench:
    """The bench that rows of the catalogue describe, also a retired one."""
    row = _Described(
        resource.id,
        resource.pool,
        lab.id,
        resource.places,
        resource.grain_minutes,
        resource.shifts,
        lab.lat,
        lab.lon,
        lab.setup_version,
    )
    return bench_from(row, setup_of(db.session(), lab))


def test_exists(test_id: str) -> bool:
    """Whether a live test has this id."""
    return db.session.scalar(select(Test.id).where(Test.id == test_id, Test.retired_at.is_(None))) is not None


def lab_can(session: Session, lab_id: str, test_id: str) -> bool:
    """Whether any bench of the lab can run the test."""
    query = (
        select(Capability.test_id)
        .join(Resource, Resource.pool == Capability.pool)
        .where(
            Capability.test_id == test_id,
            Capability.retired_at.is_(None),
            Resource.lab_id == lab_id,
            Resource.retired_at.is_(None),
        )
    )
    return session.scalar(query.limit(1)) is not None


def tests_at(lab_id: str) -> list[Test]:
    """What the benches of the lab can run, by method and clause."""
    pools = select(Resource.pool).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    ids = select(Capability.test_id).where(Capability.pool.in_(pools), Capability.retired_at.is_(None))
    query = select(Test).join(Method, Method.id == Test.method_id).where(Test.id.in_(ids), Test.retired_at.is_(None))
    return list(
        db.session.scalars(query.options(joinedload(Test.method)).order_by(Method.code_norm, Test.position, Test.id))
    )


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


def destructive_tests(session: Session, test_ids: Iterable[str]) -> frozenset[str]:
    """Those of the tests that use up what they are done on."""
    query = select(Test.id).where(Test.id.in_(list(test_ids)), Test.destructive)
    return frozenset(session.scalars(query))


def resources(ids: Iterable[str]) -> list[Resource]:
    """Resources by id with their labs, retired ones too: history names them."""
    wanted = list(ids)
    if not wanted:
        return []
    query = select(Resource).where(Resource.id.in_(wanted)).options(joinedload(Resource.lab), joinedload(Resource.kind))
    return list(db.session.scalars(query))


def labs_by_id(ids: Iterable[str]) -> list[Lab]:
    """Labs by id, by name."""
    return list(db.session.scalars(select(Lab).where(Lab.id.in_(list(ids))).order_by(Lab.name_zh)))
