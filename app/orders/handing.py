"""What leaving staff answer for in orders: those that they drafted and that are not over."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.handing_over import Kind, provide
from app.accounts.models import COMPANY_ROLES, Membership
from app.errors import N_
from app.orders.models import Order
from app.orders.queries import GROUPS, Group


def init_app(app: Flask) -> None:
    """Tell what has an owner."""
    provide(app, Kind("orders", N_("在途和草稿委托单"), _orders, _give, lambda order: order.code))


def _orders(session: Session, member: Membership, _now: datetime) -> Sequence[Order]:
    if member.role not in COMPANY_ROLES:
        return []
    own = Order.created_by_id == member.user_id, Order.company_id == member.organisation_id
    states = (*GROUPS[Group.OPEN], *GROUPS[Group.DRAFT])
    return session.scalars(select(Order).where(*own, Order.state.in_(states)).order_by(Order.created_at)).all()


def _give(_session: Session, order: Order, _old: Membership, new: Membership) -> None:
    order.created_by_id = new.user_id
