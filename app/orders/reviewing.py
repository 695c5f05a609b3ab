"""Contract review (ISO/IEC 17025:2017, 7.1): the lab accepts an order, returns it with questions or rejects it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer
from app.database import transaction
from app.events import log
from app.orders import queries, rules, service, stops
from app.orders.models import ContractReview, Order, OrderState, Outcome, StopCause


@dataclass(frozen=True, slots=True)
class Review:
    """One round of contract review. checklist: by item of `rules.CHECKLIST`, for all lines under review; lines: for
    one of them, by its id.
    """

    order_id: str
    version: int
    checklist: Mapping[str, bool] = field(default_factory=dict)
    comment: str = ""
    lines: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)


def accept_order(viewer: Viewer, command: Review, now: datetime) -> Order:
    """The lab accepts what was submitted. Raises ReviewIncomplete, OrderClosed, OrderStale, NotFound, Forbidden."""
    with transaction() as session:
        order = service.open_order(session, viewer, command.order_id, command.version, Action.DECIDE_BOOKING)
        _check_under_review(order)
        positions = _positions(order)
        rules.check_review(positions, rules.checked_lines(positions, command.checklist, command.lines))
        _reviewed(session, order, Outcome.ACCEPTED, viewer, command, now)
        order.returned_at = None
        stops.start_clock(session, order, viewer, now, StopCause.QUESTION)
        for line in order.lines:
            if line.state is OrderState.SUBMITTED:
                service.accept(session, line, viewer, now)
        order.version += 1
        return order


def return_order(viewer: Viewer, command: Review, now: datetime) -> Order:
    """The lab has questions; until they are answered the clock is the company's. Raises CommentMissing, OrderClosed."""
    with transaction() as session:
        order = service.open_order(session, viewer, command.order_id, command.version, Action.DECIDE_BOOKING)
        _check_under_review(order)
        comment = rules.check_comment(command.comment)
        if order.returned:
            raise rules.OrderClosed()
        _reviewed(session, order, Outcome.RETURNED, viewer, command, now)
        order.returned_at = now
        order.version += 1
        stops.stop_clock(session, order, StopCause.QUESTION, comment, viewer, now)
        log.record(session, "order.returned", order, by=viewer, at=now, reason=comment)
        return order


def reject_review(session: Session, viewer: Viewer, command: Review, now: datetime) -> Order:
    """The lab rejects the order, in a transaction; the caller ends its bookings. Raises CommentMissing, OrderClosed."""
    order = service.open_order(session, viewer, command.order_id, command.version, Action.DECIDE_BOOKING)
    _check_under_review(order)
    rules.check_comment(command.comment)
    _reviewed(session, order, Outcome.REJECTED, viewer, command, now)
    order.returned_at = None
    return order


def answer(session: Session, order: Order, viewer: Viewer, now: datetime) -> None:
    """The company submits again what was returned: its time ends, the lab's begins."""
    review = queries.last_review(session, order.id)
    if review is not None and review.outcome is Outcome.RETURNED:
        review.answered_at = now
    order.returned_at = None
    order.version += 1
    stops.start_clock(session, order, viewer, now, StopCause.QUESTION)
    log.record(session, "order.answered", order, by=viewer, at=now)


def _check_under_review(order: Order) -> None:
    if not any(line.state is OrderState.SUBMITTED for line in order.lines):
        raise rules.OrderClosed()


def _positions(order: Order) -> dict[str, int]:
    """Of the lines under review."""
    return {line.id: line.position for line in order.lines if line.state is OrderState.SUBMITTED}


def _reviewed(session: Session, order: Order, outcome: Outcome, viewer: Viewer, command: Review, now: datetime) -> None:
    last = queries.last_review(session, order.id)
    lines = rules.checked_lines(_positions(order), command.checklist, command.lines)
    session.add(
        ContractReview(
            order_id=order.id,
            company_id=order.company_id,
            lab_id=order.lab_id,
            round=last.round + 1 if last else 1,
            outcome=outcome,
            checklist={item: all(holds[item] for holds in lines.values()) for item in rules.CHECKLIST},
            lines=lines,
            comment=command.comment.strip(),
            reviewed_by_id=viewer.user_id,
            reviewed_at=now,
        )
    )
