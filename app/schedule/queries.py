"""The schedule's questions: which benches, and what is known of their taken time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, select

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking, Closure, Occupancy
from app.booking.queries import TAKEN, Taken
from app.database import db, execute
from app.labs.models import CATALOGUE, STATED, Capability, Lab, Method, Resource, ResourceKind, Test
from app.labs.queries import BENCH_COLUMNS, bench_from, setups_for
from app.labs.setup import NOTHING, LabSetup
from app.schedule.catalogue import Catalogue, Choice, Listed, catalogue
from app.schedule.lanes import Seen
from app.schedule.rows import Shown
from app.worktime import Interval

_LISTED = (
    select(
        *BENCH_COLUMNS,
        Resource.unit,
        Resource.name_zh,
        Resource.name_en,
        case((Resource.origin == CATALOGUE, Resource.evidence), else_=STATED).label("evidence"),
        Lab.organisation_id,
        Lab.name_zh,
        Lab.name_en,
        Lab.district_zh,
        Lab.district_en,
        ResourceKind.id,
        ResourceKind.name_zh,
        ResourceKind.name_en,
    )
    .join(Lab, Lab.id == Resource.lab_id)
    .join(ResourceKind, ResourceKind.id == Resource.kind_id)
)
_LIVE = _LISTED.where(Resource.retired_at.is_(None), Lab.retired_at.is_(None))
_BY_ID = _LISTED.where(Resource.id == bindparam("id"))
_POOLS = (
    select(Capability.pool)
    .join(Test, Test.id == Capability.test_id)
    .where(Capability.test_id == bindparam("test"), Capability.retired_at.is_(None), Test.retired_at.is_(None))
)


def live() -> Catalogue:
    """All benches in use."""
    return catalogue(tuple(map(tuple, execute(db.session(), _LIVE, {}).all())))


def listed(resource_id: str) -> list[Listed]:
    """One bench, a retired one too, for bookings still point at it; empty for an unknown one."""
    return [Listed._make(row) for row in execute(db.session(), _BY_ID, {"id": resource_id})]


def pools(test_id: str) -> frozenset[str]:
    """Pools whose benches can run a test."""
    return frozenset(execute(db.session(), _POOLS, {"test": test_id}).scalars())


def shown(benches: Sequence[Listed], company_id: str | None) -> list[Shown]:
    """The benches as this company may use them."""
    setups = setups_for(db.session(), benches)
    return [_shown(bench, setups[bench.lab_id], company_id) for bench in benches]


@lru_cache(maxsize=2048)
def _shown(row: Listed, setup: LabSetup, company_id: str | None) -> Shown:
    bench = bench_from(row, setup, company_id)
    return Shown(
        row.id,
        row.pool,
        row.lab_id,
        row.name_zh,
        row.name_en,
        row.places,
        row.shifts,
        row.evidence,
        row.lab_zh,
        row.lab_en,
        row.district_zh,
        row.district_en,
        bench,
        bench.reads,
        setup if setup.changeovers else NOTHING,
    )


def test_choices(labs: Iterable[str] | None, kind: str) -> list[Choice]:
    """Tests that these benches can run, under the codes of their methods."""
    asked = {"labs": sorted(labs or ()), "kind": kind}
    return [Choice(*row[:4]) for row in execute(db.session(), _tests(labs is not None, bool(kind)), asked).all()]


@cache
def _tests(labs: bool, kind: bool) -> Select[*tuple[Any, ...]]:
    conditions: list[ColumnElement[bool]] = [Resource.retired_at.is_(None), Lab.retired_at.is_(None)]
    if labs:
        conditions.append(Resource.lab_id.in_(bindparam("labs", expanding=True)))
    if kind:
        conditions.append(Resource.kind_id == bindparam("kind"))
    return (
        select(Test.id, Test.name_zh, Test.name_en, Method.code, Test.position)
        .join(Method, Method.id == Test.method_id)
        .join(Capability, Capability.test_id == Test.id)
        .join(Resource, Resource.pool == Capability.pool)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(*conditions, Test.retired_at.is_(None), Capability.retired_at.is_(None))
        .distinct()
        .order_by(Method.code, Test.position, Test.id)
    )


class Occupied(NamedTuple):
    """By resource and start: taken time, whoever has it, and what the viewer may know of it."""

    taken: Mapping[str, list[Taken]]
    seen: Mapping[str, list[Seen]]


@lru_cache(maxsize=256)
def _occupied(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """Taken time, and beside it nothing of any booking or closure that the policy doesn't show."""
    may_see_company = visible(viewer, Action.SEE_BOOKING_COMPANY, Booking)
    return (
        TAKEN.add_columns(
            Occupancy.proposed,
            Booking.id,
            Booking.code,
            Booking.state,
            Booking.hold_expires_at,
            Test.name_zh,
            Test.name_en,
            case((may_see_company, Organisation.short_zh)),
            case((may_see_company, Organisation.short_en)),
            Closure.kind,
            Closure.reason,
            Occupancy.state_id,
        )
        .select_from(Occupancy)
        .outerjoin(Booking, and_(Booking.id == Occupancy.booking_id, visible(viewer, Action.SEE_BOOKING, Booking)))
        .outerjoin(Test, Test.id == Booking.test_id)
        .outerjoin(Organisation, Organisation.id == Booking.company_id)
        # Who may print a bench's day sheet may know why it is closed.
        .outerjoin(Closure, and_(Closure.id == Occupancy.closure_id, visible(viewer, Action.SEE_DAY_SHEET, Closure)))
    )


def occupied(viewer: Viewer, resource_ids: Iterable[str], span: Interval, now: datetime) -> Occupied:
    """Live occupancy of these benches that meets `span`, and the bookings and closures among it that the viewer may
    see. One statement, filtered by the policy in SQL.
    """
    asked = {"resources": sorted(set(resource_ids)), "start": span.start, "end": span.end, "now": now}
    found = Occupied(defaultdict(list), defaultdict(list))
    rows = execute(db.session(), _occupied(viewer), asked).all()
    for resource_id, place, starts_at, ends_at, state_id, company_id, shielded, *known in rows:
        when = Interval(starts_at, ends_at)
        found.taken[resource_id].append(Taken(place, when, state_id, company_id, shielded))
        seen = Seen(resource_id, place, when, *known)
        if seen.booking_id or seen.closure:
            found.seen[resource_id].append(seen)
    return found
