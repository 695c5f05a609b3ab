"""What the frame and the home pages ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.accounts.policy import Action, Viewer, visible
from app.accounts.queries import LabChoice
from app.booking.models import Booking
from app.booking.rules import State
from app.database import UtcDateTime, db
from app.labs.models import EarliestWeek, Lab, Resource, Test
from app.orders.models import OrderLine


def requests_waiting(viewer: Viewer) -> int:
    """Requests that the viewer has to decide."""
    query = select(func.count()).where(
        visible(viewer, Action.DECIDE_BOOKING, Booking), Booking.state == State.REQUESTED
    )
    return db.session.scalar(query) or 0


# What a visitor is shown on the sign-in page: the best known items of three domains.
EXAMPLES = ("b-pack-thermalprop", "mot-eff", "emc-v-broad")


@dataclass(frozen=True, slots=True)
class Example:
    """A test with the Monday of the week in which it can be had at the earliest."""

    test: Test
    week: int
    monday: date


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What can be seen without signing in. as_of: when the weeks were found, UTC."""

    tests: int
    examples: list[Example]
    as_of: datetime | None


def glimpse() -> Glimpse:
    """How many tests there are, and the earliest week of a few."""
    tests = db.session.scalar(select(func.count()).select_from(Test).where(Test.retired_at.is_(None))) or 0
    earliest = (
        select(Test, func.min(EarliestWeek.week), func.min(EarliestWeek.as_of, type_=UtcDateTime()))
        .join(EarliestWeek, EarliestWeek.test_id == Test.id)
        .where(Test.id.in_(EXAMPLES), EarliestWeek.week.is_not(None))
        .options(joinedload(Test.method))
        .group_by(Test.id)
        .order_by(Test.id)
    )
    rows = db.session.execute(earliest).all()
    examples = [_example(test, week) for test, week, _ in rows if week]
    return Glimpse(tests, examples, min((as_of for *_, as_of in rows), default=None))


def _example(test: Test, week: str) -> Example:
    year, _, number = week.partition("-W")
    return Example(test, int(number), date.fromisocalendar(int(year), int(number), 1))


def all_labs() -> list[LabChoice]:
    """Labs that can be chosen for a lab role."""
    query = select(Lab.id, Lab.name_zh, Lab.name_en, Lab.organisation_id).where(Lab.retired_at.is_(None))
    return [LabChoice._make(row) for row in db.session.execute(query.order_by(Lab.id))]


# From the request to the report; the report itself ends the way.
ON_THE_WAY = (State.REQUESTED, State.CONFIRMED, State.RUNNING, State.COMPLETED)


def open_bookings(viewer: Viewer, limit: int = 200) -> list[Booking]:
    """Held bookings and those whose report is still to come, by start."""
    query = (
        _visible_with_all(viewer)
        .join(Booking.order_line)
        .where(Booking.state.in_((State.HELD, *ON_THE_WAY)), OrderLine.issued_at.is_(None))
    )
    return list(db.session.scalars(query.limit(limit)))


# Of the newest bookings so many are looked at for the tests that were booked last.
LOOKED_AT = 100


def recent_tests(viewer: Viewer, limit: int = 4) -> list[Test]:
    """Tests that the viewer's company booked last, newest first."""
    newest = (
        select(Booking.test_id, Booking.created_at)
        .where(visible(viewer, Action.SEE_BOOKING, Booking))
        .order_by(Booking.created_at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    latest = select(newest.c.test_id, func.max(newest.c.created_at).label("at")).group_by(newest.c.test_id).subquery()
    query = select(Test).join(latest, latest.c.test_id == Test.id).where(Test.retired_at.is_(None))
    return list(db.session.scalars(query.options(joinedload(Test.method)).order_by(latest.c.at.desc()).limit(limit)))


def coming_starts(viewer: Viewer, after: datetime, before: datetime) -> list[Booking]:
    """Confirmed bookings that begin in [after, before), by start."""
    query = _visible_with_all(viewer).where(
        Booking.state == State.CONFIRMED, Booking.starts_at >= after, Booking.starts_at < before
    )
    return list(db.session.scalars(query))


def _visible_with_all(viewer: Viewer) -> Select[Booking]:
    return (
        select(Booking)
        .where(visible(viewer, Action.SEE_BOOKING, Booking))
        .options(
            joinedload(Booking.resource).joinedload(Resource.lab),
            joinedload(Booking.test).joinedload(Test.method),
            joinedload(Booking.order_line).joinedload(OrderLine.order),
            joinedload(Booking.proposal),
        )
        .order_by(Booking.starts_at, Booking.id)
    )


def resources_of(lab_ids: Iterable[str]) -> list[Resource]:
    """Benches of the labs."""
    query = select(Resource).where(Resource.lab_id.in_(list(lab_ids)), Resource.retired_at.is_(None))
    return list(db.session.scalars(query))
