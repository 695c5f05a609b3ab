"""Booking: one function per user action, one transaction each, one path for page, API, demo and plan."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import turns
from app.accounts.policy import Action, Viewer, require
from app.booking import allowances, anew, approvals, occupancy, queries, repeating, rules
from app.booking.availability import Slot, Wish
from app.booking.calibration import check_calibration, overdue
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking
from app.booking.moves import accept_move, refuse_move
from app.booking.order_lines import line_for
from app.booking.rules import State
from app.booking.sample_use import check_samples
from app.booking.settings import limits, limits_of
from app.booking.steps import (
    Change,
    capable_benches,
    change_slot,
    check_cancel,
    drop_proposal,
    free_slot,
    need_reason,
    offering,
    open_booking,
    record,
    slot_columns,
    wish_of,
)
from app.database import db, transaction
from app.errors import YujianError
from app.events import log
from app.events.log import System
from app.identifiers import code, new_id
from app.inserting import insert_now, new_row, together
from app.labs.queries import Bench, bench_of, rule_owner
from app.labs.rules import ANY_COMPANY, AT_ONCE
from app.orders import service as orders
from app.orders.models import OrderLine
from app.orders.rules import NotSubmitted
from app.orders.service import unreviewed
from app.samples import conditions
from app.samples import service as custody
from app.samples.service import BenchUse
from app.turns import Counted
from app.worktime import Interval, Use, lay


@dataclass(frozen=True, slots=True)
class Book:
    """Hold or request a slot. resource: a unit or a pool, of which any unit is taken. starts_at: aware.

    exclusive: all places of a shared resource. shielded: no other company on a neighbouring surface meanwhile.
    order_id: the order whose line it is for; '': an order of its own.
    """

    test_id: str
    resource: str
    starts_at: datetime
    state: State = State.HELD
    sample: str = ""
    note: str = ""
    idempotency_key: str | None = None
    exclusive: bool = False
    shielded: bool = False
    order_id: str = ""

    @property
    def fingerprint(self) -> str:
        parts: tuple[object, ...] = (
            self.test_id,
            self.resource,
            self.starts_at.timestamp(),
            self.state,
            self.sample,
            self.note,
        )
        parts += (self.exclusive, self.shielded) if self.exclusive or self.shielded else ()
        parts += (self.order_id,) if self.order_id else ()
        return repeating.fingerprint_of(*parts)


def book(viewer: Viewer, command: Book, now: datetime) -> Booking:
    """Hold or request. Raises Forbidden, NotFound, InThePast, TooSoon, TooFarAhead, OutsideWorkingTime, OffGrain,
    NeverFits, NotCapable, OutOfScope, TooManyHolds, HeldBefore, Disallowed, IdempotencyMismatch, SlotTaken; then
    nothing is stored.
    """
    require(viewer, Action.BOOK)
    wish = Wish(viewer.organisation_id, command.exclusive, command.shielded)
    with offering(command.test_id, command.starts_at, now, wish):
        try:
            return anew.until_done(
                lambda session: _repeated(session, viewer, command) or place(session, viewer, command, now)
            )
        except (YujianError, IntegrityError):
            # A call that is sent twice at once stands in its own way: what it has booked answers both.
            earlier = _repeated(db.session(), viewer, command)
            if earlier is None:
                raise
            return earlier


def place(session: Session, viewer: Viewer, command: Book, now: datetime) -> Booking:
    """`book` inside a transaction that is open already (a plan places many)."""
    wish = Wish(viewer.organisation_id, command.exclusive, command.shielded)
    capable = capable_benches(session, command.test_id, command.resource, viewer.organisation_id)
    slot = free_slot(session, capable, command.starts_at, now, wish)
    if command.state is State.HELD:
        _check_holds(session, viewer, slot, now)
    allowances.check(session, allowances.asked_by(viewer.organisation_id or "", slot, now))
    held = command.state is State.HELD
    line = _line(session, viewer, command, slot.bench.lab_id, now)
    if command.order_id:
        check_samples(session, line, command.sample or line.sample, command.test_id, slot.use, now)
    booking = new_row(
        Booking,
        id=new_id(),
        code=code("B", now),
        state=command.state,
        version=1,
        company_id=viewer.organisation_id,
        test_id=command.test_id,
        order_line_id=line.id,
        order_line=line,
        hold_expires_at=now + limits().hold if held else None,
        requested_at=None if held else now,
        sample=command.sample or line.sample,
        note=command.note,
        exclusive=command.exclusive,
        shielded=command.shielded,
        proposal=None,
        created_by_id=viewer.user_id,
        created_at=now,
        changed_at=now,
        **slot_columns(slot),
    )
    with occupancy.guarded(), together(session):
        if not held:
            orders.submit(session, line, viewer, now)
        insert_now(session, *(() if command.order_id else (line.order, line)), booking)
        occupancy.take(session, booking, capable[0].state_id)
        record(session, booking, viewer, now, resource=booking.resource_id, starts_at=booking.starts_at.isoformat())
    if not held:
        _asked(session, booking, slot.bench, now)
    repeating.remember(session, viewer, command.idempotency_key, command.fingerprint, booking, now)
    return booking


def request(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The company submits a hold. Raises WrongState, Disallowed, Stale, NotFound, Forbidden; a lapsed hold has
    expired.
    """
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.CHANGE_OWN_BOOKING)
        line = booking.order_line
        if line.submitted_at is None and not line.order.direct:
            raise NotSubmitted()
        request_hold(session, booking, viewer, now)
        return booking


