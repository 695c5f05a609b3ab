"""Closures: a bench, or some of its places, taken out of use. They write `occupancy` under the same guard as bookings.

A closure never pushes a booking aside: it takes what is free, and what bookings inside it give back. What they are
offered instead stands in `relocating.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.booking import anew, closed, occupancy, queries, rules
from app.booking.closed import Closing
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking, Closure, ClosureKind
from app.database import db
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.events.log import System
from app.identifiers import new_id
from app.labs.models import Resource
from app.worktime import Interval

MOST_AT_ONCE = 120
# An open end is put off by so much whenever it comes.
PUT_OFF = timedelta(days=1)
_NO_END = N_("结束时间要在开始时间之后，已结束的停用不能再改。")


@dataclass(frozen=True, slots=True)
class CloseResource:
    """Close a resource over [starts_at, ends_at), aware. The reason is for the lab's own eyes.

    places: those that are out, empty for all. open_end: `ends_at` is an estimate. around: bookings inside keep their
    time and their companies are asked; else such a closure is refused.
    """

    resource_id: str
    starts_at: datetime
    ends_at: datetime
    kind: ClosureKind
    reason: str = ""
    places: tuple[int, ...] = ()
    open_end: bool = False
    around: bool = False
    series_id: str | None = field(default=None, compare=False)

    @property
    def span(self) -> Interval:
        return Interval(self.starts_at, self.ends_at)


def close(viewer: Viewer, command: CloseResource, now: datetime) -> Closure:
    """Take a resource out of use. Raises NotFound (also for another lab's), Invalid, ClosureHits with the codes of
    bookings in the way; then nothing is stored and no booking touched.
    """
    return close_all(viewer, [command], now)[0]


def close_all(viewer: Viewer, commands: Sequence[CloseResource], now: datetime) -> list[Closure]:
    """Several closures, all or none; more than one share a series. Raises what `close` raises, Invalid for too many."""
    if len(commands) > MOST_AT_ONCE:
        raise Invalid(N_("一次最多建立 %(most)d 段停用。"), field="until", most=MOST_AT_ONCE)
    series_id = new_id() if len(commands) > 1 else None

    def close_each(session: Session) -> list[Closure]:
        for command in commands:
            _check(session, viewer, command)
        closed.lock(session, [Closing(each.resource_id, each.places, each.span) for each in commands])
        return [_close(session, viewer, command, series_id, now) for command in commands]

    return anew.until_done(close_each)


def _check(session: Session, viewer: Viewer, command: CloseResource) -> None:
    if command.ends_at <= command.starts_at:
        raise Invalid(N_("结束时间要在开始时间之后。"), field="ends_at")
    require_visible(viewer, Action.CLOSE_RESOURCE, session.get(Resource, command.resource_id))


def _close(session: Session, viewer: Viewer, command: CloseResource, series_id: str | None, now: datetime) -> Closure:
    resource, span = session.get_one(Resource, command.resource_id), command.span
    if any(not 1 <= place <= resource.places for place in command.places):
        raise Invalid(N_("这个资源有 %(places)d 个工位。"), field="places", places=resource.places)
    places = closed.places_of(session, resource.id, command.places)
    ids = sorted({resource_id for resource_id, _ in places})
    rows = clear_lapsed(session, queries.in_the_way(session, ids, span), now)
    if not command.around:
        _check_clear(session, [row.booking_id for row in rows if (row.resource_id, row.place) in places])
    closure = Closure(
        lab_id=resource.lab_id,
        resource_id=resource.id,
        kind=command.kind,
        reason=command.reason,
        places=sorted(set(command.places)),
        starts_at=span.start,
        ends_at=span.end,
        open_end=command.open_end,
        series_id=series_id,
        created_by_id=viewer.user_id,
        created_at=now,
    )
    session.add(closure)
    session.flush()
    occupancy.take_closure(session, closure)
    facts: dict[str, Any] = _facts(closure) | {"closure": command.kind.value}
    log.record(session, "closure.closed", closure, by=viewer, at=now, **facts)
    return closure


def _check_clear(session: Session, booking_ids: Sequence[str | None]) -> None:
    if not booking_ids:
        return
    ids = {ident for ident in booking_ids if ident}
    codes = session.scalars(select(Booking.code).where(Booking.id.in_(ids)).order_by(Booking.starts_at)).all()
    raise rules.ClosureHits(codes=", ".join(codes) or "-")


def _facts(closure: Closure) -> dict[str, Any]:
    span = {"starts_at": closure.starts_at.isoformat(), "ends_at": closure.ends_at.isoformat()}
    return {"resource": closure.resource_id, **span}


def reopen(viewer: Viewer, closure_id: str, now: datetime) -> None:
    """End a closure: now if it has begun, altogether if not. Raises NotFound."""

    def end(session: Session) -> None:
        for closure in locked(session, [own_closure(session, viewer, closure_id)]):
            _reopen(session, viewer, closure, now)

    anew.until_done(end)


def reopen_series(viewer: Viewer, closure_id: str, now: datetime) -> int:
    """End a closure and all of its series that come after it; returns how many. Raises NotFound."""

    def end(session: Session) -> int:
        first = own_closure(session, viewer, closure_id)
        later = select(Closure).where(Closure.series_id == first.series_id, Closure.starts_at >= first.starts_at)
        found = locked(session, list(session.scalars(later)) if first.series_id else [first])
        for closure in found:
            _reopen(session, viewer, closure, now)
        return len(found)

    return anew.until_done(end)


def own_closure(session: Session, viewer: Viewer, closure_id: str) -> Closure:
    """A closure of the viewer's lab. Raises NotFound."""
    closure = session.get(Closure, closure_id)
    require_visible(viewer, Action.CLOSE_RESOURCE, closure)
    assert closure is not None
    return closure


def locked(session: Session, found: Sequence[Closure], until: datetime | None = None) -> list[Closure]:
    """These closures as they are once nobody else changes them, nor what they close. Raises NotFound, or as `lock`.

    until: when they are to end, where that is later: what is booked up to then stands still too.
    """
    closings = [
        Closing(each.resource_id, each.places, Interval(each.starts_at, until or each.ends_at)) for each in found
    ]
    (closed.lock if until else closed.lock_benches)(session, closings)
    ids = [closure.id for closure in found]
    query = select(Closure).where(Closure.id.in_(ids)).order_by(Closure.starts_at, Closure.id).with_for_update()
    still = list(session.scalars(query.execution_options(populate_existing=True)))
    if not still:
        raise NotFound()
    return still


def _reopen(session: Session, viewer: Viewer, closure: Closure, now: datetime) -> None:
    log.record(session, "closure.reopened", closure, by=viewer, at=now, resource=closure.resource_id)
    if closure.ends_at <= now:
        return
    if closure.starts_at < now:
        occupancy.end_closure(session, closure, now)
        closure.open_end = False
        return
    remove(session, closure)


def remove(session: Session, closure: Closure) -> None:
    """As if it had never been made; what it took is free."""
    occupancy.end_closure(session, closure, closure.starts_at)


def change_end(viewer: Viewer, closure_id: str, ends_at: datetime, open_end: bool, now: datetime) -> Closure:
    """Expect the resource back at another time. Bookings in the longer time keep it. Raises NotFound, Invalid."""

    def change(session: Session) -> Closure:
        closure = own_closure(session, viewer, closure_id)
        if ends_at <= closure.starts_at:
            raise Invalid(_NO_END, field="ends_at")
        (closure,) = locked(session, [closure], until=ends_at)
        if closure.ends_at <= now:
            raise Invalid(_NO_END, field="ends_at")
        _set_end(session, closure, ends_at)
        closure.open_end = open_end
        log.record(session, "closure.changed", closure, by=viewer, at=now, **_facts(closure))
        return closure

    return anew.until_done(change)


def _set_end(session: Session, closure: Closure, ends_at: datetime) -> None:
    if ends_at < closure.ends_at:
        occupancy.end_closure(session, closure, ends_at)
        return
    closure.ends_at = ends_at
    session.flush()
    occupancy.take_closure(session, closure)


def put_off_open_ends(now: datetime) -> int:
    """Closures whose estimated end has come and that nobody reported back go on for a day; returns how many."""
    due = select(Closure.id).where(Closure.open_end, Closure.ends_at <= now + timedelta(hours=1))
    idents = db.session.scalars(due.order_by(Closure.id)).all()
    return sum(anew.until_done(partial(_put_off, ident=ident, now=now)) for ident in idents)


def _put_off(session: Session, ident: str, now: datetime) -> bool:
    """Whether it still was to be put off."""
    found = session.get(Closure, ident)
    if found is None:
        return False
    until = max(found.ends_at, now) + PUT_OFF
    try:
        (closure,) = locked(session, [found], until)
    except NotFound:
        # Taken back at this moment.
        return False
    if not closure.open_end or closure.ends_at > now + timedelta(hours=1):
        return False
    _set_end(session, closure, until)
    log.record(session, "closure.put_off", closure, by=System(), at=now, **_facts(closure))
    return True
