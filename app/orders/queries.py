"""Questions about orders."""

import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, allowed, require, require_visible, visible
from app.database import db
from app.errors import NotFound
from app.labs.models import Lab, Test
from app.orders.models import ContractReview, Order, OrderLine, OrderState
from app.orders.rules import CLOSED


class Group(enum.StrEnum):
    """What belongs together on the list of orders."""

    OPEN = "open"
    DRAFT = "draft"
    ISSUED = "issued"
    CLOSED = "closed"

    @classmethod
    def of(cls, text: str) -> "Group":
        """The group of an address; open orders for anything else."""
        return cls(text) if text in set(cls) else cls.OPEN


GROUPS = {
    Group.OPEN: (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.TESTING, OrderState.REPORTING),
    Group.DRAFT: (OrderState.DRAFT,),
    Group.ISSUED: (OrderState.ISSUED,),
    Group.CLOSED: (OrderState.REJECTED, OrderState.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line and its test."""

    line: OrderLine
    test: Test


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with what its pages show; company None where the viewer may not know it."""

    order: Order
    lab: Lab
    company: Organisation | None
    lines: tuple[LineRow, ...]

    @property
    def tests(self) -> tuple[Test, ...]:
        """Of lines that are still to be done; of all where none is."""
        live = tuple(row.test for row in self.lines if row.line.state.value not in CLOSED)
        return live or tuple(row.test for row in self.lines)


def _readable(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Own orders; for a lab those that were submitted to it: a draft is the company's own business."""
    conditions: list[ColumnElement[bool]] = [visible(viewer, Action.SEE_BOOKING, Order)]
    if not viewer.is_company:
        conditions.append(Order.submitted_at.is_not(None))
    return conditions


def may_read(viewer: Viewer, line: OrderLine) -> bool:
    """Whether who sees a booking also sees its order: the same rule for one line."""
    return viewer.is_company or line.submitted_at is not None


# The order of a row, under a name of its own: asked for row by row, for a list of all orders would be read whole.
_Of = aliased(Order)


def was_submitted(order_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether the order that a row names was submitted."""
    return exists().where(_Of.id == order_id, _Of.submitted_at.is_not(None))


def lies_with(viewer: Viewer, order_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether the order that a row names was submitted to a lab of the viewer's and has not gone to another one."""
    return exists().where(_Of.id == order_id, _Of.submitted_at.is_not(None), _Of.lab_id.in_(sorted(viewer.lab_ids)))


def stands_in(order_id: InstrumentedAttribute[str], states: Iterable[OrderState]) -> ColumnElement[bool]:
    """Whether the order that a row names is in one of these states."""
    return exists().where(_Of.id == order_id, _Of.state.in_(list(states)))


def _rows(viewer: Viewer) -> Select[Order, Lab, Organisation]:
    return (
        select(Order, Lab, Organisation)
        .join(Lab, Lab.id == Order.lab_id)
        .join(Organisation, Organisation.id == Order.company_id)
        .where(*_readable(viewer))
    )


def _shown(viewer: Viewer, found: Sequence[tuple[Order, Lab, Organisation]]) -> list[OrderRow]:
    """Two statements for any number of orders: one for them, one for their lines."""
    query = (
        select(OrderLine, Test)
        .join(Test, Test.id == OrderLine.test_id)
        .where(OrderLine.order_id.in_([order.id for order, _lab, _company in found]))
        .options(joinedload(Test.method))
        .order_by(OrderLine.order_id, OrderLine.position, OrderLine.attempt)
    )
    lines: dict[str, list[LineRow]] = defaultdict(list)
    for line, test in db.session.execute(query) if found else ():
        lines[line.order_id].append(LineRow(line, test))
    return [
        OrderRow(
            order,
            lab,
            company if allowed(viewer, Action.SEE_BOOKING_COMPANY, order) else None,
            tuple(lines[order.id]),
        )
        for order, lab, company in found
    ]


def visible_orders(
    viewer: Viewer, group: Group, *, after: tuple[datetime, str] | None = None, limit: int = 50
) -> list[OrderRow]:
    """Orders of a group that the viewer may see, newest first. after: created_at and id of the last one shown."""
    query = _rows(viewer).where(Order.state.in_(GROUPS[group])).order_by(Order.created_at.desc(), Order.id.desc())
    if after:
        earlier = (Order.created_at < after[0], (Order.created_at == after[0]) & (Order.id < after[1]))
        query = query.where(or_(*earlier))
    return _shown(viewer, [(row[0], row[1], row[2]) for row in db.session.execute(query.limit(limit))])


def visible_order(viewer: Viewer, order_id: str) -> OrderRow:
    """One order. Raises NotFound for a missing or a foreign one."""
    found = db.session.execute(_rows(viewer).where(Order.id == order_id)).first()
    if found is None:
        raise NotFound()
    return _shown(viewer, [(found[0], found[1], found[2])])[0]


def is_readable(viewer: Viewer, order_id: str) -> bool:
    """Whether the viewer may read this order."""
    return db.session.scalar(select(Order.id).where(Order.id == order_id, *_readable(viewer))) is not None


def readable_by_code(viewer: Viewer, code: str) -> str | None:
    """The id of the order of this code, if the viewer may read it. A foreign one costs what a missing one costs."""
    return db.session.scalar(select(Order.id).where(Order.code == code, *_readable(viewer)))


def orders_by_id(viewer: Viewer, ids: Iterable[str]) -> dict[str, OrderRow]:
    """Orders of these ids that the viewer may see."""
    found = db.session.execute(_rows(viewer).where(Order.id.in_(list(ids)))).all()
    return {row.order.id: row for row in _shown(viewer, [(each[0], each[1], each[2]) for each in found])}


def counts(viewer: Viewer) -> dict[Group, int]:
    """How many orders of each group the viewer may see."""
    query = select(Order.state, func.count()).where(*_readable(viewer)).group_by(Order.state)
    found: dict[OrderState, int] = dict(db.session.execute(query).all())
    return {group: sum(found.get(state, 0) for state in states) for group, states in GROUPS.items()}


def reviews_of(order_id: str) -> list[ContractReview]:
    """Rounds of an order's review, oldest first."""
    query = select(ContractReview).where(ContractReview.order_id == order_id).order_by(ContractReview.round)
    return list(db.session.scalars(query))


# For services


def order_open_to(session: Session, viewer: Viewer, order_id: str, action: Action) -> Order:
    """An order on which the viewer may do this, which goes to no other lab meanwhile. Raises NotFound (also: a lab
    before it is submitted), Forbidden.
    """
    stays = {"of": Order, "read": True, "key_share": True}
    order = session.get(Order, order_id, with_for_update=stays, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, order)
    assert order is not None
    if not viewer.is_company and order.submitted_at is None:
        raise NotFound()
    require(viewer, action, order)
    return order


def open_orders(session: Session, organisation_id: str, now: datetime) -> int:
    """Orders under way of a company, or at the labs that an operator runs."""
    labs = select(Lab.id).where(Lab.organisation_id == organisation_id)
    own = or_(Order.company_id == organisation_id, Order.lab_id.in_(labs))
    query = select(func.count()).select_from(Order).where(own, Order.state.in_(GROUPS[Group.OPEN]))
    return session.scalar(query) or 0


def lab_exists(session: Session, lab_id: str) -> bool:
    return session.scalar(select(Lab.id).where(Lab.id == lab_id, Lab.retired_at.is_(None))) is not None


def last_review(session: Session, order_id: str) -> ContractReview | None:
    """The newest round of review."""
    query = select(ContractReview).where(ContractReview.order_id == order_id)
    return session.scalar(query.order_by(ContractReview.round.desc()).limit(1))


def lock_order(session: Session, order_id: str) -> None:
    """Nobody else changes the order until this transaction ends."""
    session.execute(select(Order.id).where(Order.id == order_id).with_for_update())


def line_states(session: Session, order_id: str) -> list[str]:
    """The states of an order's lines as they are stored now."""
    return [state.value for state in session.scalars(select(OrderLine.state).where(OrderLine.order_id == order_id))]