def request_hold(session: Session, booking: Booking, viewer: Viewer, now: datetime) -> None:
    """`request` inside a transaction that is open already (an order asks for all its lines)."""
    if booking.hold_expires_at is not None and booking.hold_expires_at <= now:
        raise rules.WrongState(state=State.EXPIRED, wanted=State.REQUESTED)
    bench = bench_of(booking.resource, booking.resource.lab)
    when = Interval(booking.starts_at, booking.ends_at)
    allowances.check(session, allowances.Asked(booking.company_id, bench, when, now, ignoring=booking.id))
    booking.move_to(State.REQUESTED, now)
    booking.requested_at = now
    occupancy.keep(session, booking)
    orders.submit(session, booking.order_line, viewer, now)
    record(session, booking, viewer, now)
    _asked(session, booking, bench, now)


def confirm(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab confirms a request, which accepts a direct order; any other must have been accepted before.

    Raises WrongState, ReviewMissing, CalibrationOverdue, ApprovalMissing, Stale, NotFound, Forbidden.
    """
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.DECIDE_BOOKING)
        if booking.state is State.REQUESTED and booking.starts_at <= now:
            raise rules.WrongState(state=State.EXPIRED, wanted=State.CONFIRMED)
        orders.check_accepted(booking.order_line)
        check_calibration(session, booking)
        approvals.check_approved(session, booking)
        booking.move_to(State.CONFIRMED, now)
        booking.confirmed_at, booking.confirmed_by_id = now, viewer.user_id
        drop_proposal(session, booking)
        orders.accept(session, booking.order_line, viewer, now)
        record(session, booking, viewer, now)
        return booking


def _asked(session: Session, booking: Booking, bench: Bench, now: datetime) -> None:
    """A request comes in: its approvals begin, or the lab's rule confirms this company's requests without a look, in
    the name of who set the rule.
    """
    if bench.approvals:
        approvals.begin(session, booking, now)
    if not {ANY_COMPANY, booking.company_id} & limits_of(bench).at_once:
        return
    owner_id = rule_owner(session, bench, AT_ONCE)
    if owner_id is None:
        return
    if overdue(session, booking) or approvals.open_steps(session, booking.id) or unreviewed(booking.order_line):
        return
    booking.move_to(State.CONFIRMED, now)
    booking.confirmed_at, booking.confirmed_by_id = now, owner_id
    orders.accept(session, booking.order_line, System(), now)
    log.record(session, "booking.confirmed", booking, by=System(), at=now, rule=AT_ONCE)


def decline(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab declines a request. Raises ReasonMissing, WrongState, Stale, NotFound, Forbidden."""
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.DECIDE_BOOKING)
        need_reason(command)
        return _close(session, booking, State.DECLINED, viewer, command, now)


