"""What leaving staff answer for in booking: own bookings and waits; approvals and deputies of a lab."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.accounts.handing_over import Kind, provide
from app.accounts.models import COMPANY_ROLES, Membership
from app.booking.desk_models import Approval, Deputy, WaitlistEntry
from app.booking.models import Booking
from app.booking.rules import OPEN
from app.booking.watching import live
from app.database import db
from app.errors import N_
from app.labs.capacity import ApprovalStep
from app.labs.models import Test
from app.language import pick


def init_app(app: Flask) -> None:
    """Tell what has an owner."""
    provide(
        app,
        Kind("bookings", N_("未结束的预约"), _bookings, _give_booking, lambda booking: booking.code),
        Kind("waits", N_("候补"), _waits, _give_wait, _test_of),
        Kind("approvals", N_("待审批"), _approvals, _give_approval, lambda approval: approval.name),
        Kind("deputies", N_("代理安排"), _deputies, _end_deputy, lambda deputy: f"{deputy.first} – {deputy.last}"),
    )


def _bookings(session: Session, member: Membership, _now: datetime) -> Sequence[Booking]:
    if member.role not in COMPANY_ROLES:
        return []
    own = Booking.created_by_id == member.user_id, Booking.company_id == member.organisation_id
    return session.scalars(select(Booking).where(*own, Booking.state.in_(OPEN)).order_by(Booking.starts_at)).all()


def _give_booking(_session: Session, booking: Booking, _old: Membership, new: Membership) -> None:
    booking.created_by_id = new.user_id


def _waits(session: Session, member: Membership, now: datetime) -> Sequence[WaitlistEntry]:
    waits = WaitlistEntry.membership_id == member.id, live(now)
    return session.scalars(select(WaitlistEntry).where(*waits).order_by(WaitlistEntry.created_at)).all()


def _test_of(entry: WaitlistEntry) -> str:
    return pick(db.session.get_one(Test, entry.test_id))


def _give_wait(_session: Session, entry: WaitlistEntry, _old: Membership, new: Membership) -> None:
    entry.membership_id = new.id


def _approvals(session: Session, member: Membership, _now: datetime) -> Sequence[Approval]:
    named = or_(Approval.owner_id == member.user_id, Approval.next_owner_id == member.user_id)
    own = select(Approval).where(named, Approval.decided_at.is_(None), Approval.lab_id.in_(member.lab_ids))
    return session.scalars(own.order_by(Approval.booking_id, Approval.position)).all()


def _give_approval(_session: Session, approval: Approval, old: Membership, new: Membership) -> None:
    give_step(approval, old.user_id, new.user_id)


def give_step(step: Approval | ApprovalStep, old_id: str, new_id: str) -> None:
    """The new user takes each place in which the old one stands; nobody comes after himself."""
    if step.owner_id == old_id:
        step.owner_id = new_id
    if step.next_owner_id == old_id:
        step.next_owner_id = new_id
    if step.next_owner_id == step.owner_id:
        step.next_owner_id = None


def _deputies(session: Session, member: Membership, now: datetime) -> Sequence[Deputy]:
    named = or_(Deputy.user_id == member.user_id, Deputy.deputy_id == member.user_id)
    own = select(Deputy).where(named, Deputy.lab_id.in_(member.lab_ids), Deputy.last >= now.date())
    return session.scalars(own.order_by(Deputy.first)).all()


def _end_deputy(session: Session, deputy: Deputy, old: Membership, new: Membership) -> None:
    """Who stood in for the leaving member no longer needs to; for whom he stood in, the colleague does."""
    if deputy.user_id == old.user_id or deputy.user_id == new.user_id:
        session.execute(delete(Deputy).where(Deputy.id == deputy.id))
    else:
        deputy.deputy_id = new.user_id
