"""Moving a booking: the company asks again, the lab proposes another time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require
from app.booking import allowances, anew, approvals, occupancy, queries, rules
from app.booking.availability import Slot
from app.booking.calibration import overdue
from app.booking.models import Booking, Closure, ClosureHit, MoveProposal
from app.booking.move_rules import MoveCause, put_off
from app.booking.rules import State
from app.booking.sample_use import check_samples
from app.booking.settings import limits
from app.booking.steps import (
    SLOT_COLUMNS,
    Change,
    capable_benches,
    change_slot,
    check_cancel,
    drop_proposal,
    free_slot,
    need_reason,
    offering,
    open_booking,
    slot_columns,
    wish_of,
)
from app.database import transaction
from app.errors import NotFound
from app.events import log
from app.labs.models import Resource
from app.orders import changing_lab
from app.orders import service as orders
from app.orders.queries import lock_order
from app.samples import following as custody
from app.worktime import Use


@dataclass(frozen=True, slots=True)
class Move(Change):
    """Another start, and where wanted another unit or pool. cause: why, as figures count it. closure_id: the closure
    because of which it is proposed; delay: because the use before takes longer.
    """

    starts_at: datetime | None = None
    resource: str | None = None
    cause: MoveCause | None = None
    closure_id: str | None = None
    delay: bool = False


def move(viewer: Viewer, command: Move, now: datetime) -> Booking:
    """The company moves (a request waits again), or the lab proposes a move and the old slot is kept.

    Raises SlotTaken with the old slot kept, all refusals of `book` about the time and the lab's rules, TooLateToCancel,
    ReasonMissing (the lab must say why), WrongState, Stale, NotFound, Forbidden.
    """
    seen = queries.visible_booking(viewer, command.booking_id)
    asked = command.starts_at or seen.starts_at
    wish, lab_id = wish_of(seen, viewer.is_lab), seen.lab_id if viewer.is_lab else None
    with offering(seen.test_id, asked, now, wish, lab_id):
        return anew.until_done(lambda session: _move(session, viewer, command, asked, now))


def _move(session: Session, viewer: Viewer, command: Move, asked: datetime, now: datetime) -> Booking:
    action = Action.DECIDE_BOOKING if viewer.is_lab else Action.CHANGE_OWN_BOOKING
    booking = open_booking(session, viewer, command, action)
    _check_movable(booking, now)
    if viewer.is_lab:
        need_reason(command)
    asked_for = command.resource or booking.resource_id
    capable = capable_benches(session, booking.test_id, asked_for, booking.company_id, reserve=viewer.is_lab)
    if viewer.is_lab:
        require(viewer, Action.DECIDE_BOOKING, capable[0].bench)
    slot = free_slot(session, capable, asked, now, wish_of(booking), ignoring=booking.id, by_lab=viewer.is_lab)
    return (_propose if viewer.is_lab else _move_own)(session, booking, slot, viewer, command, now)


def propose_after_delay(viewer: Viewer, command: Move, now: datetime) -> Booking:
    """Who runs the bench proposes another time to whoever comes next on it. Raises as `move`."""
    seen = queries.visible_booking(viewer, command.booking_id)
    asked = command.starts_at or seen.starts_at
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        _check_movable(booking, now)
        resource = command.resource or booking.resource_id
        capable = capable_benches(session, booking.test_id, resource, booking.company_id, reserve=True)
        require(viewer, Action.RUN_BOOKING, capable[0].bench)
        slot = free_slot(session, capable, asked, now, wish_of(booking), ignoring=booking.id, by_lab=True)
        return _propose(session, booking, slot, viewer, replace(command, delay=True), now)


def _check_movable(booking: Booking, now: datetime) -> None:
    """What has lapsed is over, whether or not the job has come by. Raises WrongState."""
    state = rules.seen_state(booking.state, booking.hold_expires_at, booking.starts_at, now)
    if state not in rules.MOVABLE:
        raise rules.WrongState(state=state, wanted=State.REQUESTED)


def accept_move(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The company takes the time that the lab proposed; a request is confirmed by it, for both agree.

    Raises WrongState when the proposal has lapsed, SampleBusy and its like where another line has the sample then.
    """
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.CHANGE_OWN_BOOKING)
        proposal = booking.proposal
        if proposal is None or proposal.expires_at <= now:
            raise rules.WrongState(state=booking.state, wanted=booking.state)
        before, proposed_by, cause = booking.starts_at, proposal.proposed_by_id, proposal.cause
        columns = {column: getattr(proposal, column) for column in SLOT_COLUMNS}
        lab_id = session.get_one(Resource, proposal.resource_id).lab_id
        changes_lab = lab_id != booking.lab_id
        if changes_lab:
            _leave_lab(session, booking, viewer, now, agreed=True)
        booking.lab_id = lab_id
        _check_samples(session, booking, _use_of(proposal), now)
        _take_along(session, booking, viewer, now)
        booking.proposal = None
        change_slot(session, booking, columns)
        booking.touch(now)
        log.record(session, "booking.moved", booking, by=viewer, at=now, **_moved(booking, before, cause))
        if booking.state is State.REQUESTED:
            if changes_lab:
                approvals.begin_anew(session, booking, now)
            _confirm_agreed(session, booking, viewer, proposed_by, now)
        return booking


