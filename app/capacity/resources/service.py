"""Benches and what they can do: one function for each action of the lab's administrator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.booking.models import Booking, Occupancy
from app.capacity.calendars.queries import standing
from app.capacity.calendars.rules import is_covered
from app.capacity.resources import parts
from app.capacity.resources.owned import open_codes, own_lab, own_resource
from app.capacity.resources.rules import (
    SUPPORT_KINDS,
    StaleRow,
    StillBooked,
    StillCompanion,
    check_reach,
    check_standing,
    readable_id,
)
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import Companion, touch
from app.labs.models import Capability, Domain, Lab, Resource, ResourceKind, Test
from app.labs.quantities import Statement, from_json, to_json
from app.labs.setup import setup_of
from app.worktime import PATTERNS, Use, subtract

LAB = "lab"
STATED = "representative"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a lab says of a resource. envelope: what it reaches."""

    name_zh: str
    name_en: str
    places: int
    grain_minutes: int
    shifts: str
    unattended: bool
    capability_zh: str
    capability_en: str
    envelope: Statement


@dataclass(frozen=True, slots=True)
class AddResource:
    """`quantity` units of a new pool."""

    lab_id: str
    kind_id: str
    quantity: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class ChangeResource:
    """One unit, as the caller last saw it (`version`). whole_id: what it is a part of. accepted: codes of bookings
    that are known to stand around the change.
    """

    resource_id: str
    version: int
    whole_id: str | None
    facts: Facts
    accepted: str = ""


def add_resource(viewer: Viewer, command: AddResource, now: datetime) -> list[Resource]:
    """New benches of a lab. Raises NotFound, Invalid."""
    with transaction() as session:
        lab = own_lab(session, viewer, command.lab_id)
        kind = _kind(session, lab, command.kind_id)
        if kind is None or command.facts.shifts not in PATTERNS:
            raise NotFound()
        _check_daylight(lab, command.facts.shifts)
        # Holds the lab: two who add at once find different names.
        touch(session, lab.id)
        known = {*session.scalars(select(Resource.pool).distinct()), *session.scalars(select(Resource.id))}
        pool = readable_id(lab.id, kind.id, known)
        units = range(1, command.quantity + 1)
        rows = [
            Resource(
                id=pool if command.quantity == 1 else f"{pool}-{unit}",
                pool=pool,
                unit=None if command.quantity == 1 else unit,
                lab_id=lab.id,
                kind_id=kind.id,
                place=kind.place,
                evidence=STATED,
                sources=[],
                origin=LAB,
            )
            for unit in units
        ]
        for row in rows:
            _tell(row, command.facts)
            if row.unit:
                row.name_zh, row.name_en = f"{row.name_zh} {row.unit}#", f"{row.name_en} {row.unit}#"
        session.add_all(rows)
        session.flush()
        for row in rows:
            log.record(session, "resource.added", row, by=viewer, at=now, name=row.name_zh)
        return rows


def _kind(session: Session, lab: Lab, kind_id: str) -> ResourceKind | None:
    """The kind of this id; one of those that no catalogue has is made when the first lab needs it."""
    known = session.get(ResourceKind, kind_id)
    support = next((each for each in SUPPORT_KINDS if each.id == kind_id), None)
    if known or support is None:
        return known
    known = ResourceKind(
        id=support.id,
        domain_id=next(iter(lab.domains), None) or session.scalar(select(Domain.id).order_by(Domain.position)),
        name_zh=support.name_zh,
        name_en=support.name_en,
        description_zh="",
        description_en="",
        place="indoor",
        grain_minutes=30,
        shared=False,
        needs_daylight=False,
        weather=[],
        unattended=False,
        sources=[],
        origin=LAB,
    )
    session.add(known)
    session.flush()
    return known


def _tell(row: Resource, facts: Facts) -> None:
    row.name_zh, row.name_en = facts.name_zh, facts.name_en or facts.name_zh
    row.places, row.grain_minutes, row.shifts = facts.places, facts.grain_minutes, facts.shifts
    row.unattended = facts.unattended
    row.capability_zh, row.capability_en = facts.capability_zh, facts.capability_en or facts.capability_zh
    row.envelope = to_json(facts.envelope)


