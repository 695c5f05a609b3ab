"""Benches and what they can do: one function for each action of the lab's administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.booking.models import Booking, Occupancy
from app.booking.occupancy import extend_footprint, footprint_of, written
from app.booking.rules import OPEN
from app.capacity.resources.owned import open_codes, own_lab, own_resource
from app.capacity.resources.rules import (
    PlacesBooked,
    StaleRow,
    StillBooked,
    check_no_cycle,
    readable_id,
)
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import touch
from app.labs.models import Resource, ResourceKind
from app.labs.quantities import Statement, to_json
from app.worktime import PATTERNS

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
    """One unit, as the caller last saw it (`version`). whole_id: what it is a part of."""

    resource_id: str
    version: int
    whole_id: str | None
    facts: Facts


def add_resource(viewer: Viewer, command: AddResource, now: datetime) -> list[Resource]:
    """New benches of a lab. Raises NotFound, Invalid."""
    with transaction() as session:
        lab = own_lab(session, viewer, command.lab_id)
        kind = session.get(ResourceKind, command.kind_id)
        if kind is None or command.facts.shifts not in PATTERNS:
            raise NotFound()
        if PATTERNS[command.facts.shifts].daylight and lab.lat is None:
            raise Invalid(N_("实验室没有经纬度，不能按日出日落排班。"), field="shifts")
        known = list(session.scalars(select(Resource.pool).distinct())) + list(session.scalars(select(Resource.id)))
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
        touch(session, lab.id)
        return rows


def _tell(row: Resource, facts: Facts) -> None:
    row.name_zh, row.name_en = facts.name_zh, facts.name_en or facts.name_zh
    row.places, row.grain_minutes, row.shifts = facts.places, facts.grain_minutes, facts.shifts
    row.unattended = facts.unattended
    row.capability_zh, row.capability_en = facts.capability_zh, facts.capability_en or facts.capability_zh
    row.envelope = to_json(facts.envelope)


def change_resource(viewer: Viewer, command: ChangeResource, now: datetime) -> Resource:
    """Change what a lab says of a bench; a row of the catalogue becomes the lab's own.

    Raises NotFound, StaleRow, PlacesBooked, PartsCycle, SlotTaken where a part that joins a booked whole is taken.
    """
    with transaction() as session:
        row = own_resource(session, viewer, command.resource_id)
        if row.version != command.version:
            raise StaleRow()
        _check_places(session, row, command.facts.places, now)
        _join(session, row, command.whole_id, now)
        _tell(row, command.facts)
        row.origin = LAB
        row.version += 1
        session.flush()
        facts: dict[str, Any] = {"name": row.name_zh, "places": row.places, "whole": row.whole_id}
        log.record(session, "resource.changed", row, by=viewer, at=now, **facts)
        touch(session, row.lab_id)
        return row


def _check_places(session: Session, row: Resource, places: int, now: datetime) -> None:
    beyond = select(Occupancy.booking_id).where(
        Occupancy.resource_id == row.id, Occupancy.place > places, Occupancy.ends_at > now
    )
    codes = open_codes(session, Booking.id.in_(beyond))
    if codes:
        raise PlacesBooked(codes=codes)


def _join(session: Session, row: Resource, whole_id: str | None, now: datetime) -> None:
    """Make a resource a part of another one, or of none; bookings of the wholes above it take it along."""
    if row.whole_id == whole_id:
        return
    resources = {r.id: r for r in session.scalars(select(Resource).where(Resource.lab_id == row.lab_id))}
    if whole_id is not None and (whole_id not in resources or resources[whole_id].retired_at):
        raise NotFound()
    wholes = {ident: resource.whole_id for ident, resource in resources.items()}
    check_no_cycle(row.id, whole_id, wholes)
    before, after = _above(row.whole_id, wholes), _above(whole_id, wholes)
    moved = {row.id, *_below(row.id, wholes)}
    for booking in _standing(session, before, now):
        _leave(session, booking, moved)
    row.whole_id = whole_id
    session.flush()
    added = [(ident, place) for ident in sorted(moved) for place in range(1, resources[ident].places + 1)]
    for booking in _standing(session, after, now):
        extend_footprint(session, booking, added)


def _above(ident: str | None, wholes: dict[str, str | None]) -> list[str]:
    found: list[str] = []
    while ident is not None:
        found.append(ident)
        ident = wholes.get(ident)
    return found


def _below(ident: str, wholes: dict[str, str | None]) -> list[str]:
    children = [child for child, whole in wholes.items() if whole == ident]
    return children + [each for child in children for each in _below(child, wholes)]


def _standing(session: Session, resource_ids: Sequence[str], now: datetime) -> list[Booking]:
    query = select(Booking).where(Booking.resource_id.in_(resource_ids), Booking.state.in_(OPEN), Booking.ends_at > now)
    return list(session.scalars(query.order_by(Booking.starts_at)))


def _leave(session: Session, booking: Booking, resource_ids: set[str]) -> None:
    session.execute(
        delete(Occupancy).where(Occupancy.booking_id == booking.id, Occupancy.resource_id.in_(resource_ids))
    )
    booking.footprint = written(place for place in footprint_of(booking) if place[0] not in resource_ids)


def retire_resource(viewer: Viewer, resource_id: str, now: datetime) -> None:
    """A bench is no longer booked. Raises NotFound, StillBooked."""
    with transaction() as session:
        row = own_resource(session, viewer, resource_id)
        used = select(Occupancy.booking_id).where(Occupancy.resource_id == row.id, Occupancy.ends_at > now)
        codes = open_codes(session, Booking.id.in_(used))
        if codes:
            raise StillBooked(codes=codes)
        row.retired_at, row.origin = now, LAB
        log.record(session, "resource.retired", row, by=viewer, at=now, name=row.name_zh)
        touch(session, row.lab_id)
