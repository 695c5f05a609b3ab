"""An accepted amendment reaches the booking of the line that it changes."""

from datetime import datetime

from app.accounts.policy import Viewer
from app.booking.order_lines import standing
from app.booking.rules import State
from app.booking.sample_use import check_samples
from app.database import transaction
from app.orders import amending
from app.orders.amending import Answer
from app.orders.models import OrderAmendment, OrderLine
from app.worktime import Use


def accept(viewer: Viewer, command: Answer, now: datetime) -> OrderAmendment:
    """The other side accepts what was proposed; another sample has to be fit for the time that its line has.

    Raises WrongAmendment, OrderClosed, OrderStale, Consumed, SampleBusy, DestroyedBefore, DestroysOther, NotFound,
    Forbidden; then nothing is stored.
    """
    with transaction() as session:
        amendment = amending.settle(session, viewer, command, now)
        if amendment.line_id:
            line = session.get_one(OrderLine, amendment.line_id)
            booking = standing(session, [line.id], now, lock=True).get(line.id)
            if booking is not None and booking.state in (State.HELD, State.REQUESTED, State.CONFIRMED):
                use = Use(booking.starts_at, booking.run_from, booking.run_until, booking.ends_at)
                check_samples(session, line, line.sample, booking.test_id, use, now, ignoring=booking.id)
                booking.sample = line.sample
                booking.touch(now)
        return amendment