def _confirm_agreed(session: Session, booking: Booking, viewer: Viewer, proposed_by: str, now: datetime) -> None:
    """Both agree on the time that the lab answered a request with: it is confirmed, where nothing else is open."""
    if approvals.open_steps(session, booking.id) or overdue(session, booking) or orders.unreviewed(booking.order_line):
        return
    booking.move_to(State.CONFIRMED, now)
    booking.confirmed_at, booking.confirmed_by_id = now, proposed_by
    orders.accept(session, booking.order_line, viewer, now)
    log.record(session, "booking.confirmed", booking, by=viewer, at=now)


def refuse_move(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The company keeps its old time."""
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.CHANGE_OWN_BOOKING)
        if booking.proposal is None:
            raise rules.WrongState(state=booking.state, wanted=booking.state)
        drop_proposal(session, booking)
        booking.touch(now)
        log.record(session, "booking.move_refused", booking, by=viewer, at=now, reason=command.reason)
        return booking


def _move_own(session: Session, booking: Booking, slot: Slot, viewer: Viewer, command: Move, now: datetime) -> Booking:
    check_cancel(booking, now)
    allowances.check(session, allowances.asked_by(booking.company_id, slot, now, ignoring=booking.id))
    before, changes_lab = booking.starts_at, slot.bench.lab_id != booking.lab_id
    if changes_lab:
        _leave_lab(session, booking, viewer, now)
    _check_samples(session, booking, slot.use, now)
    drop_proposal(session, booking)
    change_slot(session, booking, slot_columns(slot))
    _take_along(session, booking, viewer, now)
    if booking.state is State.CONFIRMED:
        booking.state = State.REQUESTED
        booking.confirmed_at = booking.confirmed_by_id = None
        booking.requested_at = now
        orders.submit(session, booking.order_line, viewer, now)
    if booking.state is State.REQUESTED and (slot.bench.approvals or changes_lab):
        approvals.begin_anew(session, booking, now)
    booking.touch(now)
    moved = _moved(booking, before, command.cause)
    log.record(session, "booking.moved", booking, by=viewer, at=now, reason=command.reason, **moved)
    return booking


def _leave_lab(session: Session, booking: Booking, viewer: Viewer, now: datetime, agreed: bool = False) -> None:
    """Time at this lab is free again, and the booking is none of its own any more. agreed: it proposed it itself."""
    left: dict[str, Any] = {"from": booking.starts_at.isoformat(), "resource": booking.resource_id}
    left |= {"was": booking.state.value, "agreed": agreed}
    log.record(session, "booking.moved_away", booking, by=viewer, at=now, for_company=False, **left)


def _check_samples(session: Session, booking: Booking, use: Use, now: datetime) -> None:
    """Raises what `check_samples` raises. Locks an order of several lines: two that move at once would each find their
    common sample free.
    """
    line = booking.order_line
    if not line.order.direct:
        lock_order(session, line.order_id)
    check_samples(session, line, booking.sample, booking.test_id, use, now, ignoring=booking.id)


def _use_of(proposal: MoveProposal) -> Use:
    return Use(proposal.starts_at, proposal.run_from, proposal.run_until, proposal.ends_at)


def _take_along(session: Session, booking: Booking, viewer: Viewer, now: datetime) -> None:
    """The order, what was sent for it, and what is yet to be sent, go to the lab where the booking is now.

    Raises NotInThisOrder, SampleAtOtherLab.
    """
    line = booking.order_line
    if line.lab_id != booking.lab_id:
        changing_lab.move_to_lab(session, line, booking.lab_id, viewer, now)
        custody.follow(session, line.order_id, booking.lab_id)


def _propose(session: Session, booking: Booking, slot: Slot, viewer: Viewer, command: Move, now: datetime) -> Booking:
    if booking.state is State.HELD:
        raise rules.WrongState(state=booking.state, wanted=State.REQUESTED)
    drop_proposal(session, booking)
    columns = slot_columns(slot)
    columns.pop("lab_id")
    booking.proposal = MoveProposal(
        reason=command.reason,
        # Who is told at the last minute must be able to answer when his own start has passed.
        expires_at=min(now + limits().proposal, slot.use.starts_at, *([] if command.delay else [booking.starts_at])),
        delay=command.delay,
        cause=command.cause,
        proposed_by_id=viewer.user_id,
        proposed_at=now,
        **columns,
    )
    if command.closure_id:
        if session.get(Closure, command.closure_id, with_for_update={"read": True, "key_share": True}) is None:
            raise NotFound()
        session.merge(ClosureHit(closure_id=command.closure_id, booking_id=booking.id, sent_at=now))
    session.flush()
    occupancy.take_proposed(session, booking, booking.proposal)
    booking.touch(now)
    log.record(
        session,
        "booking.move_proposed",
        booking,
        by=viewer,
        at=now,
        reason=command.reason,
        to=slot.use.starts_at.isoformat(),
        resource=slot.bench.resource_id,
        delay=command.delay,
        cause=_word(command.cause),
    )
    return booking


def _moved(booking: Booking, before: datetime, cause: MoveCause | None) -> dict[str, Any]:
    """What the event tells; what of the move is put down to a late sample goes with the line."""
    line = booking.order_line
    late = put_off(timedelta(seconds=line.sample_late_seconds), before, booking.starts_at, cause)
    line.sample_late_seconds = int(late.total_seconds())
    return {
        "from": before.isoformat(),
        "to": booking.starts_at.isoformat(),
        "resource": booking.resource_id,
        "cause": _word(cause),
    }


def _word(cause: MoveCause | None) -> str | None:
    return cause.value if cause else None
