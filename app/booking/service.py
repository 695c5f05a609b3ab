"""Booking: one function per user action, one transaction each, one path for page, API, demo and plan."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.booking import occupancy, offers, queries, rules
from app.booking.availability import Slot, use_at
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking, IdempotencyKey, MoveProposal
from app.booking.rules import State
from app.booking.settings import limits
from app.database import code, new_id, transaction
from app.errors import NotFound
from app.events import log
from app.labs.queries import CapableBench, lock_benches, resource_exists
from app.orders import service as orders
from app.worktime import Use, lay


@dataclass(frozen=True, slots=True)
class Book:
    """Hold or request a slot. resource: a unit or a pool, of which any unit is taken. starts_at: aware."""

    test_id: str
    resource: str
    starts_at: datetime
    state: State = State.HELD
    sample: str = ""
    note: str = ""
    idempotency_key: str | None = None

    @property
    def fingerprint(self) -> str:
        parts = (self.test_id, self.resource, self.starts_at.timestamp(), self.state, self.sample, self.note)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """A step of one booking, as the caller last saw it (`version`)."""

    booking_id: str
    version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Move(Change):
    """Another start, and where wanted another unit or pool."""

    starts_at: datetime | None = None
    resource: str | None = None


def book(viewer: Viewer, command: Book, now: datetime) -> Booking:
    """Hold or request. Raises Forbidden, NotFound, InThePast, TooSoon, TooFarAhead, OutsideWorkingTime, OffGrain,
    NeverFits, NotCapable, TooManyHolds, HeldBefore, IdempotencyMismatch, SlotTaken; then nothing is stored.
    """
    require(viewer, Action.BOOK)
    with _offering(command.test_id, command.starts_at, now), transaction() as session:
        earlier = _repeated(session, viewer, command)
        return earlier or place(session, viewer, command, now)


def place(session: Session, viewer: Viewer, command: Book, now: datetime) -> Booking:
    """`book` inside a transaction that is open already (a plan places many)."""
    capable = _capable(session, command.test_id, command.resource)
    slot = _free_slot(session, capable, command.starts_at, now)
    if command.state is State.HELD:
        _check_holds(session, viewer, slot, now)
    line = orders.draft(session, viewer, slot.bench.lab_id, command.test_id, command.sample, now)
    booking = Booking(
        id=new_id(),
        code=code("B", now),
        state=State.HELD,
        company_id=viewer.organisation_id,
        test_id=command.test_id,
        order_line=line,
        hold_expires_at=now + limits().hold,
        sample=command.sample,
        note=command.note,
        proposal=None,
        created_by_id=viewer.user_id,
        created_at=now,
        changed_at=now,
        **_slot_columns(slot),
    )
    if command.state is State.REQUESTED:
        booking.state, booking.hold_expires_at, booking.requested_at = State.REQUESTED, None, now
    session.add(booking)
    _record(session, booking, viewer, now, resource=booking.resource_id, starts_at=booking.starts_at.isoformat())
    if booking.state is State.REQUESTED:
        orders.submit(session, line, viewer, now)
    occupancy.take(session, booking, booking.hold_expires_at)
    if command.idempotency_key:
        session.add(
            IdempotencyKey(
                membership_id=viewer.membership_id,
                key=command.idempotency_key,
                fingerprint=command.fingerprint,
                booking_id=booking.id,
                created_at=now,
            )
        )
    return booking


def request(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The company submits a hold. Raises WrongState, Stale, NotFound, Forbidden; a lapsed hold has expired."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.CHANGE_OWN_BOOKING)
        if booking.hold_expires_at is not None and booking.hold_expires_at <= now:
            raise rules.WrongState(state=State.EXPIRED, wanted=State.REQUESTED)
        booking.move_to(State.REQUESTED, now)
        booking.requested_at = now
        _keep(session, booking)
        orders.submit(session, booking.order_line, viewer, now)
        _record(session, booking, viewer, now)
        return booking


def confirm(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab confirms a request, which accepts the order. Raises WrongState, Stale, NotFound, Forbidden."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.DECIDE_BOOKING)
        if booking.state is State.REQUESTED and booking.starts_at <= now:
            raise rules.WrongState(state=State.EXPIRED, wanted=State.CONFIRMED)
        booking.move_to(State.CONFIRMED, now)
        booking.confirmed_at, booking.confirmed_by_id = now, viewer.user_id
        _drop_proposal(session, booking)
        orders.accept(session, booking.order_line, viewer, now)
        _record(session, booking, viewer, now)
        return booking


def decline(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab declines a request. Raises ReasonMissing, WrongState, Stale, NotFound, Forbidden."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.DECIDE_BOOKING)
        _need_reason(command)
        return _close(session, booking, State.DECLINED, viewer, command, now)


def cancel(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """Either side cancels; the company's hold or request at any time, a confirmed booking until the deadline.

    Raises TooLateToCancel, ReasonMissing (the lab must say why), WrongState, Stale, NotFound, Forbidden.
    """
    with transaction() as session:
        action = Action.DECIDE_BOOKING if viewer.is_lab else Action.CHANGE_OWN_BOOKING
        booking = _open(session, viewer, command, action)
        if viewer.is_lab:
            _need_reason(command)
        elif not rules.may_cancel(booking.state, booking.starts_at, now, limits()):
            raise rules.TooLateToCancel(hours=int(limits().cancel_deadline.total_seconds() // 3600))
        return _close(session, booking, State.CANCELLED, viewer, command, now)


def move(viewer: Viewer, command: Move, now: datetime) -> Booking:
    """The company moves (a request waits again), or the lab proposes a move and the old slot is kept.

    Raises SlotTaken with the old slot kept, all refusals of `book` about the time, TooLateToCancel, ReasonMissing
    (the lab must say why), WrongState, Stale, NotFound, Forbidden.
    """
    seen = queries.visible_booking(viewer, command.booking_id)
    asked = command.starts_at or seen.starts_at
    with _offering(seen.test_id, asked, now), transaction() as session:
        action = Action.DECIDE_BOOKING if viewer.is_lab else Action.CHANGE_OWN_BOOKING
        booking = _open(session, viewer, command, action)
        if booking.state not in rules.MOVABLE:
            raise rules.WrongState(state=booking.state, wanted=State.REQUESTED)
        if viewer.is_lab:
            _need_reason(command)
        capable = _capable(session, booking.test_id, command.resource or booking.resource_id)
        if viewer.is_lab:
            require(viewer, Action.DECIDE_BOOKING, capable[0].bench)
        slot = _free_slot(session, capable, asked, now, ignoring=booking.id)
        return (_propose if viewer.is_lab else _move_own)(session, booking, slot, viewer, command, now)


def accept_move(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The company takes the time that the lab proposed. Raises WrongState when the proposal has lapsed."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.CHANGE_OWN_BOOKING)
        proposal = booking.proposal
        if proposal is None or proposal.expires_at <= now:
            raise rules.WrongState(state=booking.state, wanted=booking.state)
        before = booking.starts_at
        for column in SLOT_COLUMNS:
            setattr(booking, column, getattr(proposal, column))
        occupancy.free(session, booking)
        session.delete(proposal)
        session.flush()
        occupancy.take(session, booking, None)
        booking.touch(now)
        log.record(session, "booking.moved", booking, by=viewer, at=now, **_moved(booking, before))
        return booking


def refuse_move(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The company keeps its old time."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.CHANGE_OWN_BOOKING)
        if booking.proposal is None:
            raise rules.WrongState(state=booking.state, wanted=booking.state)
        _drop_proposal(session, booking)
        booking.touch(now)
        log.record(session, "booking.move_refused", booking, by=viewer, at=now, reason=command.reason)
        return booking


def start(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab takes the bench. Before the booked start only when the bench is free; the use then begins now.

    Raises SlotTaken, WrongState, Stale, NotFound, Forbidden.
    """
    with transaction() as session:
        booking = _open(session, viewer, command, Action.RUN_BOOKING)
        booking.move_to(State.RUNNING, now)
        _drop_proposal(session, booking)
        if now < booking.starts_at:
            _start_early(session, booking, now)
        orders.begin_testing(session, booking.order_line, viewer, now)
        _record(session, booking, viewer, now)
        return booking


