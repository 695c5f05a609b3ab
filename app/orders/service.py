"""Orders follow their bookings: each step of a booking moves its line and its one-line order."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.database import code, new_id
from app.events import log
from app.events.log import Actor
from app.orders.models import Order, OrderLine, OrderState


def draft(viewer: Viewer, lab_id: str, test_id: str, sample: str, now: datetime) -> OrderLine:
    """A draft order of one line for the viewer's company; the caller stores both with its booking."""
    order = Order(
        id=new_id(),
        code=code("W", now),
        company_id=viewer.organisation_id,
        lab_id=lab_id,
        state=OrderState.DRAFT,
        version=1,
        created_at=now,
        created_by_id=viewer.user_id,
    )
    return OrderLine(
        id=new_id(),
        order_id=order.id,
        order=order,
        company_id=order.company_id,
        lab_id=lab_id,
        test_id=test_id,
        sample=sample,
    )


def move_to_lab(line: OrderLine, lab_id: str) -> None:
    """The line is to be done at another lab than first asked."""
    line.lab_id = line.order.lab_id = lab_id


def submit(session: Session, line: OrderLine, by: Actor, now: datetime) -> None:
    """The request submits the order; asked again after a move, it waits for review again."""
    line.submitted_at = line.submitted_at or now
    line.accepted_at = None
    _to(session, line, OrderState.SUBMITTED, by, now)


def accept(session: Session, line: OrderLine, by: Actor, now: datetime) -> None:
    line.accepted_at = now
    _to(session, line, OrderState.ACCEPTED, by, now)


def begin_testing(session: Session, line: OrderLine, by: Actor, now: datetime) -> None:
    line.taken_at = now
    _to(session, line, OrderState.TESTING, by, now)


def end_testing(session: Session, line: OrderLine, by: Actor, now: datetime) -> None:
    line.ended_at = now
    _to(session, line, OrderState.REPORTING, by, now)


def issue(session: Session, line: OrderLine, by: Actor, issued_at: datetime, now: datetime) -> None:
    """The report's issue ends the turnaround of the line."""
    line.issued_at = issued_at
    _to(session, line, OrderState.ISSUED, by, now)


def close(session: Session, line: OrderLine, by: Actor, rejected: bool, now: datetime) -> None:
    """The line will not be tested: the lab declined, or it was cancelled or lapsed."""
    _to(session, line, OrderState.REJECTED if rejected else OrderState.CANCELLED, by, now)


def _to(session: Session, line: OrderLine, state: OrderState, by: Actor, now: datetime) -> None:
    line.order.state = state
    line.order.version += 1
    # An order that was never submitted is the company's own business, its end too.
    for_lab = line.submitted_at is not None
    log.record(session, f"order.{state.value}", line.order, by=by, at=now, for_lab=for_lab, line=line.id)
