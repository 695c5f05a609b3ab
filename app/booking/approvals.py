"""Several approvals before a booking is confirmed: each with its owner, his deputy, and a deadline.

While steps are open the request keeps its time. A step that nobody answers goes to the next person named for it,
never to a silent approval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.policy import Action, Viewer, allowed, require_visible
from app.booking import rules
from app.booking.desk_models import Approval, Deputy
from app.booking.models import Booking
from app.booking.rules import OFFICE, State
from app.booking.steps import Change
from app.database import db, transaction
from app.errors import N_, YujianError
from app.events import log
from app.events.log import System
from app.labs.capacity import ApprovalStep
from app.worktime import local_date


class ApprovalMissing(YujianError):
    """facts: the name of the step that is open."""

    code, status = "wrong_state", 409
    message = N_("还没有通过“%(step)s”审批，不能确认。")


class NotYourStep(YujianError):
    code, status = "forbidden", 403
    message = N_("这一步由别人审批。")


@dataclass(frozen=True, slots=True)
class Shown:
    """A step of a request as the lab sees it. mine: the viewer may decide it now."""

    step: Approval
    owner: str
    decided_by: str
    mine: bool


def due(now: datetime, hours: int) -> datetime:
    """The instant `hours` of an order desk's working time later."""
    track = OFFICE.track(now, now + timedelta(days=400))
    return track.finish(now, timedelta(hours=hours)) or now + timedelta(days=400)


def begin(session: Session, booking: Booking, now: datetime) -> None:
    """A request comes in: its steps as the lab has them now. One statement where the lab has none."""
    steps = session.scalars(select(ApprovalStep).filter_by(lab_id=booking.lab_id).order_by(ApprovalStep.position))
    present = {approval.position for approval in open_steps(session, booking.id, decided=True)}
    for number, step in enumerate(steps):
        if step.position in present:
            continue
        session.add(
            Approval(
                booking_id=booking.id,
                position=step.position,
                name=step.name,
                lab_id=booking.lab_id,
                owner_id=step.owner_id,
                next_owner_id=step.next_owner_id,
                due_at=due(now, step.hours) if number == 0 else None,
            )
        )


def open_steps(session: Session, booking_id: str, decided: bool = False) -> list[Approval]:
    """The steps of a request that are open, in order; decided: all of them."""
    query = select(Approval).where(Approval.booking_id == booking_id)
    if not decided:
        query = query.where(Approval.decided_at.is_(None))
    return list(session.scalars(query.order_by(Approval.position)))


def first_open(booking_ids: Sequence[str]) -> dict[str, str]:
    """Names of the steps that requests wait for; one statement for many."""
    query = select(Approval.booking_id, Approval.name).where(
        Approval.booking_id.in_(booking_ids), Approval.decided_at.is_(None)
    )
    found: dict[str, str] = {}
    for booking_id, name in db.session.execute(query.order_by(Approval.booking_id, Approval.position)):
        found.setdefault(booking_id, name)
    return found


def check_approved(session: Session, booking: Booking) -> None:
    """Raises ApprovalMissing."""
    missing = open_steps(session, booking.id)
    if missing:
        raise ApprovalMissing(step=missing[0].name)


def begin_anew(session: Session, booking: Booking, now: datetime) -> None:
    """The request is asked anew, for another time or at another lab: nothing of it is approved any more."""
    for approval in open_steps(session, booking.id, decided=True):
        session.delete(approval)
    session.flush()
    begin(session, booking, now)


def approve(viewer: Viewer, command: Change, now: datetime) -> Approval:
    """Say yes to the step whose turn it is. Raises NotFound, Stale, WrongState, NotYourStep."""
    with transaction() as session:
        booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
        require_visible(viewer, Action.SEE_BOOKING, booking)
        assert booking is not None
        rules.check_version(command.version, booking.version)
        waiting = open_steps(session, booking.id)
        if booking.state is not State.REQUESTED or not waiting:
            raise rules.WrongState(state=booking.state, wanted=State.CONFIRMED)
        step = waiting[0]
        if not may_decide(session, viewer, step, now):
            raise NotYourStep()
        step.decided_at, step.decided_by_id = now, viewer.user_id
        if len(waiting) > 1:
            hours = session.scalar(
                select(ApprovalStep.hours).filter_by(lab_id=step.lab_id, position=waiting[1].position)
            )
            waiting[1].due_at = due(now, hours or 8)
        booking.touch(now)
        deputy = viewer.user_id != step.owner_id
        facts: dict[str, Any] = {"step": step.name, "deputy": deputy}
        log.record(session, "booking.approved", booking, by=viewer, at=now, for_company=False, **facts)
        return step


def may_decide(session: Session, viewer: Viewer, step: Approval, now: datetime) -> bool:
    """Whether the step is the viewer's, or he stands in for its owner today."""
    if not viewer.is_lab or step.lab_id not in viewer.lab_ids:
        return False
    if viewer.user_id == step.owner_id:
        return True
    today = local_date(now)
    query = select(Deputy.id).where(
        Deputy.lab_id == step.lab_id,
        Deputy.user_id == step.owner_id,
        Deputy.deputy_id == viewer.user_id,
        Deputy.first <= today,
        Deputy.last >= today,
    )
    return session.scalar(query.limit(1)) is not None


def shown(viewer: Viewer, booking: Booking, now: datetime) -> list[Shown]:
    """The steps of a request for its lab's desk, and for others of the lab the one that is theirs to decide."""
    if not viewer.is_lab:
        return []
    desk = allowed(viewer, Action.DECIDE_BOOKING, booking)
    steps = open_steps(db.session(), booking.id, decided=True)
    ids = {ident for step in steps for ident in (step.owner_id, step.decided_by_id) if ident}
    names = {user.id: user.name for user in db.session.scalars(select(User).where(User.id.in_(ids)))}
    first = next((step for step in steps if step.decided_at is None), None)
    open_now = booking.state is State.REQUESTED
    found = [
        Shown(
            step,
            names.get(step.owner_id, ""),
            names.get(step.decided_by_id or "", ""),
            open_now and step is first and may_decide(db.session(), viewer, step, now),
        )
        for step in steps
    ]
    return found if desk else [replace(each, owner="") for each in found if each.mine]


def escalate(now: datetime) -> int:
    """Steps past their deadline go to the next person named for them; returns how many. May be run again any time."""
    with transaction() as session:
        late = select(Approval).where(Approval.decided_at.is_(None), Approval.due_at <= now)
        passed_on = 0
        for step in list(session.scalars(late.with_for_update(skip_locked=True))):
            booking = session.get_one(Booking, step.booking_id)
            step.due_at = None
            if step.next_owner_id is None or booking.state is not State.REQUESTED:
                continue
            passed_on += 1
            step.owner_id, step.next_owner_id = step.next_owner_id, None
            facts: dict[str, Any] = {"step": step.name}
            log.record(session, "booking.approval_passed_on", booking, by=System(), at=now, for_company=False, **facts)
        return passed_on
