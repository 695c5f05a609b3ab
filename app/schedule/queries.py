"""The schedule's questions: which benches, and what is known of their taken time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, or_, select

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking, Closure, Occupancy
from app.database import db
from app.labs.models import CATALOGUE, STATED, Capability, Lab, Method, Resource, ResourceKind, Test
from app.labs.queries import BENCH_COLUMNS, Bench, bench_from, setups_for
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


def _live(labs: Iterable[str] | None, kind: str, test: str) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [Resource.retired_at.is_(None), Lab.retired_at.is_(None)]
    if labs is not None:
        conditions.append(Resource.lab_id.in_(sorted(labs)))
    if kind:
        conditions.append(Resource.kind_id == kind)
    if test:
        capable = (
            select(Capability.pool)
            .join(Test, Test.id == Capability.test_id)
            .where(Capability.test_id == test, Capability.retired_at.is_(None), Test.retired_at.is_(None))
        )
        conditions.append(Resource.pool.in_(capable))
    return and_(*conditions)


def matching(labs: Iterable[str] | None, kind: str, test: str, own: Iterable[str]) -> list[tuple[str, str]]:
    """(lab, resource) of the live benches that meet the filters, in the order they are shown. labs None: all; own:
    the viewer's, of which he also sees what is only needed beside benches.
    """
    query = (
        select(Resource.lab_id, Resource.id)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(_live(labs, kind, test), Resource.kind_id.not_in(SUPPORT) | Resource.lab_id.in_(sorted(own)))
        .order_by(Lab.organisation_id, Lab.id, Resource.pool, Resource.unit, Resource.id)
    )
    return [(lab_id, resource_id) for lab_id, resource_id in db.session.execute(query)]


def benches(ids: Sequence[str], company_id: str | None) -> list[Shown]:
    """Benches with their labs as this company may use them, in the order of `ids`; retired ones too, for bookings
    still point at them.
    """
    query = (
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
        .where(Resource.id.in_(ids))
    )
    rows = db.session.execute(query).all()
    known = setups_for(db.session(), rows)
    found = {row.id: _shown(row, bench_from(row, known[row.lab_id], company_id), known[row.lab_id]) for row in rows}
    return [found[ident] for ident in ids if ident in found]


def _shown(row: Any, bench: Bench, setup: LabSetup) -> Shown:
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
        setup if setup.changeovers else NOTHING,
    )


def lab_choices() -> list[Choice]:
    """Labs that have something to book."""
    return _choices(
        select(Lab.id, Lab.name_zh, Lab.name_en)
        .join(Resource, Resource.lab_id == Lab.id)
        .where(_live(None, "", ""))
        .distinct()
        .order_by(Lab.name_zh)
    )


def kind_choices(labs: Iterable[str] | None) -> list[Choice]:
    """Kinds of benches at these labs."""
    return _choices(
        select(ResourceKind.id, ResourceKind.name_zh, ResourceKind.name_en)
        .join(Resource, Resource.kind_id == ResourceKind.id)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(_live(labs, "", ""))
        .distinct()
        .order_by(ResourceKind.name_zh)
    )


def test_choices(labs: Iterable[str] | None, kind: str) -> list[Choice]:
    """Tests that these benches can run, under the codes of their methods."""
    return _choices(
        select(Test.id, Test.name_zh, Test.name_en, Method.code, Test.position)
        .join(Method, Method.id == Test.method_id)
        .join(Capability, Capability.test_id == Test.id)
        .join(Resource, Resource.pool == Capability.pool)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(_live(labs, kind, ""), Test.retired_at.is_(None), Capability.retired_at.is_(None))
        .distinct()
        .order_by(Method.code, Test.position, Test.id)
    )


def _choices(query: Select[*tuple[Any, ...]]) -> list[Choice]:
    return [Choice(*row[:4]) for row in db.session.execute(query)]


def seen(viewer: Viewer, resource_ids: Sequence[str], span: Interval, now: datetime) -> Mapping[str, list[Seen]]:
    """Taken time that the viewer may know more about, by resource and start: bookings that he may see and
    closures at his labs. One statement, filtered by the policy in SQL.
    """
    may_see_company = visible(viewer, Action.SEE_BOOKING_COMPANY, Booking)
    query = (
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
            Occupancy.resource_id.in_(resource_ids),
            Occupancy.ends_at > span.start,
            Occupancy.starts_at < span.end,
            or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > now),
            or_(
                visible(viewer, Action.SEE_BOOKING, Booking),
                # Who may print a bench's day sheet may know why it is closed.
                visible(viewer, Action.SEE_DAY_SHEET, Closure),
            ),
        )
        .order_by(Occupancy.starts_at)
    )
    found: dict[str, list[Seen]] = defaultdict(list)
    for resource_id, place, starts_at, ends_at, *known in db.session.execute(query):
        found[resource_id].append(Seen(resource_id, place, Interval(starts_at, ends_at), *known))
    return found
