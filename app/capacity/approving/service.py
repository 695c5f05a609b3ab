"""Setting a lab's approval steps and deputies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import LAB_ROLES, Membership, User
from app.accounts.policy import Action, Viewer, require_visible
from app.booking.desk_models import Deputy
from app.database import db, transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import ApprovalStep, touch
from app.labs.models import Lab


@dataclass(frozen=True, slots=True)
class Step:
    """A step: who answers, who next when he doesn't within `hours` of working time."""

    name: str
    owner_id: str
    next_owner_id: str | None
    hours: int


def people(lab_id: str) -> list[User]:
    """Who works at the lab, by name."""
    query = select(Membership).where(Membership.role.in_(LAB_ROLES), Membership.ended_at.is_(None))
    ids = {row.user_id for row in db.session.scalars(query) if lab_id in row.lab_ids}
    return list(db.session.scalars(select(User).where(User.id.in_(ids), User.active).order_by(User.name, User.id)))


def steps_of(lab_id: str) -> list[ApprovalStep]:
    """The lab's steps in order."""
    return list(db.session.scalars(select(ApprovalStep).filter_by(lab_id=lab_id).order_by(ApprovalStep.position)))


def deputies_of(lab_id: str, today: date) -> list[Deputy]:
    """Deputies now and to come."""
    query = select(Deputy).where(Deputy.lab_id == lab_id, Deputy.last >= today)
    return list(db.session.scalars(query.order_by(Deputy.first, Deputy.id)))


def set_steps(viewer: Viewer, lab_id: str, steps: Sequence[Step], now: datetime) -> None:
    """The steps of requests from now on; requests that wait keep theirs. Raises NotFound, Invalid."""
    with transaction() as session:
        lab = _own(session, viewer, lab_id)
        known = {user.id for user in people(lab_id)}
        for step in steps:
            if not {step.owner_id, step.next_owner_id or step.owner_id} <= known:
                raise Invalid(N_("负责人要是本实验室的成员。"), field="steps")
        session.execute(delete(ApprovalStep).where(ApprovalStep.lab_id == lab_id))
        for position, step in enumerate(steps, start=1):
            row = ApprovalStep(lab_id=lab_id, position=position, name=step.name, owner_id=step.owner_id)
            row.next_owner_id, row.hours = step.next_owner_id, step.hours
            session.add(row)
        log.record(session, "approval.steps_set", lab, by=viewer, at=now, steps=[step.name for step in steps])
        touch(session, lab_id)


def name_deputy(
    viewer: Viewer, lab_id: str, user_id: str, deputy_id: str, first: date, last: date, now: datetime
) -> Deputy:
    """Somebody decides in a member's place for a while. Raises NotFound, Invalid."""
    with transaction() as session:
        _own(session, viewer, lab_id)
        if not {user_id, deputy_id} <= {user.id for user in people(lab_id)}:
            raise NotFound()
        if user_id == deputy_id:
            raise Invalid(N_("代理人要是另一位成员。"), field="deputy_id")
        if last < first:
            raise Invalid(N_("结束日期要在开始日期当天或之后。"), field="last")
        row = Deputy(lab_id=lab_id, user_id=user_id, deputy_id=deputy_id, first=first, last=last)
        session.add(row)
        session.flush()
        log.record(session, "approval.deputy_named", row, by=viewer, at=now, until=last.isoformat())
        return row


def drop_deputy(viewer: Viewer, lab_id: str, deputy_id: str, now: datetime) -> None:
    """He decides for himself again. Raises NotFound."""
    with transaction() as session:
        row = session.get(Deputy, deputy_id)
        require_visible(viewer, Action.SET_CAPACITY, row)
        if row is None or row.lab_id != lab_id:
            raise NotFound()
        log.record(session, "approval.deputy_dropped", row, by=viewer, at=now)
        session.delete(row)


def _own(session: Session, viewer: Viewer, lab_id: str) -> Lab:
    lab = session.get(Lab, lab_id)
    require_visible(viewer, Action.SET_CAPACITY, lab)
    assert lab is not None
    return lab
