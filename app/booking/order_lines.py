"""Which line of an order a booking is for, and which booking a line has."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.booking.models import Booking
from app.booking.rules import State
from app.orders import rules
from app.orders.models import Order, OrderLine, OrderState

BOOKABLE = (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.ACCEPTED)
STANDING = (State.REQUESTED, State.CONFIRMED, State.RUNNING, State.COMPLETED)


def standing(session: Session, line_ids: Iterable[str], now: datetime, lock: bool = False) -> dict[str, Booking]:
    """The booking that stands for each line: held and not lapsed, asked for, fixed, under way or done.

    lock: against whoever changes them until the commit; what has ended meanwhile stands no more.
    """
    query = select(Booking).where(
        Booking.order_line_id.in_(list(line_ids)),
        or_(Booking.state.in_(STANDING), and_(Booking.state == State.HELD, Booking.hold_expires_at > now)),
    )
    if lock:
        query = query.order_by(Booking.id).with_for_update(of=Booking).execution_options(populate_existing=True)
    return {booking.order_line_id: booking for booking in session.scalars(query)}


def line_for(
    session: Session, viewer: Viewer, order_id: str, test_id: str, lab_id: str, state: State, now: datetime
) -> OrderLine:
    """The first line of the viewer's order that this test at this lab is still wanted for, with the order locked.

    Raises NotFound, NotInThisOrder, OrderClosed, LineHasSlot, NotSubmitted (a request before the order is submitted).
    """
    order = session.get(Order, order_id, with_for_update={"of": Order}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, order)
    assert order is not None
    if order.direct:
        raise rules.OrderClosed()
    wanted = [line for line in order.lines if line.test_id == test_id and line.state in BOOKABLE]
    if not wanted or order.lab_id != lab_id:
        raise rules.NotInThisOrder()
    taken = standing(session, [line.id for line in wanted], now)
    free = [line for line in wanted if line.id not in taken]
    if not free:
        raise rules.LineHasSlot()
    if state is not State.HELD and free[0].submitted_at is None:
        raise rules.NotSubmitted()
    return free[0]
