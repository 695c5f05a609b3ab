"""What the lists can be filtered by."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.policy import Action, Viewer, visible
from app.database import db
from app.labs.models import Domain, Lab, Resource
from app.orders.models import Order
from app.orders.queries import GROUPS, Group


@dataclass(frozen=True, slots=True)
class Choices:
    """labs, domains: where there is more than one; benches: the first unit of each pool of a lab's own."""

    labs: Sequence[Lab]
    benches: Sequence[Resource]
    domains: Sequence[Domain]


def choices(viewer: Viewer) -> Choices:
    """Of a lab: its own. Of a company: the labs at which it has open orders."""
    if viewer.is_lab:
        wanted = Lab.id.in_(sorted(viewer.lab_ids))
    else:
        mine = (visible(viewer, Action.SEE_BOOKING, Order), Order.state.in_(GROUPS[Group.OPEN]))
        wanted = Lab.id.in_(select(Order.lab_id).where(*mine))
    labs = list(db.session.scalars(select(Lab).where(wanted).order_by(Lab.name_zh)))
    known = {domain for lab in labs for domain in lab.domains}
    domains = db.session.scalars(select(Domain).where(Domain.id.in_(sorted(known))).order_by(Domain.position))
    return Choices(labs, _benches(viewer), list(domains))


def _benches(viewer: Viewer) -> list[Resource]:
    if not viewer.is_lab:
        return []
    own = (Resource.lab_id.in_(sorted(viewer.lab_ids)), Resource.retired_at.is_(None))
    units = db.session.scalars(select(Resource).where(*own).order_by(Resource.name_zh, Resource.id))
    return list({unit.pool: unit for unit in reversed(list(units))}.values())[::-1]
