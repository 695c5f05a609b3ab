"""Amendments (合同变更; ISO/IEC 17025:2017, 7.1.6): one side proposes, and only what the other accepts holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer
from app.database import db, transaction
from app.errors import N_, Forbidden, Invalid, NotFound
from app.events import log
from app.orders import rules, service
from app.orders.models import (
    AmendmentState,
    Order,
    OrderAmendment,
    OrderLine,
    OrderState,
    Purpose,
    Remains,
    ReportLanguage,
)
from app.orders.service import Terms

# From acceptance to the last report.
AMENDABLE = (OrderState.ACCEPTED, OrderState.TESTING, OrderState.REPORTING)
SAMPLE = "sample"
_READ: Mapping[str, Any] = {
    "purpose": Purpose,
    "remains": Remains,
    "report_language": ReportLanguage,
    "amount": Decimal,
}


@dataclass(frozen=True, slots=True)
class Propose:
    """terms: fields of `Terms` with their new values; what is as before is no change. line_id, sample: another sample
    for a line that has not begun, instead.
    """

    order_id: str
    version: int
    reason: str
    terms: Mapping[str, Any] = field(default_factory=dict)
    line_id: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """version: of the order as the one who answers saw it."""

    order_id: str
    number: int
    version: int
    reason: str = ""


def amendments_of(order_id: str) -> list[OrderAmendment]:
    """All amendments of an order, the newest first."""
    query = select(OrderAmendment).where(OrderAmendment.order_id == order_id)
    return list(db.session.scalars(query.order_by(OrderAmendment.number.desc())))


def propose(viewer: Viewer, command: Propose, now: datetime) -> OrderAmendment:
    """Raises OrderClosed, AmendmentOpen, CommentMissing, Invalid where nothing would change, OrderStale, NotFound,
    Forbidden.
    """
    with transaction() as session:
        order = service.open_order(session, viewer, command.order_id, command.version, Action.AMEND)
        if not amendable(order):
            raise rules.OrderClosed()
        if _open_one(session, order.id):
            raise rules.AmendmentOpen()
        reason = rules.check_reason(command.reason)
        changes = _sample_change(order, command) if command.line_id else _changes(order, command.terms)
        if not changes:
            raise Invalid(N_("没有改动，请先改要变更的内容。"), field="terms")
        last = session.scalar(select(func.max(OrderAmendment.number)).where(OrderAmendment.order_id == order.id))
        amendment = OrderAmendment(
            order_id=order.id,
            company_id=order.company_id,
            lab_id=order.lab_id,
            number=(last or 0) + 1,
            by_lab=viewer.is_lab,
            line_id=command.line_id or None,
            changes=changes,
            reason=reason,
            state=AmendmentState.PROPOSED,
            proposed_by_id=viewer.user_id,
            proposed_at=now,
        )
        session.add(amendment)
        order.version += 1
        session.flush()
        log.record(session, "order.amendment_proposed", order, by=viewer, at=now, number=amendment.number)
        return amendment


def amendable(order: Order) -> bool:
    """Whether its terms are agreed and it is not over."""
    return not order.direct and order.state in AMENDABLE


def settle(session: Session, viewer: Viewer, command: Answer, now: datetime) -> OrderAmendment:
    """The other side accepts, in a transaction: the order says what was proposed. The caller sees to bookings.

    Raises WrongAmendment, OrderStale (also: where it no longer says what was to be changed), Forbidden, NotFound.
    """
    order, amendment = _proposed(session, viewer, command)
    if not amendable(order):
        raise rules.OrderClosed()
    if amendment.by_lab == viewer.is_lab:
        raise Forbidden()
    if amendment.line_id:
        _change_sample(service.line_of(order, amendment.line_id), amendment)
    else:
        _change_terms(order, amendment)
    _answered(session, order, amendment, AmendmentState.ACCEPTED, viewer, command, now)
    return amendment


def refuse(viewer: Viewer, command: Answer, now: datetime) -> OrderAmendment:
    """The other side does not want it: the order stays as it is. Raises WrongAmendment, OrderStale, Forbidden."""
    with transaction() as session:
        order, amendment = _proposed(session, viewer, command)
        if amendment.by_lab == viewer.is_lab:
            raise Forbidden()
        _answered(session, order, amendment, AmendmentState.REFUSED, viewer, command, now)
        return amendment


def withdraw(viewer: Viewer, command: Answer, now: datetime) -> OrderAmendment:
    """The side that proposed takes it back. Raises WrongAmendment, OrderStale, Forbidden, NotFound."""
    with transaction() as session:
        order, amendment = _proposed(session, viewer, command)
        if amendment.by_lab != viewer.is_lab:
            raise Forbidden()
        _answered(session, order, amendment, AmendmentState.WITHDRAWN, viewer, command, now)
        return amendment


def _proposed(session: Session, viewer: Viewer, command: Answer) -> tuple[Order, OrderAmendment]:
    order = service.open_order(session, viewer, command.order_id, command.version, Action.AMEND)
    query = select(OrderAmendment).where(OrderAmendment.order_id == order.id, OrderAmendment.number == command.number)
    amendment = session.scalar(query)
    if amendment is None:
        raise NotFound()
    if amendment.state is not AmendmentState.PROPOSED:
        raise rules.WrongAmendment()
    return order, amendment


def _answered(
    session: Session,
    order: Order,
    amendment: OrderAmendment,
    state: AmendmentState,
    viewer: Viewer,
    command: Answer,
    now: datetime,
) -> None:
    amendment.state, amendment.answer = state, rules.optional_text(command.reason)
    amendment.answered_by_id, amendment.answered_at = viewer.user_id, now
    order.version += 1
    log.record(session, f"order.amendment_{state.value}", order, by=viewer, at=now, number=amendment.number)


def _open_one(session: Session, order_id: str) -> bool:
    query = select(OrderAmendment.id).where(
        OrderAmendment.order_id == order_id, OrderAmendment.state == AmendmentState.PROPOSED
    )
    return session.scalar(query) is not None


def _changes(order: Order, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Old and new of each field that differs, as JSON."""
    known = {each.name for each in fields(Terms)}
    return {
        name: [_stored(getattr(order, name)), _stored(value)]
        for name, value in terms.items()
        if name in known and getattr(order, name) != value
    }


def _sample_change(order: Order, command: Propose) -> dict[str, Any]:
    line = service.line_of(order, command.line_id)
    _check_not_begun(line)
    return {SAMPLE: [line.sample, command.sample]} if line.sample != command.sample else {}


def _check_not_begun(line: OrderLine) -> None:
    if line.state is not OrderState.ACCEPTED:
        raise rules.OrderClosed()


def _change_sample(line: OrderLine, amendment: OrderAmendment) -> None:
    before, after = amendment.changes[SAMPLE]
    _check_not_begun(line)
    if line.sample != before:
        raise rules.OrderStale()
    line.sample = after


def _change_terms(order: Order, amendment: OrderAmendment) -> None:
    for name, (before, after) in amendment.changes.items():
        if _stored(getattr(order, name)) != before:
            raise rules.OrderStale()
        setattr(order, name, read(name, after))


def read(name: str, stored: Any) -> Any:
    """The value of a field of `Terms` from its JSON."""
    return _READ[name](stored) if stored is not None and name in _READ else stored


def _stored(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value
