"""Closures: a bench taken out of use. They write `occupancy` like a booking does, under the same guard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.booking import occupancy, queries, rules
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking, Closure, ClosureKind, Occupancy
from app.database import transaction
from app.errors import N_, Invalid
from app.events import log
from app.labs.models import Resource
from app.worktime import Interval


@dataclass(frozen=True, slots=True)
class CloseResource:
    """Close a resource over [starts_at, ends_at), aware. The reason is for the lab's own eyes."""

    resource_id: str
    starts_at: datetime
    ends_at: datetime
    kind: ClosureKind
    reason: str = ""


def close(viewer: Viewer, command: CloseResource, now: datetime) -> Closure:
    """Take a resource out of use. Raises NotFound (also for another lab's), Invalid, ClosureHits with the codes of
    bookings in the way; then nothing is stored and no booking touched.
    """
    if command.ends_at <= command.starts_at:
        raise Invalid(N_("结束时间要在开始时间之后。"), field="ends_at")
    span = Interval(command.starts_at, command.ends_at)
    with transaction() as session:
        resource = session.get(Resource, command.resource_id, with_for_update=True)
        require_visible(viewer, Action.CLOSE_RESOURCE, resource)
        assert resource is not None
        _check_clear(session, resource, span, now)
        closure = Closure(
            lab_id=resource.lab_id,
            resource_id=resource.id,
            kind=command.kind,
            reason=command.reason,
            starts_at=span.start,
            ends_at=span.end,
            created_by_id=viewer.user_id,
            created_at=now,
        )
        session.add(closure)
        session.flush()
        occupancy.take_closure(session, closure)
        facts: dict[str, Any] = {
            "resource": resource.id,
            "starts_at": span.start.isoformat(),
            "ends_at": span.end.isoformat(),
        }
        log.record(session, "closure.closed", closure, by=viewer, at=now, closure=command.kind.value, **facts)
        return closure


def reopen(viewer: Viewer, closure_id: str, now: datetime) -> Closure:
    """End a closure: now if it has begun, altogether if not. Raises NotFound."""
    with transaction() as session:
        closure = session.get(Closure, closure_id)
        require_visible(viewer, Action.CLOSE_RESOURCE, closure)
        assert closure is not None
        for row in session.scalars(select(Occupancy).where(Occupancy.closure_id == closure.id)):
            if row.starts_at < now < row.ends_at:
                row.ends_at = now
            elif row.starts_at >= now:
                session.delete(row)
        if closure.starts_at < now < closure.ends_at:
            closure.ends_at = now
        log.record(session, "closure.reopened", closure, by=viewer, at=now, resource=closure.resource_id)
        return closure


def _check_clear(session: Session, resource: Resource, span: Interval, now: datetime) -> None:
    rows = clear_lapsed(session, queries.in_the_way(session, [resource.id], span), now)
    if not rows:
        return
    ids = {row.booking_id for row in rows if row.booking_id}
    codes = session.scalars(select(Booking.code).where(Booking.id.in_(ids)).order_by(Booking.starts_at)).all()
    raise rules.ClosureHits(codes=", ".join(codes) or "-")