def complete(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The lab ends the use; what is left of the booked time is free for others at once."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.RUN_BOOKING)
        booking.move_to(State.COMPLETED, now)
        occupancy.free_rest(session, booking, now)
        orders.end_testing(session, booking.order_line, viewer, now)
        _record(session, booking, viewer, now)
        return booking


def no_show(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The sample did not come: from the booked start on. Raises NotYet before it."""
    with transaction() as session:
        booking = _open(session, viewer, command, Action.RUN_BOOKING)
        if booking.state is State.CONFIRMED and now < booking.starts_at:
            raise rules.NotYet(at=booking.starts_at)
        return _close(session, booking, State.NO_SHOW, viewer, command, now)


SLOT_COLUMNS = ("resource_id", "place", "starts_at", "ends_at", "run_from", "run_until")


class _offering:  # noqa: N801 - reads as a with-clause
    """A lost slot leaves with the three nearest free offers, looked up after the transaction has ended."""

    def __init__(self, test_id: str, asked: datetime, now: datetime) -> None:
        self.test_id, self.asked, self.now = test_id, asked, now

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, rules.SlotTaken):
            lab_id = str(error.facts.get("lab_id", ""))
            error.offers = offers.nearest(self.test_id, self.asked, self.now, limits(), lab_id)


def _repeated(session: Session, viewer: Viewer, command: Book) -> Booking | None:
    if not command.idempotency_key:
        return None
    known = session.get(IdempotencyKey, (viewer.membership_id, command.idempotency_key))
    if known is None:
        return None
    if known.fingerprint != command.fingerprint:
        raise rules.IdempotencyMismatch()
    return session.get(Booking, known.booking_id)


def _capable(session: Session, test_id: str, resource: str) -> list[CapableBench]:
    capable = lock_benches(session, test_id, resource)
    if not capable:
        raise rules.NotCapable() if resource_exists(resource) else NotFound()
    return capable


def _free_slot(
    session: Session,
    capable: Sequence[CapableBench],
    starts_at: datetime,
    now: datetime,
    ignoring: str | None = None,
) -> Slot:
    """The asked use on the first of the benches with a free place, lapsed rows cleared away before."""
    rules.check_start(starts_at, now, limits())
    use = use_at(capable[0], starts_at)
    ids = [item.bench.resource_id for item in capable]
    in_the_way = clear_lapsed(session, queries.in_the_way(session, ids, use.interval), now)
    try:
        return occupancy.find_place([item.bench for item in capable], use, in_the_way, ignoring)
    except rules.SlotTaken as error:
        error.facts["lab_id"] = capable[0].bench.lab_id
        raise


def _check_holds(session: Session, viewer: Viewer, slot: Slot, now: datetime) -> None:
    limit = limits()
    company_id = viewer.organisation_id or ""
    if queries.live_holds(session, company_id, now) >= limit.holds_per_company:
        raise rules.TooManyHolds(limit=limit.holds_per_company)
    dropped = queries.dropped_hold_at(
        session, company_id, [slot.bench.resource_id], slot.use.starts_at, now - limit.hold_again
    )
    if dropped is not None:
        raise rules.HeldBefore(again_at=dropped + limit.hold_again)


def _slot_columns(slot: Slot) -> dict[str, object]:
    use = slot.use
    return {
        "lab_id": slot.bench.lab_id,
        "resource_id": slot.bench.resource_id,
        "place": slot.place,
        "starts_at": use.starts_at,
        "ends_at": use.ends_at,
        "run_from": use.run_from,
        "run_until": use.run_until,
    }


def _open(session: Session, viewer: Viewer, command: Change, action: Action) -> Booking:
    """The booking, locked, seen by the viewer, in the version he saw."""
    booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    assert booking is not None
    require(viewer, action, booking)
    rules.check_version(command.version, booking.version)
    return booking


def _close(session: Session, booking: Booking, state: State, viewer: Viewer, command: Change, now: datetime) -> Booking:
    """End a booking without a test: its time is free, its order closed."""
    booking.move_to(state, now)
    _drop_proposal(session, booking)
    occupancy.free(session, booking)
    orders.close(session, booking.order_line, viewer, state is State.DECLINED, now)
    _record(session, booking, viewer, now, reason=command.reason)
    return booking


def _keep(session: Session, booking: Booking) -> None:
    """A hold became a request: its time no longer lapses."""
    occupancy.free(session, booking)
    occupancy.take(session, booking, None)


def _move_own(session: Session, booking: Booking, slot: Slot, viewer: Viewer, command: Move, now: datetime) -> Booking:
    if not rules.may_cancel(booking.state, booking.starts_at, now, limits()):
        raise rules.TooLateToCancel(hours=int(limits().cancel_deadline.total_seconds() // 3600))
    before = booking.starts_at
    _drop_proposal(session, booking)
    occupancy.free(session, booking)
    for column, value in _slot_columns(slot).items():
        setattr(booking, column, value)
    orders.move_to_lab(booking.order_line, slot.bench.lab_id)
    if booking.state is State.CONFIRMED:
        booking.state = State.REQUESTED
        booking.confirmed_at = booking.confirmed_by_id = None
        booking.requested_at = now
        orders.submit(session, booking.order_line, viewer, now)
    booking.touch(now)
    occupancy.take(session, booking, booking.hold_expires_at)
    moved = _moved(booking, before)
    log.record(session, "booking.moved", booking, by=viewer, at=now, reason=command.reason, **moved)
    return booking


def _propose(session: Session, booking: Booking, slot: Slot, viewer: Viewer, command: Move, now: datetime) -> Booking:
    if booking.state is State.HELD:
        raise rules.WrongState(state=booking.state, wanted=State.REQUESTED)
    _drop_proposal(session, booking)
    columns = _slot_columns(slot)
    columns.pop("lab_id")
    booking.proposal = MoveProposal(
        reason=command.reason,
        expires_at=min(now + limits().proposal, booking.starts_at, slot.use.starts_at),
        proposed_by_id=viewer.user_id,
        proposed_at=now,
        **columns,
    )
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
    )
    return booking


def _drop_proposal(session: Session, booking: Booking) -> None:
    if booking.proposal is not None:
        occupancy.free_proposed(session, booking)
        booking.proposal = None
        session.flush()


def _start_early(session: Session, booking: Booking, now: datetime) -> None:
    """Use the bench from now: same parts, laid through the calendar where it is open, else moved by the clock."""
    capable = _capable(session, booking.test_id, booking.resource_id)[0]
    shift = booking.starts_at - now
    use = lay(now, capable.need, capable.bench.calendar) or Use(
        now, booking.run_from - shift, booking.run_until - shift, booking.ends_at - shift
    )
    rows = clear_lapsed(session, queries.in_the_way(session, [booking.resource_id], use.interval), now)
    slot = occupancy.find_place([capable.bench], use, rows, ignoring=booking.id)
    occupancy.free(session, booking)
    for column, value in _slot_columns(slot).items():
        setattr(booking, column, value)
    occupancy.take(session, booking, None)


def _need_reason(command: Change) -> None:
    if not command.reason.strip():
        raise rules.ReasonMissing()


def _moved(booking: Booking, before: datetime) -> dict[str, str]:
    return {
        "from": before.isoformat(),
        "to": booking.starts_at.isoformat(),
        "resource": booking.resource_id,
    }


def _record(session: Session, booking: Booking, viewer: Viewer, now: datetime, **data: str) -> None:
    log.record(session, f"booking.{booking.state.value}", booking, by=viewer, at=now, **data)


STEPS: dict[str, Callable[[Viewer, Change, datetime], Booking]] = {
    "request": request,
    "confirm": confirm,
    "decline": decline,
    "cancel": cancel,
    "accept-move": accept_move,
    "refuse-move": refuse_move,
    "start": start,
    "complete": complete,
    "no-show": no_show,
}
