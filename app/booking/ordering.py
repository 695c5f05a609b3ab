"""An order and the bookings of its lines: held together, submitted together, ended together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer
from app.booking import offers
from app.booking.availability import Wish
from app.booking.models import Booking
from app.booking.offers import Offer, Question
from app.booking.order_lines import BOOKABLE, standing
from app.booking.rules import NothingFree, State
from app.booking.service import Book, close_booking, place, request_hold
from app.booking.settings import limits
from app.booking.steps import check_cancel
from app.database import transaction
from app.labs.queries import destructive_tests
from app.orders import reviewing, rules
from app.orders import service as orders
from app.orders.models import Order, OrderLine, OrderState
from app.orders.reviewing import Review
from app.samples import conditions


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A step of an order as the caller last saw it (`version`)."""

    order_id: str
    version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LineStep(OrderStep):
    """A step of one of its lines."""

    line_id: str = ""


def hold_all(viewer: Viewer, command: OrderStep, now: datetime) -> list[Booking]:
    """Hold the earliest time for every line that has none and isn't left to the lab; all or none.

    Lines on the same sample follow one another. Raises NothingFree, OrderClosed, OrderStale and the refusals of `book`.
    """
    with transaction() as session:
        order = orders.open_order(session, viewer, command.order_id, command.version, Action.CHANGE_OWN_BOOKING)
        found = standing(session, [line.id for line in order.lines], now)
        wanted = [
            line for line in order.lines if line.state in BOOKABLE and line.id not in found and not line.wants_proposal
        ]
        destructive = destructive_tests(session, {line.test_id for line in wanted})
        held = []
        turn = conditions.turns(order.lab_id, {line.test_id for line in wanted})
        # What destroys a sample comes last on it, what changes it behind what needs it as it is.
        for line in sorted(wanted, key=lambda line: (line.test_id in destructive, turn[line.test_id])):
            booking = _hold_earliest(session, viewer, order, line, list(found.values()), now)
            found[line.id] = booking
            held.append(booking)
        return held


def submit(viewer: Viewer, command: OrderStep, now: datetime) -> Order:
    """The company submits a draft, or answers what was returned; its holds become requests.

    Raises NoLines, SlotMissing, OrderClosed, OrderStale, Disallowed, NotFound, Forbidden; then nothing is stored.
    """
    with transaction() as session:
        order = orders.open_order(session, viewer, command.order_id, command.version, Action.CHANGE_OWN_BOOKING)
        found = standing(session, [line.id for line in order.lines], now, lock=True)
        for line in order.lines:
            if line.state is OrderState.DRAFT and line.id not in found and not line.wants_proposal:
                raise rules.SlotMissing(position=line.position)
        if order.returned:
            reviewing.answer(session, order, viewer, now)
        else:
            orders.submit_order(session, order, viewer, now)
        for booking in found.values():
            if booking.state is State.HELD:
                request_hold(session, booking, viewer, now)
        return order


def reject(viewer: Viewer, command: Review, now: datetime) -> Order:
    """The lab rejects an order under review; its time is free again. Raises CommentMissing, OrderClosed, OrderStale."""
    with transaction() as session:
        order = reviewing.reject_review(session, viewer, command, now)
        for booking in _ending(session, order, now):
            close_booking(session, booking, State.DECLINED, viewer, command.comment, now)
        for line in order.lines:
            if line.state is OrderState.SUBMITTED:
                orders.close_line(session, line, viewer, rejected=True, now=now)
        return order


def cancel(viewer: Viewer, command: OrderStep, now: datetime) -> Order:
    """Either side ends what has not begun; a lab says why. Raises OrderClosed where nothing is left to cancel,
    TooLateToCancel, CommentMissing, OrderStale, NotFound, Forbidden.
    """
    with transaction() as session:
        action = Action.DECIDE_BOOKING if viewer.is_lab else Action.CHANGE_OWN_BOOKING
        order = orders.open_order(session, viewer, command.order_id, command.version, action)
        if viewer.is_lab:
            rules.check_comment(command.reason)
        ending = [line for line in order.lines if line.state in BOOKABLE]
        if not ending:
            raise rules.OrderClosed()
        for booking in _ending(session, order, now):
            _cancel_booking(session, booking, viewer, command.reason, now)
        order.returned_at = None
        for line in ending:
            if line.state in BOOKABLE:
                orders.close_line(session, line, viewer, rejected=False, now=now)
        return order


def remove_line(viewer: Viewer, command: LineStep, now: datetime) -> Order:
    """The company takes a line out that has not begun, its booking with it. Raises as `cancel`."""
    with transaction() as session:
        order = orders.open_order(session, viewer, command.order_id, command.version, Action.CHANGE_OWN_BOOKING)
        line = orders.line_of(order, command.line_id)
        if order.direct or line.state not in BOOKABLE:
            raise rules.OrderClosed()
        booking = standing(session, [line.id], now, lock=True).get(line.id)
        if booking is not None:
            _cancel_booking(session, booking, viewer, command.reason, now)
        orders.close_line(session, line, viewer, rejected=False, now=now)
        return order


def _cancel_booking(session: Session, booking: Booking, viewer: Viewer, reason: str, now: datetime) -> None:
    if viewer.is_company:
        check_cancel(booking, now)
    close_booking(session, booking, State.CANCELLED, viewer, reason, now)


def _ending(session: Session, order: Order, now: datetime) -> list[Booking]:
    """Bookings of lines that have not begun."""
    lines = [line.id for line in order.lines if line.state in BOOKABLE]
    return list(standing(session, lines, now, lock=True).values())


def _hold_earliest(
    session: Session, viewer: Viewer, order: Order, line: OrderLine, found: list[Booking], now: datetime
) -> Booking:
    names = set(rules.sample_names(line.sample))
    same = [booking.ends_at for booking in found if names & set(rules.sample_names(booking.sample))]
    offer = earliest(order, line, now, max(same, default=None))
    if offer is None:
        raise NothingFree(position=line.position)
    command = Book(
        line.test_id,
        offer.slot.bench.resource_id,
        offer.starts_at,
        sample=line.sample,
        order_id=order.id,
    )
    return place(session, viewer, command, now)


def earliest(order: Order, line: OrderLine, now: datetime, after: datetime | None = None) -> Offer | None:
    """The offer with the soonest report for a line at its lab, from an instant on."""
    question = Question(line.test_id, after, lab_id=order.lab_id, wish=Wish(order.company_id))
    return next(iter(offers.offers(question, now, limits(), 1)), None)
