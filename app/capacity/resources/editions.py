"""A standard is replaced: capabilities go over to the new edition on a date, and whoever is booked beyond is asked."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.booking.models import Booking
from app.capacity.resources.owned import own_lab
from app.capacity.resources.scope import to_come
from app.capacity.resources.service import LAB, STATED
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.events.models import Event
from app.labs.capacity import Companion, touch
from app.labs.models import Capability, Resource, Test
from app.labs.queries import outside_scope
from app.worktime import Interval, local_date

# Editions are announced some years ahead at most.
FURTHEST = timedelta(days=3660)
ASKED = "booking.edition_asked"


@dataclass(frozen=True, slots=True)
class ReplaceEdition:
    """From a local date on, tests of a new edition stand for those of the old one. tests: old to new ids."""

    lab_id: str
    on: date
    tests: dict[str, str]


def replace_edition(viewer: Viewer, command: ReplaceEdition, now: datetime) -> list[Booking]:
    """Capabilities of the old edition end the day before, those of the new begin; same times and limits.

    Returns the bookings of the old edition beyond the date, whose companies are asked by an event each, once. Raises
    NotFound, Invalid.
    """
    with transaction() as session:
        own_lab(session, viewer, command.lab_id)
        check(command, now)
        for old, new in command.tests.items():
            if session.get(Test, new) is None:
                raise NotFound()
            for row in _able(session, command.lab_id, old):
                _succeed(session, row, new, command.on)
        session.flush()
        beyond = beyond_edition(session, command, now)
        for booking in beyond:
            _ask(session, viewer, booking, command, now)
        touch(session, command.lab_id)
        return beyond


def check(command: ReplaceEdition, now: datetime) -> None:
    """Raises Invalid for a date that is over or far away, and where no test is chosen."""
    today = local_date(now)
    if not today < command.on <= today + FURTHEST:
        raise Invalid(N_("请填今天以后、十年以内的日期。"), field="on")
    if not command.tests:
        raise Invalid(N_("请至少为一个旧版项目选新版项目。"), field="tests")


def _able(session: Session, lab_id: str, test_id: str) -> list[Capability]:
    pools = select(Resource.pool).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    query = select(Capability).where(Capability.test_id == test_id, Capability.pool.in_(pools))
    return list(session.scalars(query.where(Capability.retired_at.is_(None)).order_by(Capability.pool)))


def _succeed(session: Session, row: Capability, new: str, on: date) -> None:
    """One capability of the old edition goes over to the new one; what the lab said of the new one already stays."""
    last = on - timedelta(days=1)
    if row.valid_until is not None and row.valid_until <= last:
        return
    heir = session.get(Capability, (row.pool, new))
    if heir is None or heir.retired_at is not None:
        heir = heir or _born(session, row.pool, new)
        _inherit(session, heir, row)
        heir.valid_from, heir.valid_until = on, row.valid_until
    elif heir.valid_from is not None and heir.valid_from > on:
        heir.valid_from = on
    heir.version += 1
    # One that would have begun only later never does.
    row.valid_from = min(row.valid_from, last) if row.valid_from else None
    row.valid_until, row.origin = last, LAB
    row.version += 1


def _born(session: Session, pool: str, test_id: str) -> Capability:
    heir = Capability(pool=pool, test_id=test_id, basis=STATED, note_zh="", note_en="", sources=[], version=0)
    session.add(heir)
    return heir


def _inherit(session: Session, heir: Capability, row: Capability) -> None:
    columns = ("setup_minutes", "run_minutes", "teardown_minutes", "report_days", "needs", "sample_limits", "state_id")
    for column in columns:
        setattr(heir, column, getattr(row, column))
    heir.retired_at, heir.origin = None, LAB
    session.flush()
    for companion in session.scalars(select(Companion).filter_by(pool=row.pool, test_id=row.test_id)):
        further = companion.companion_pool
        session.merge(Companion(pool=heir.pool, test_id=heir.test_id, companion_pool=further, lab_id=companion.lab_id))


def beyond_edition(session: Session, command: ReplaceEdition, now: datetime) -> list[Booking]:
    """Bookings of the old edition at the lab that have not begun and whose report would come on the date or later:
    a scope holds until the report.
    """
    units: dict[str, list[str]] = {}
    found: list[Booking] = []
    for old in command.tests:
        test = session.get_one(Test, old)
        for row in _able(session, command.lab_id, old):
            if row.pool not in units:
                units[row.pool] = list(session.scalars(select(Resource.id).where(Resource.pool == row.pool)))
            days = test.report_days if row.report_days is None else row.report_days
            outside = list(outside_scope((None, command.on - timedelta(days=1)), days))
            for booking in to_come(session, units[row.pool], [old], now):
                if any(span.overlaps(Interval(booking.starts_at, booking.ends_at)) for span in outside):
                    found.append(booking)
    return sorted(found, key=lambda booking: (booking.starts_at, booking.id))


def _ask(session: Session, viewer: Viewer, booking: Booking, command: ReplaceEdition, now: datetime) -> None:
    on = command.on.isoformat()
    asked = session.scalars(select(Event).where(Event.subject_id == booking.id, Event.kind == ASKED))
    if any(event.data.get("on") == on for event in asked):
        return
    booking.touch(now)
    facts: dict[str, Any] = {"on": on, "test": command.tests[booking.test_id]}
    log.record(session, ASKED, booking, by=viewer, at=now, **facts)