def change_resource(viewer: Viewer, command: ChangeResource, now: datetime) -> Resource:
    """Change what a lab says of a bench; a row of the catalogue becomes the lab's own.

    Raises NotFound, StaleRow, PlacesBooked, PartsCycle, PartTaken, Invalid, StandsAround with bookings that the new
    shifts don't cover and that were not accepted.
    """
    with transaction() as session:
        lab = parts.family(session, own_resource(session, viewer, command.resource_id).lab_id)
        row = lab.resources.get(command.resource_id)
        if row is None or command.facts.shifts not in PATTERNS:
            raise NotFound()
        if row.version != command.version:
            raise StaleRow()
        _check_daylight(row.lab, command.facts.shifts)
        _check_reach(session, row, command.facts.envelope)
        check_standing(_uncovered(session, row, command.facts, now), command.accepted)
        if row.places != command.facts.places:
            parts.set_places(session, lab, row, command.facts.places, now)
        parts.join(session, lab, row, command.whole_id, now)
        _tell(row, command.facts)
        row.origin = LAB
        row.version += 1
        session.flush()
        facts: dict[str, Any] = {"name": row.name_zh, "places": row.places, "whole": row.whole_id}
        log.record(session, "resource.changed", row, by=viewer, at=now, **facts)
        touch(session, row.lab_id)
        return row


def _check_daylight(lab: Lab, shifts: str) -> None:
    if PATTERNS[shifts].daylight and lab.lat is None:
        raise Invalid(N_("实验室没有经纬度，不能按日出日落排班。"), field="shifts")


def _check_reach(session: Session, row: Resource, envelope: Statement) -> None:
    able = select(Capability, Test).join(Test, Test.id == Capability.test_id)
    for capability, test in session.execute(able.where(Capability.pool == row.pool, Capability.retired_at.is_(None))):
        check_reach(envelope, from_json(capability.needs), test, "envelope")


def _uncovered(session: Session, row: Resource, facts: Facts, now: datetime) -> list[str]:
    """Codes of bookings that other shifts of the bench no longer cover."""
    if (row.shifts, row.unattended) == (facts.shifts, facts.unattended):
        return []
    setup, place = setup_of(session, row.lab), (row.lab.lat, row.lab.lon)
    found = []
    for booking in standing([row.id], now):
        use = Use(booking.starts_at, booking.run_from, booking.run_until, booking.ends_at)
        alone = facts.unattended and not booking.test.one_window
        before, after = (
            setup.calendar(row.id, shifts, place, booking.company_id, reserve=True)
            for shifts in (row.shifts, facts.shifts)
        )
        nights = row.unattended and not alone and bool(subtract([use.interval], after.windows(use.interval)))
        if nights or not is_covered(use, alone, before, after):
            found.append(booking.code)
    return found


def retire_resource(viewer: Viewer, resource_id: str, now: datetime) -> None:
    """A bench is no longer booked; its parts belong to what it was a part of. Raises NotFound, StillBooked,
    StillCompanion.
    """
    with transaction() as session:
        lab = parts.family(session, own_resource(session, viewer, resource_id).lab_id)
        row = lab.resources.get(resource_id)
        if row is None:
            raise NotFound()
        used = select(Occupancy.booking_id).where(Occupancy.resource_id == row.id, Occupancy.ends_at > now)
        codes = open_codes(session, Booking.id.in_(used))
        if codes:
            raise StillBooked(codes=codes)
        if not any(each.pool == row.pool for each in lab.resources.values() if each is not row):
            _check_no_companion(session, row)
        for part in lab.resources.values():
            if part.whole_id == row.id:
                part.whole_id = row.whole_id
        row.retired_at, row.origin = now, LAB
        log.record(session, "resource.retired", row, by=viewer, at=now, name=row.name_zh)
        touch(session, row.lab_id)


def _check_no_companion(session: Session, row: Resource) -> None:
    """The last unit of a pool stays while a test can't be booked without it."""
    query = (
        select(Test)
        .join(Companion, Companion.test_id == Test.id)
        .join(Capability, (Capability.test_id == Companion.test_id) & (Capability.pool == Companion.pool))
        .where(Companion.companion_pool == row.pool, Companion.lab_id == row.lab_id, Capability.retired_at.is_(None))
    )
    tests = list(session.scalars(query))
    if tests:
        raise StillCompanion(tests=tests)
