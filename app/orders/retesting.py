"""Retests: a line that failed or was not valid is tested again, at its place in the order."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.events import log
from app.identifiers import new_id
from app.orders import rules, service
from app.orders.models import OrderLine, OrderState, RetestCause


def add_retest(
    session: Session, line: OrderLine, cause: RetestCause, sample: str, viewer: Viewer, now: datetime
) -> OrderLine:
    """The line is to be tested again, at its place in the order. What was not valid is repeated by the lab without
    another review; after a failure the lab reviews what the company asks for. Raises RetestAsked.
    """
    order = line.order
    if any(each.retest_of_id == line.id and each.state.value not in rules.CLOSED for each in order.lines):
        raise rules.RetestAsked()
    # A booking alone reviews a direct order; from now on the order outlives its bookings.
    order.direct = False
    again = OrderLine(
        id=new_id(),
        order_id=order.id,
        company_id=order.company_id,
        lab_id=order.lab_id,
        test_id=line.test_id,
        sample=sample or line.sample,
        wants_proposal=True,
        position=line.position,
        attempt=max(each.attempt for each in order.lines if each.position == line.position) + 1,
        retest_of_id=line.id,
        retest_cause=cause,
        state=OrderState.DRAFT,
    )
    order.lines.append(again)
    session.flush()
    service.submit(session, again, viewer, now)
    if cause is RetestCause.INVALID:
        service.accept(session, again, viewer, now)
    log.record(session, "order.retest_asked", order, by=viewer, at=now, line=again.id, cause=cause.value)
    return again
