"""Orders: drafting, and how their lines follow the bookings.

A direct order is made by a booking, has one line and closes with that booking. The line of any other order outlives
its bookings: without one it waits for another slot.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.events.log import Actor
from app.identifiers import code, new_id
from app.inserting import new_row
from app.labs.queries import lab_can
from app.orders import queries, rules
from app.orders.models import (
    Order,
    OrderLine,
    OrderState,
    Purpose,
    Remains,
    ReportLanguage,
)

OPEN_TO_EDIT = (OrderState.DRAFT,)


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order says beside its lines; amount in yuan. Private to company and lab."""

    purpose: Purpose | None = None
    decision_rule: str = ""
    applicant: str = ""
    contract_number: str = ""
    amount: Decimal | None = None
    witness: bool = False
    remains: Remains | None = None
    report_language: ReportLanguage | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewLine:
    """A test, and the sample that it is done on as the company calls it."""

    test_id: str
    sample: str = ""
    wants_proposal: bool = False


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A draft at one lab."""

    lab_id: str
    lines: tuple[NewLine, ...] = ()
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class EditTerms:
    order_id: str
    version: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class AddLine:
    order_id: str
    version: int
    line: NewLine


# What the company does with a draft


def create(viewer: Viewer, command: NewOrder, now: datetime) -> Order:
    """A draft with its lines. Raises Forbidden, Invalid, TooManyLines."""
    require(viewer, Action.BOOK)
    with transaction() as session:
        if not queries.lab_exists(session, command.lab_id):
            raise Invalid(N_("没有这个实验室。"), field="lab")
        order = Order(**_new_order(viewer, command.lab_id, now, direct=False))
        _set_terms(order, command.terms)
        session.add(order)
        for line in command.lines:
            _add_line(session, order, line)
        session.flush()
        log.record(session, "order.drafted", order, by=viewer, at=now, for_lab=False)
        return order


def copy(viewer: Viewer, order_id: str, now: datetime) -> Order:
    """A new draft with the same tests, samples and wishes, without contract number and amount. Raises NotFound."""
    require(viewer, Action.BOOK)
    with transaction() as session:
        source = session.get(Order, order_id)
        require_visible(viewer, Action.SEE_BOOKING, source)
        assert source is not None
        order = Order(**_new_order(viewer, source.lab_id, now, direct=False))
        _set_terms(order, _copied_terms(source))
        session.add(order)
        live = [line for line in source.lines if line.state.value not in rules.CLOSED] or source.lines
        for line in live:
            _add_line(session, order, NewLine(line.test_id, line.sample, line.wants_proposal))
        session.flush()
        log.record(session, "order.drafted", order, by=viewer, at=now, for_lab=False, copied_from=source.code)
        return order


def edit_terms(viewer: Viewer, command: EditTerms, now: datetime) -> Order:
    """The company writes what the order says, in a draft or answering; what says nothing new is no change.

    Raises OrderClosed, OrderStale.
    """
    with transaction() as session:
        order = open_order(session, viewer, command.order_id, command.version, Action.CHANGE_OWN_BOOKING)
        _check_editable(order)
        if all(getattr(order, name) == getattr(command.terms, name) for name in Terms.__dataclass_fields__):
            return order
        _set_terms(order, command.terms)
        order.version += 1
        log.record(session, "order.edited", order, by=viewer, at=now, for_lab=order.submitted_at is not None)
        return order


def add_line(viewer: Viewer, command: AddLine, now: datetime) -> OrderLine:
    """One more test. Raises OrderClosed, OrderStale, Invalid, TooManyLines."""
    with transaction() as session:
        order = open_order(session, viewer, command.order_id, command.version, Action.CHANGE_OWN_BOOKING)
        _check_editable(order)
        line = _add_line(session, order, command.line)
        if order.submitted_at is not None:
            line.state, line.submitted_at = OrderState.SUBMITTED, now
        order.version += 1
        session.flush()
        log.record(
            session,
            "order.line_added",
            order,
            by=viewer,
            at=now,
            for_lab=order.submitted_at is not None,
            line=line.id,
            test=line.test_id,
        )
        return line


def unreviewed(line: OrderLine) -> bool:
    """Whether its order has a review of its own that has not accepted it yet."""
    return not line.order.direct and line.accepted_at is None


def check_accepted(line: OrderLine) -> None:
    """Raises ReviewMissing where it is unreviewed: no work before the contract is clear (ISO/IEC 17025, 7.1)."""
    if unreviewed(line):
        raise rules.ReviewMissing(code=line.order.code)


# What services of rooms further down share


def open_order(session: Session, viewer: Viewer, order_id: str, version: int, action: Action) -> Order:
    """The order, locked, seen by the viewer, in the version he saw. Raises NotFound, Forbidden, OrderStale."""
    order = session.get(Order, order_id, with_for_update={"of": Order}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, order)
    assert order is not None
    if order.submitted_at is None and not viewer.is_company:
        raise NotFound()
    require(viewer, action, order)
    if version != order.version:
        raise rules.OrderStale()
    return order


def line_of(order: Order, line_id: str) -> OrderLine:
    """A line of the order. Raises NotFound."""
    found = next((line for line in order.lines if line.id == line_id), None)
    if found is None:
        raise NotFound()
    return found


def submit_order(session: Session, order: Order, viewer: Viewer, now: datetime) -> None:
    """All drafted lines are submitted; the caller has seen to their slots. Raises NoLines, OrderClosed."""
    drafted = [line for line in order.lines if line.state is OrderState.DRAFT]
    if not any(line.state.value not in rules.CLOSED for line in order.lines):
        raise rules.NoLines()
    if not drafted:
        raise rules.OrderClosed()
    for line in drafted:
        submit(session, line, viewer, now)


def _check_editable(order: Order) -> None:
    if order.direct or not (order.state in OPEN_TO_EDIT or order.returned):
        raise rules.OrderClosed()


def _copied_terms(source: Order) -> Terms:
    return Terms(
        purpose=source.purpose,
        decision_rule=source.decision_rule,
        applicant=source.applicant,
        witness=source.witness,
        remains=source.remains,
        report_language=source.report_language,
        note=source.note,
    )


def _set_terms(order: Order, terms: Terms) -> None:
    for name in Terms.__dataclass_fields__:
        setattr(order, name, getattr(terms, name))


def _add_line(session: Session, order: Order, new: NewLine) -> OrderLine:
    if len(order.lines) >= rules.MOST_LINES:
        raise rules.TooManyLines(limit=rules.MOST_LINES)
    if not lab_can(session, order.lab_id, new.test_id):
        raise Invalid(N_("这个实验室不做这个项目，请另选。"), field="test")
    line = OrderLine(
        id=new_id(),
        order_id=order.id,
        company_id=order.company_id,
        lab_id=order.lab_id,
        test_id=new.test_id,
        sample=new.sample,
        wants_proposal=new.wants_proposal,
        position=max((each.position for each in order.lines), default=0) + 1,
        attempt=1,
        customer_seconds=0,
        paused_seconds=0,
        sample_late_seconds=0,
        state=OrderState.DRAFT,
    )
    order.lines.append(line)
    return line


def _new_order(viewer: Viewer, lab_id: str, now: datetime, direct: bool) -> dict[str, Any]:
    """The columns of a new order."""
    return {
        "id": new_id(),
        "code": code("W", now),
        "company_id": viewer.organisation_id,
        "lab_id": lab_id,
        "state": OrderState.DRAFT,
        "version": 1,
        "created_at": now,
        "created_by_id": viewer.user_id,
        "direct": direct,
        "decision_rule": "",
        "applicant": "",
        "contract_number": "",
        "witness": False,
        "note": "",
    }


# How lines follow their bookings


def draft(viewer: Viewer, lab_id: str, test_id: str, sample: str, now: datetime) -> OrderLine:
    """A direct order of one line for the viewer's company; the caller stores both with its booking."""
    order = new_row(Order, **_new_order(viewer, lab_id, now, direct=True))
    return new_row(
        OrderLine,
        id=new_id(),
        order_id=order.id,
        order=order,
        company_id=order.company_id,
        lab_id=lab_id,
        test_id=test_id,
        sample=sample,
        position=1,
        attempt=1,
        customer_seconds=0,
        paused_seconds=0,
        sample_late_seconds=0,
        state=OrderState.DRAFT,
        wants_proposal=False,
    )


