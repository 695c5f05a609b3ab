"""The stopped clock: while the next step is the customer's, the time is his and is counted apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, visible
from app.database import db, transaction
from app.events import log
from app.events.log import Actor
from app.orders import rules, service
from app.orders.models import ClockStop, Order, OrderLine, StopCause


@dataclass(frozen=True, slots=True)
class Stop:
    """version: the order's. note: what exactly is waited for."""

    order_id: str
    version: int
    cause: StopCause
    note: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    order_id: str
    version: int


def stop(viewer: Viewer, command: Stop, now: datetime) -> ClockStop:
    """The lab waits for the customer. Raises ClockStopped, OrderClosed, OrderStale, NotFound, Forbidden."""
    with transaction() as session:
        order = service.open_order(session, viewer, command.order_id, command.version, Action.DECIDE_BOOKING)
        if not any(_counts(line) for line in order.lines):
            raise rules.OrderClosed()
        if open_stop(session, order.id) is not None:
            raise rules.ClockStopped()
        order.version += 1
        return stop_clock(session, order, command.cause, command.note, viewer, now)


def resume(viewer: Viewer, command: Resume, now: datetime) -> Order:
    """What was waited for has come. Raises ClockRuns, OrderStale, NotFound, Forbidden."""
    with transaction() as session:
        order = service.open_order(session, viewer, command.order_id, command.version, Action.DECIDE_BOOKING)
        if open_stop(session, order.id) is None:
            raise rules.ClockRuns()
        order.version += 1
        start_clock(session, order, viewer, now)
        return order


def stop_clock(session: Session, order: Order, cause: StopCause, note: str, by: Actor, now: datetime) -> ClockStop:
    """From now on the time is the customer's; where it is already, that stop goes on."""
    known = open_stop(session, order.id)
    if known is not None:
        return known
    made = ClockStop(
        order_id=order.id,
        company_id=order.company_id,
        lab_id=order.lab_id,
        cause=cause,
        note=note,
        started_at=now,
        started_by_id=by.user_id,
    )
    session.add(made)
    session.flush()
    log.record(session, "order.clock_stopped", order, by=by, at=now, cause=cause.value)
    return made


def start_clock(session: Session, order: Order, by: Actor, now: datetime, cause: StopCause | None = None) -> None:
    """The lab can go on: what the customer took is written to each line. cause: only if this was waited for."""
    known = open_stop(session, order.id)
    if known is None or (cause is not None and known.cause is not cause):
        return
    known.ended_at = now
    for line in order.lines:
        if _counts(line):
            line.customer_seconds += _share(known, line, now)
    log.record(session, "order.clock_started", order, by=by, at=now, cause=known.cause.value)


def settle(session: Session, line: OrderLine, issued_at: datetime) -> None:
    """A line is issued while its order still waits for something: its share so far is written down."""
    known = open_stop(session, line.order_id)
    if known is not None:
        line.customer_seconds += _share(known, line, issued_at)


def open_stop(session: Session, order_id: str) -> ClockStop | None:
    """What the order waits for; None while the lab is at work."""
    return session.scalar(select(ClockStop).where(ClockStop.order_id == order_id, ClockStop.ended_at.is_(None)))


def open_stops(order_ids: Iterable[str]) -> dict[str, ClockStop]:
    """The open stop of each of these orders that has one."""
    query = select(ClockStop).where(ClockStop.order_id.in_(list(order_ids)), ClockStop.ended_at.is_(None))
    return {stop.order_id: stop for stop in db.session.scalars(query)}


def stops_of(viewer: Viewer, order_id: str) -> list[ClockStop]:
    """Stops of an order that the viewer may read, oldest first: a lab those that were its own."""
    query = select(ClockStop).where(ClockStop.order_id == order_id, visible(viewer, Action.SEE_MESSAGE, ClockStop))
    return list(db.session.scalars(query.order_by(ClockStop.started_at)))


def _counts(line: OrderLine) -> bool:
    """Whether the turnaround of the line is running."""
    return line.submitted_at is not None and line.issued_at is None and line.state.value not in rules.CLOSED


def _share(known: ClockStop, line: OrderLine, until: datetime) -> int:
    assert line.submitted_at is not None  # `_counts`, or it is issued
    return max(int((until - max(known.started_at, line.submitted_at)).total_seconds()), 0)
