"""What a lab takes back within seconds: a proposed move, a decision, a closure.

Nothing is undone once somebody has answered: the version must be the one that the act left, and the act the last
thing that happened. The company is told of both.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.booking import anew, occupancy, queries, rules
from app.booking.closures import locked, own_closure, remove
from app.booking.desk_models import WaitlistEntry
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking, Closure, ClosureHit
from app.booking.order_lines import BOOKABLE, standing
from app.booking.rules import State
from app.booking.sample_use import check_samples
from app.booking.steps import Change, capable_benches, change_slot, drop_proposal, slot_columns, wish_of
from app.database import transaction
from app.events import log
from app.events.models import Event
from app.orders import service as orders
from app.orders.queries import lock_order
from app.worktime import Use


def undo(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """Take back the lab's last act on a booking, done by the same person in the version that is named.

    Raises AnsweredSince, TooLateToUndo, SlotTaken where the time has gone since, NotFound, Forbidden.
    """
    with transaction() as session:
        booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
        require_visible(viewer, Action.SEE_BOOKING, booking)
        assert booking is not None
        require(viewer, Action.DECIDE_BOOKING, booking)
        done = _last(session, booking.id)
        if booking.version != command.version or not done or done.kind not in _BACK:
            raise rules.AnsweredSince()
        if done.actor_id != viewer.user_id:
            raise rules.AnsweredSince()
        rules.check_undo(done.at, now)
        _BACK[done.kind](session, booking, viewer, now)
        log.record(session, "booking.undone", booking, by=viewer, at=now, what=done.kind.partition(".")[2])
        return booking


def undo_closure(viewer: Viewer, closure_id: str, now: datetime) -> int:
    """Take back a closure, with those made in one go with it; returns how many.

    Raises AnsweredSince once it was changed or companies were asked because of it, TooLateToUndo, NotFound.
    """

    def take_back(session: Session) -> int:
        first = own_closure(session, viewer, closure_id)
        together = select(Closure).where(Closure.series_id == first.series_id)
        found = locked(session, list(session.scalars(together)) if first.series_id else [first])
        asked = select(ClosureHit.booking_id).where(ClosureHit.closure_id.in_([closure.id for closure in found]))
        if session.scalar(asked.limit(1)) is not None:
            raise rules.AnsweredSince()
        for closure in found:
            done = _last(session, closure.id)
            if not done or done.kind != "closure.closed" or done.actor_id != viewer.user_id:
                raise rules.AnsweredSince()
            rules.check_undo(done.at, now)
            log.record(session, "closure.undone", closure, by=viewer, at=now, resource=closure.resource_id)
            remove(session, closure)
        return len(found)

    return anew.until_done(take_back)


def _last(session: Session, subject_id: str) -> Event | None:
    return session.scalar(select(Event).where(Event.subject_id == subject_id).order_by(Event.id.desc()).limit(1))


def _withdraw(session: Session, booking: Booking, _viewer: Viewer, now: datetime) -> None:
    if booking.proposal is None:
        raise rules.AnsweredSince()
    asked = ClosureHit.booking_id == booking.id, ClosureHit.sent_at == booking.proposal.proposed_at
    session.execute(delete(ClosureHit).where(*asked))
    drop_proposal(session, booking)
    booking.touch(now)


def _unconfirm(session: Session, booking: Booking, viewer: Viewer, now: datetime) -> None:
    booking.move_back(State.REQUESTED, now)
    booking.confirmed_at = booking.confirmed_by_id = None
    orders.take_back(session, booking.order_line, viewer, False, now)
    _wait_on(session, booking)


def _wait_on(session: Session, booking: Booking) -> None:
    """A wish that the confirmation ended holds again."""
    ended = WaitlistEntry.booking_id == booking.id, WaitlistEntry.ended_at.is_not(None)
    for wish in session.scalars(select(WaitlistEntry).where(*ended).with_for_update()):
        done = _last(session, wish.id)
        if done is not None and done.kind == "waitlist.served":
            wish.ended_at = wish.booking_id = None


def _reopen(session: Session, booking: Booking, viewer: Viewer, now: datetime) -> None:
    """A booking that was declined or cancelled has its time again, where nobody else took it meanwhile."""
    if booking.requested_at is None:
        raise rules.AnsweredSince()
    confirmed = booking.confirmed_at is not None
    if not booking.order_line.order.direct:
        _check_still_wanted(session, booking, now)
    booking.move_back(State.CONFIRMED if confirmed else State.REQUESTED, now)
    capable = capable_benches(session, booking.test_id, booking.resource_id, booking.company_id, reserve=True)
    use = Use(booking.starts_at, booking.run_from, booking.run_until, booking.ends_at)
    reads = sorted({ident for item in capable for ident in item.reads})
    rows = clear_lapsed(session, queries.in_the_way(session, reads, occupancy.reach(capable, use)), now)
    slot = occupancy.find_slot(capable, use, rows, wish_of(booking))
    check_samples(session, booking.order_line, booking.sample, booking.test_id, use, now, ignoring=booking.id)
    change_slot(session, booking, slot_columns(slot))
    orders.take_back(session, booking.order_line, viewer, confirmed, now)


def _check_still_wanted(session: Session, booking: Booking, now: datetime) -> None:
    """The line has taken no other time meanwhile and is still to be tested. Locks its order. Raises AnsweredSince."""
    line = booking.order_line
    lock_order(session, line.order_id)
    session.refresh(line)
    if line.state not in BOOKABLE or standing(session, [line.id], now):
        raise rules.AnsweredSince()


_BACK: dict[str, Callable[[Session, Booking, Viewer, datetime], None]] = {
    "booking.move_proposed": _withdraw,
    "booking.confirmed": _unconfirm,
    "booking.declined": _reopen,
    "booking.cancelled": _reopen,
}
