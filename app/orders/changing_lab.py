"""An order that goes to another lab: what goes along, and what stays between the company and the lab that it left.

Why it is so stands in docs/decisions/0021.
"""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from app.events.log import Actor
from app.files import service as files
from app.orders import rules, stops
from app.orders.attachments import MESSAGE, ORDER
from app.orders.models import Order, OrderLine, OrderMessage
from app.orders.queries import lock_order


def move_to_lab(session: Session, line: OrderLine, lab_id: str, by: Actor, now: datetime) -> None:
    """The line is to be done at another lab than first asked. Raises NotInThisOrder: an order is one lab's."""
    order = line.order
    if not order.direct:
        raise rules.NotInThisOrder()
    # Who writes or attaches something at this moment does it before, and it goes along, or after, to the new lab.
    lock_order(session, order.id)
    stops.start_clock(session, order, by, now)
    unanswered = _unanswered(session, order)
    session.execute(update(OrderMessage).where(OrderMessage.id.in_(unanswered)).values(lab_id=lab_id))
    files.hand_on(session, order.company_id, {ORDER: [order.id], MESSAGE: unanswered}, lab_id)
    line.lab_id = order.lab_id = lab_id


def _unanswered(session: Session, order: Order) -> list[str]:
    """Messages of the company to the lab where the order is, as long as that has written none to the company."""
    answer = aliased(OrderMessage)
    answered = exists().where(
        answer.order_id == OrderMessage.order_id,
        answer.lab_id == OrderMessage.lab_id,
        answer.by_lab,
        answer.internal.is_(False),
    )
    theirs = OrderMessage.order_id == order.id, OrderMessage.lab_id == order.lab_id, OrderMessage.by_lab.is_(False)
    return list(session.scalars(select(OrderMessage.id).where(*theirs, ~answered)))
