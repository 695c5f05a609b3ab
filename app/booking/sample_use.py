"""Samples that several lines of an order share: one use at a time, none after a destructive test, each in the state
that the test needs.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from app.booking.models import Booking
from app.booking.order_lines import standing
from app.booking.rules import DestroyedBefore, DestroysOther, SampleBusy, State
from app.labs.models import Test
from app.orders.models import OrderLine
from app.orders.rules import sample_names
from app.samples import conditions
from app.samples import service as custody
from app.samples.conditions import PlannedUse
from app.worktime import Use


def check_samples(
    session: Session, line: OrderLine, text: str, test_id: str, use: Use, now: datetime, ignoring: str | None = None
) -> None:
    """What `text` names can be at this use, as the order's other bookings stand.

    ignoring: the booking that moves. Raises Consumed, SampleBusy, DestroyedBefore, DestroysOther, ConditionUnmet.
    """
    names = sample_names(text)
    if not names:
        return
    custody.check_whole(session, line.order_id, names)
    destroys = session.get_one(Test, test_id).destructive
    others = standing(session, [each.id for each in line.order.lines], now).values()
    coming = []
    for other in others:
        shared = set(names) & set(sample_names(other.sample))
        if shared and other.id != ignoring:
            _check_pair(min(shared), use, destroys, other)
            if other.state is not State.COMPLETED:
                coming.append(PlannedUse(other.test_id, other.starts_at, frozenset(shared)))
    new = PlannedUse(test_id, use.starts_at, frozenset(names))
    conditions.check_uses(session, line.lab_id, line.order_id, new, coming)


def _check_pair(sample: str, use: Use, destroys: bool, other: Booking) -> None:
    # What is over has given the sample back, however long it was booked.
    over = other.state is State.COMPLETED
    if not over and use.starts_at < other.ends_at and other.starts_at < use.ends_at:
        raise SampleBusy(sample=sample, test=other.test, until=other.ends_at)
    if other.test.destructive and other.starts_at < use.starts_at:
        raise DestroyedBefore(sample=sample, test=other.test, at=other.starts_at)
    if destroys and not over and use.starts_at < other.starts_at:
        raise DestroysOther(sample=sample, test=other.test, at=other.starts_at)