def submit(session: Session, line: OrderLine, by: Actor, now: datetime) -> None:
    """The request submits the line; asked again after a move, a direct order waits for review again."""
    order = line.order
    line.submitted_at = line.submitted_at or now
    order.submitted_at = order.submitted_at or line.submitted_at
    if not order.direct and line.accepted_at is not None:
        return
    line.accepted_at = None
    _to(session, line, OrderState.SUBMITTED, by, now)


def accept(session: Session, line: OrderLine, by: Actor, now: datetime) -> None:
    if line.accepted_at is not None:
        return
    line.accepted_at = now
    _to(session, line, OrderState.ACCEPTED, by, now)


def take_back(session: Session, line: OrderLine, by: Actor, accepted: bool, now: datetime) -> None:
    """A decision on its booking is undone: a direct order goes back to review, or to accepted. Others did not go with
    it.
    """
    if not line.order.direct:
        return
    if not accepted:
        line.accepted_at = None
    _to(session, line, OrderState.ACCEPTED if accepted else OrderState.SUBMITTED, by, now)


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
    """The booking ended without a test: a direct order ends with it, another line waits for a new slot."""
    if line.order.direct:
        close_line(session, line, by, rejected, now)


def close_line(session: Session, line: OrderLine, by: Actor, rejected: bool, now: datetime) -> None:
    """The line will not be tested."""
    _to(session, line, OrderState.REJECTED if rejected else OrderState.CANCELLED, by, now)


def _to(session: Session, line: OrderLine, state: OrderState, by: Actor, now: datetime) -> None:
    order = line.order
    line.state = state
    before, order.state = order.state, state if order.direct else _settled(session, line)
    order.version += 1
    # An order that was never submitted is the company's own business, its end too.
    told: dict[str, Any] = {"for_lab": line.submitted_at is not None, "line": line.id}
    if not order.direct:
        log.record(session, f"order.line_{state.value}", order, by=by, at=now, **told)
    if order.direct or order.state is not before:
        log.record(session, f"order.{order.state.value}", order, by=by, at=now, **told)


def _settled(session: Session, line: OrderLine) -> OrderState:
    """The order's state as its lines are now: with the order locked, for two of them may change at once."""
    session.flush()
    queries.lock_order(session, line.order_id)
    return OrderState(rules.order_state(queries.line_states(session, line.order_id)))
