"""Questions about orders."""

import enum
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, allowed, visible
from app.database import db
from app.errors import NotFound
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine, OrderState


class Group(enum.StrEnum):
    """What belongs together on the list of orders."""

    OPEN = "open"
    DRAFT = "draft"
    ISSUED = "issued"
    CLOSED = "closed"


GROUPS = {
    Group.OPEN: (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.TESTING, OrderState.REPORTING),
    Group.DRAFT: (OrderState.DRAFT,),
    Group.ISSUED: (OrderState.ISSUED,),
    Group.CLOSED: (OrderState.REJECTED, OrderState.CANCELLED),
}


class OrderRow(NamedTuple):
    """An order of one line with what its pages show; company None where the viewer may not know it."""

    order: Order
    line: OrderLine
    test: Test
    lab: Lab
    company: Organisation | None


def _readable(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Own orders; for a lab those that were submitted to it: a draft is the company's own business."""
    conditions: list[ColumnElement[bool]] = [visible(viewer, Action.SEE_BOOKING, Order)]
    if not viewer.is_company:
        conditions.append(OrderLine.submitted_at.is_not(None))
    return conditions


def may_read(viewer: Viewer, line: OrderLine) -> bool:
    """Whether who sees a booking also sees its order: the same rule for one line."""
    return viewer.is_company or line.submitted_at is not None


def _rows(viewer: Viewer) -> Select[Order, OrderLine, Test, Lab, Organisation]:
    return (
        select(Order, OrderLine, Test, Lab, Organisation)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Lab, Lab.id == Order.lab_id)
        .join(Organisation, Organisation.id == Order.company_id)
        .where(*_readable(viewer))
        .options(joinedload(Test.method))
    )


def _shown(viewer: Viewer, found: tuple[Order, OrderLine, Test, Lab, Organisation]) -> OrderRow:
    order, line, test, lab, company = found
    return OrderRow(order, line, test, lab, company if allowed(viewer, Action.SEE_BOOKING_COMPANY, order) else None)


def visible_orders(
    viewer: Viewer, group: Group, *, after: tuple[datetime, str] | None = None, limit: int = 50
) -> list[OrderRow]:
    """Orders of a group that the viewer may see, newest first. after: created_at and id of the last one shown."""
    query = _rows(viewer).where(Order.state.in_(GROUPS[group])).order_by(Order.created_at.desc(), Order.id.desc())
    if after:
        earlier = (Order.created_at < after[0], (Order.created_at == after[0]) & (Order.id < after[1]))
        query = query.where(or_(*earlier))
    return [_shown(viewer, row) for row in db.session.execute(query.limit(limit))]


def visible_order(viewer: Viewer, order_id: str) -> OrderRow:
    """One order. Raises NotFound for a missing or a foreign one."""
    found = db.session.execute(_rows(viewer).where(Order.id == order_id)).first()
    if found is None:
        raise NotFound()
    return _shown(viewer, found)


def counts(viewer: Viewer) -> dict[Group, int]:
    """How many orders of each group the viewer may see."""
    query = (
        select(Order.state, func.count())
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(*_readable(viewer))
        .group_by(Order.state)
    )
    found: dict[OrderState, int] = dict(db.session.execute(query).all())
    return {group: sum(found.get(state, 0) for state in states) for group, states in GROUPS.items()}
