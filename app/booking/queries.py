"""Questions about bookings and taken time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, distinct, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.policy import Action, Viewer, require_visible, visible
from app.booking.models import Booking, Occupancy
from app.booking.rules import State
from app.database import db, execute
from app.labs.models import Lab, Resource, Test
from app.orders.models import OrderLine
from app.prepared import ask
from app.worktime import Interval


class Taken(NamedTuple):
    """Time that is taken at one place of a resource; whose it is, is compared and never shown.

    state_id: the state in which the bench is left. company_id: None for a closure. shielded: out of others' sight.
    """

    place: int
    when: Interval
    state_id: str | None = None
    company_id: str | None = None
    shielded: bool = False


class InTheWay(NamedTuple):
    """A row of `occupancy` that a writer meets; booking_id None: a closure."""

    resource_id: str
    place: int
    expires_at: datetime | None
    proposed: bool
    booking_id: str | None
    starts_at: datetime
    ends_at: datetime
    state_id: str | None
    company_id: str | None
    shielded: bool

    @property
    def taken(self) -> Taken:
        """The row as availability reads it."""
        when = Interval(self.starts_at, self.ends_at)
        return Taken(self.place, when, self.state_id, self.company_id, self.shielded)


TAKEN = (
    select(
        Occupancy.resource_id,
        Occupancy.place,
        Occupancy.starts_at,
        Occupancy.ends_at,
        Occupancy.state_id,
        Occupancy.company_id,
        Occupancy.shielded,
    )
    .where(
        Occupancy.resource_id.in_(bindparam("resources", expanding=True)),
        Occupancy.ends_at > bindparam("start"),
        Occupancy.starts_at < bindparam("end"),
        or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > bindparam("now")),
    )
    .order_by(Occupancy.starts_at)
)


def taken(resource_ids: Iterable[str], span: Interval, now: datetime) -> dict[str, list[Taken]]:
    """Live occupancy that meets `span`, by resource; one statement for any number of resources.

    Holds and proposals past their end block nobody, whether or not the job has cleared them away.
    """
    asked = {"resources": list(set(resource_ids)), "start": span.start, "end": span.end, "now": now}
    db.session.flush()
    found: dict[str, list[Taken]] = defaultdict(list)
    for resource_id, place, starts_at, ends_at, state, company, shielded in execute(db.session(), TAKEN, asked).all():
        found[resource_id].append(Taken(place, Interval(starts_at, ends_at), state, company, shielded))
    return found


@cache
def _in_the_way(resources: int) -> Select[*tuple[Any, ...]]:
    """The statement for so many resources, `resource_0` …"""
    return select(
        Occupancy.resource_id,
        Occupancy.place,
        Occupancy.expires_at,
        Occupancy.proposed,
        Occupancy.booking_id,
        Occupancy.starts_at,
        Occupancy.ends_at,
        Occupancy.state_id,
        Occupancy.company_id,
        Occupancy.shielded,
    ).where(
        Occupancy.resource_id.in_([bindparam(f"resource_{number}") for number in range(resources)]),
        Occupancy.ends_at > bindparam("start"),
        Occupancy.starts_at < bindparam("end"),
    )


def in_the_way(session: Session, resource_ids: Sequence[str], when: Interval) -> list[InTheWay]:
    """Rows that meet the time, lapsed ones too: a writer clears those away first."""
    asked = {f"resource_{number}": ident for number, ident in enumerate(resource_ids)}
    session.flush()
    rows = ask(session, _in_the_way(len(resource_ids)), {**asked, "start": when.start, "end": when.end})
    return [InTheWay._make(row) for row in rows]


def visible_booking(viewer: Viewer, booking_id: str) -> Booking:
    """The booking with what a page shows of it. Raises NotFound for a missing or a foreign one."""
    query = (
        select(Booking)
        .where(Booking.id == booking_id)
        .options(
            joinedload(Booking.resource).joinedload(Resource.lab),
            joinedload(Booking.test).joinedload(Test.method),
            joinedload(Booking.order_line),
            joinedload(Booking.proposal),
        )
    )
    booking = db.session.scalar(query)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    assert booking is not None
    return booking


def visible_bookings(
    viewer: Viewer,
    *,
    states: Sequence[State] = (),
    lab_id: str | None = None,
    span: tuple[datetime | None, datetime | None] = (None, None),
    after: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> list[Booking]:
    """Bookings that the viewer may see, by start and id. span: those that meet [from, to). after: last seen row."""
    query = (
        select(Booking)
        .where(visible(viewer, Action.SEE_BOOKING, Booking))
        .options(
            joinedload(Booking.resource).joinedload(Resource.lab),
            joinedload(Booking.test).joinedload(Test.method),
            joinedload(Booking.order_line),
            joinedload(Booking.proposal),
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(limit)
    )
    start, end = span
    if states:
        query = query.where(Booking.state.in_(states))
    if lab_id:
        query = query.where(Booking.lab_id == lab_id)
    if start:
        query = query.where(Booking.ends_at > start)
    if end:
        query = query.where(Booking.starts_at < end)
    if after:
        query = query.where(
            or_(Booking.starts_at > after[0], (Booking.starts_at == after[0]) & (Booking.id > after[1]))
        )
    return list(db.session.scalars(query))


def live_holds(session: Session, company_id: str, now: datetime) -> int:
    """Holds of the company that have not lapsed; those for the lines of one order count as one."""
    query = (
        select(func.count(distinct(OrderLine.order_id)))
        .select_from(Booking)
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .where(Booking.company_id == company_id, Booking.state == State.HELD, Booking.hold_expires_at > now)
    )
    return session.scalar(query) or 0


def dropped_hold_at(
    session: Session, company_id: str, resource_ids: Sequence[str], starts_at: datetime, since: datetime
) -> datetime | None:
    """When the company last let a hold of this very start go or lapse, if after `since`."""
    query = select(func.max(Booking.changed_at)).where(
        Booking.company_id == company_id,
        Booking.resource_id.in_(resource_ids),
        Booking.starts_at == starts_at,
        Booking.state.in_((State.EXPIRED, State.CANCELLED)),
        Booking.requested_at.is_(None),
        Booking.changed_at > since,
    )
    return session.scalar(query)


def open_bookings(session: Session, organisation_id: str, now: datetime) -> int:
    """Bookings that hold time, or are under way, of a company or at the labs that an operator runs."""
    labs = select(Lab.id).where(Lab.organisation_id == organisation_id)
    own = or_(Booking.company_id == organisation_id, Booking.lab_id.in_(labs))
    held = (Booking.state == State.HELD) & (Booking.hold_expires_at > now)
    asked = (Booking.state == State.REQUESTED) & (Booking.starts_at > now)
    stands = or_(held, asked, Booking.state.in_((State.CONFIRMED, State.RUNNING)))
    return session.scalar(select(func.count()).select_from(Booking).where(own, stands)) or 0


def lapsed(session: Session, now: datetime, limit: int = 200) -> list[Booking]:
    """Holds past their end, and requests whose start has passed."""
    query = (
        select(Booking)
        .where(
            ((Booking.state == State.HELD) & (Booking.hold_expires_at <= now))
            | ((Booking.state == State.REQUESTED) & (Booking.starts_at <= now))
        )
        .with_for_update(skip_locked=True)
        .limit(limit)
    )
    return list(session.scalars(query))


def meeting(resource_id: str, start: datetime, end: datetime) -> list[Booking]:
    """Bookings that hold time of the resource within [start, end), by start; for the lab's own actions."""
    query = (
        select(Booking)
        .join(Occupancy, Occupancy.booking_id == Booking.id)
        .where(Occupancy.resource_id == resource_id, Occupancy.ends_at > start, Occupancy.starts_at < end)
        .order_by(Booking.starts_at)
        .distinct()
    )
    return list(db.session.scalars(query))