def cancel(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """Either side cancels; the company's hold or request at any time, a confirmed booking until the deadline.

    Raises TooLateToCancel, ReasonMissing (the lab must say why), WrongState, Stale, NotFound, Forbidden.
    """
    with transaction() as session:
        action = Action.DECIDE_BOOKING if viewer.is_lab else Action.CHANGE_OWN_BOOKING
        booking = open_booking(session, viewer, command, action)
        if viewer.is_lab:
            need_reason(command)
        else:
            check_cancel(booking, now)
        return _close(session, booking, State.CANCELLED, viewer, command, now)


def start(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab takes the bench. Before the booked start only when the bench is free; the use then begins now.

    Raises SlotTaken, WrongState, NotHere, OnAnotherBench, DeviationOpen, Consumed, ConditionUnmet, Stale, NotFound,
    Forbidden.
    """
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        samples = custody.check_ready(session, booking.order_line.order_id, booking.sample)
        conditions.check_start(session, samples, booking.lab_id, booking.test_id)
        booking.move_to(State.RUNNING, now)
        drop_proposal(session, booking)
        early = {}
        if now < booking.starts_at:
            early = {"booked_for": booking.starts_at.isoformat()}
            _start_early(session, booking, now)
        orders.begin_testing(session, booking.order_line, viewer, now)
        use = BenchUse(booking.id, booking.resource_id, booking.test_id, booking.test.destructive)
        custody.put_on_bench(session, samples, use, viewer, now)
        record(session, booking, viewer, now, **early)
        return booking


def complete(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab ends the use; what is left of the booked time is free for others at once."""
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        end_use(session, booking, viewer, now)
        return booking


def end_use(session: Session, booking: Booking, viewer: Viewer, now: datetime) -> None:
    """`complete` inside a transaction that is open already (a run is ended with its result). Raises WrongState."""
    booking.move_to(State.COMPLETED, now)
    occupancy.free_rest(session, booking, now)
    orders.end_testing(session, booking.order_line, viewer, now)
    custody.take_off_bench(session, booking.id, booking.test_id, viewer, now)
    record(session, booking, viewer, now)


def no_show(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The sample did not come: from the booked start on. Raises NotYet before it."""
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        if booking.state is State.CONFIRMED and now < booking.starts_at:
            raise rules.NotYet(at=booking.starts_at)
        return _close(session, booking, State.NO_SHOW, viewer, command, now)


def _repeated(session: Session, viewer: Viewer, command: Book) -> Booking | None:
    return repeating.earlier(session, viewer, command.idempotency_key, command.fingerprint)


def _check_holds(session: Session, viewer: Viewer, slot: Slot, now: datetime) -> None:
    limit = limits()
    company_id = viewer.organisation_id or ""
    turns.wait(session, Counted.COMPANY, company_id)
    if queries.live_holds(session, company_id, now) >= limit.holds_per_company:
        raise rules.TooManyHolds(limit=limit.holds_per_company)
    dropped = queries.dropped_hold_at(
        session, company_id, [slot.bench.resource_id], slot.use.starts_at, now - limit.hold_again
    )
    if dropped is not None:
        raise rules.HeldBefore(again_at=dropped + limit.hold_again)


def _close(session: Session, booking: Booking, state: State, viewer: Viewer, command: Change, now: datetime) -> Booking:
    close_booking(session, booking, state, viewer, command.reason, now)
    return booking


def close_booking(session: Session, booking: Booking, state: State, viewer: Viewer, reason: str, now: datetime) -> None:
    """End a booking without a test: its time is free, its direct order closed."""
    booking.move_to(state, now)
    drop_proposal(session, booking)
    occupancy.free(session, booking)
    orders.close(session, booking.order_line, viewer, state is State.DECLINED, now)
    record(session, booking, viewer, now, reason=reason)


def _line(session: Session, viewer: Viewer, command: Book, lab_id: str, now: datetime) -> OrderLine:
    """The line of the order that was named, or a direct order's."""
    if not command.order_id:
        return orders.draft(viewer, lab_id, command.test_id, command.sample, now)
    return line_for(session, viewer, command.order_id, command.test_id, lab_id, command.state, now)


def _start_early(session: Session, booking: Booking, now: datetime) -> None:
    """Use the bench from now: same parts, laid through the calendar where it is open, else moved by the clock."""
    capable = capable_benches(session, booking.test_id, booking.resource_id, booking.company_id, reserve=True)[0]
    shift = booking.starts_at - now
    use = lay(now, capable.need, capable.bench.calendar) or Use(
        now, booking.run_from - shift, booking.run_until - shift, booking.ends_at - shift
    )
    rows = clear_lapsed(session, queries.in_the_way(session, capable.reads, occupancy.reach([capable], use)), now)
    slot = occupancy.find_slot([capable], use, rows, wish_of(booking), ignoring=booking.id)
    change_slot(session, booking, slot_columns(slot))


def approve(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """Say yes to the approval whose turn it is. Raises what `approvals.approve` raises."""
    approvals.approve(viewer, command, now)
    return queries.visible_booking(viewer, command.booking_id)


STEPS: dict[str, Callable[[Viewer, Change, datetime], Booking]] = {
    "request": request,
    "approve": approve,
    "confirm": confirm,
    "decline": decline,
    "cancel": cancel,
    "accept-move": accept_move,
    "refuse-move": refuse_move,
    "start": start,
    "complete": complete,
    "no-show": no_show,
}
