"""The schedule's questions: which benches, and what is known of their taken time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, or_, select

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking, Closure, Occupancy
from app.database import db, execute
from app.labs.models import CATALOGUE, STATED, Capability, Lab, Method, Resource, ResourceKind, Test
from app.labs.queries import BENCH_COLUMNS, bench_from, setups_for
from app.labs.rules import SUPPORT
from app.labs.setup import NOTHING, LabSetup
from app.schedule.lanes import Seen
from app.schedule.rows import Shown
from app.worktime import Interval


class Choice(NamedTuple):
    """An option of a filter; group: the heading that it stands under."""

    id: str
    name_zh: str
    name_en: str
    group: str = ""


def _live(labs: bool, kind: bool, test: bool) -> ColumnElement[bool]:
    """Benches in use, of `labs`, of a `kind`, for a `test`, where these are asked for."""
    conditions: list[ColumnElement[bool]] = [Resource.retired_at.is_(None), Lab.retired_at.is_(None)]
    if labs:
        conditions.append(Resource.lab_id.in_(bindparam("labs", expanding=True)))
    if kind:
        conditions.append(Resource.kind_id == bindparam("kind"))
    if test:
        capable = (
            select(Capability.pool)
            .join(Test, Test.id == Capability.test_id)
            .where(Capability.test_id == bindparam("test"), Capability.retired_at.is_(None), Test.retired_at.is_(None))
        )
        conditions.append(Resource.pool.in_(capable))
    return and_(*conditions)


@cache
def _matching(labs: bool, kind: bool, test: bool) -> Select[*tuple[Any, ...]]:
    own = Resource.lab_id.in_(bindparam("own", expanding=True))
    return (
        select(Resource.lab_id, Resource.id)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(_live(labs, kind, test), Resource.kind_id.not_in(SUPPORT) | own)
        .order_by(Lab.organisation_id, Lab.id, Resource.pool, Resource.unit, Resource.id)
    )


def matching(labs: Iterable[str] | None, kind: str, test: str, own: Iterable[str]) -> list[tuple[str, str]]:
    """(lab, resource) of the live benches that meet the filters, in the order they are shown. labs None: all; own:
    the viewer's, of which he also sees what is only needed beside benches.
    """
    asked = {"labs": sorted(labs or ()), "kind": kind, "test": test, "own": sorted(own)}
    query = _matching(labs is not None, bool(kind), bool(test))
    return [(lab_id, resource_id) for lab_id, resource_id in execute(db.session(), query, asked).all()]


_BENCHES = (
    select(
        *BENCH_COLUMNS,
        Resource.name_zh,
        Resource.name_en,
        case((Resource.origin == CATALOGUE, Resource.evidence), else_=STATED).label("evidence"),
        Lab.name_zh.label("lab_zh"),
        Lab.name_en.label("lab_en"),
        Lab.district_zh,
        Lab.district_en,
    )
    .join(Lab, Lab.id == Resource.lab_id)
    .where(Resource.id.in_(bindparam("ids", expanding=True)))
)


def benches(ids: Sequence[str], company_id: str | None) -> list[Shown]:
    """Benches with their labs as this company may use them, in the order of `ids`; retired ones too, for bookings
    still point at them.
    """
    rows = execute(db.session(), _BENCHES, {"ids": list(ids)}).all()
    known = setups_for(db.session(), rows)
    found = {row.id: _shown(row, known[row.lab_id], company_id) for row in rows}
    return [found[ident] for ident in ids if ident in found]


@lru_cache(maxsize=2048)
def _shown(row: Any, setup: LabSetup, company_id: str | None) -> Shown:
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
        bench_from(row, setup, company_id),
        setup if setup.changeovers else NOTHING,
    )


def lab_choices() -> list[Choice]:
    """Labs that have something to book."""
    return _choices(_LABS, {})


def kind_choices(labs: Iterable[str] | None) -> list[Choice]:
    """Kinds of benches at these labs."""
    return _choices(_kinds(labs is not None), {"labs": sorted(labs or ())})


def test_choices(labs: Iterable[str] | None, kind: str) -> list[Choice]:
    """Tests that these benches can run, under the codes of their methods."""
    return _choices(_tests(labs is not None, bool(kind)), {"labs": sorted(labs or ()), "kind": kind})


_LABS = (
    select(Lab.id, Lab.name_zh, Lab.name_en)
    .where(Lab.id.in_(select(Resource.lab_id).where(_live(False, False, False)).correlate(Lab)))
    .order_by(Lab.name_zh)
)


@cache
def _kinds(labs: bool) -> Select[*tuple[Any, ...]]:
    used = select(Resource.kind_id).join(Lab, Lab.id == Resource.lab_id).where(_live(labs, False, False))
    return (
        select(ResourceKind.id, ResourceKind.name_zh, ResourceKind.name_en)
        .where(ResourceKind.id.in_(used))
        .order_by(ResourceKind.name_zh)
    )


@cache
def _tests(labs: bool, kind: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(Test.id, Test.name_zh, Test.name_en, Method.code, Test.position)
        .join(Method, Method.id == Test.method_id)
        .join(Capability, Capability.test_id == Test.id)
        .join(Resource, Resource.pool == Capability.pool)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(_live(labs, kind, False), Test.retired_at.is_(None), Capability.retired_at.is_(None))
        .distinct()
        .order_by(Method.code, Test.position, Test.id)
    )


def _choices(query: Select[*tuple[Any, ...]], asked: Mapping[str, object]) -> list[Choice]:
    return [Choice(*row[:4]) for row in execute(db.session(), query, asked).all()]


@lru_cache(maxsize=256)
def _seen(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    may_see_company = visible(viewer, Action.SEE_BOOKING_COMPANY, Booking)
    return (
        select(
            Occupancy.resource_id,
            Occupancy.place,
            Occupancy.starts_at,
            Occupancy.ends_at,
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
        .outerjoin(Booking, Booking.id == Occupancy.booking_id)
        .outerjoin(Test, Test.id == Booking.test_id)
        .outerjoin(Organisation, Organisation.id == Booking.company_id)
        .outerjoin(Closure, Closure.id == Occupancy.closure_id)
        .where(
            Occupancy.resource_id.in_(bindparam("resources", expanding=True)),
            Occupancy.ends_at > bindparam("start"),
            Occupancy.starts_at < bindparam("end"),
            or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > bindparam("now")),
            or_(
                visible(viewer, Action.SEE_BOOKING, Booking),
                # Who may print a bench's day sheet may know why it is closed.
                visible(viewer, Action.SEE_DAY_SHEET, Closure),
            ),
        )
        .order_by(Occupancy.starts_at)
    )


def seen(viewer: Viewer, resource_ids: Sequence[str], span: Interval, now: datetime) -> Mapping[str, list[Seen]]:
    """Taken time that the viewer may know more about, by resource and start: bookings that he may see and
    closures at his labs. One statement, filtered by the policy in SQL.
    """
    asked = {"resources": list(resource_ids), "start": span.start, "end": span.end, "now": now}
    found: dict[str, list[Seen]] = defaultdict(list)
    for resource_id, place, starts_at, ends_at, *known in execute(db.session(), _seen(viewer), asked).all():
        found[resource_id].append(Seen(resource_id, place, Interval(starts_at, ends_at), *known))
    return found
