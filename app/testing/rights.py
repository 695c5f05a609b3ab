"""Who may review and sign a lab's reports: rights that the lab gives to its members, deputies included.

Where a lab has given a right to nobody, its order desk does that step: a small lab has no more people.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import LAB_ROLES, Membership, Role, Scope, User
from app.accounts.policy import Action, Viewer, allowed, require_visible
from app.booking.desk_models import Deputy
from app.database import db, transaction
from app.errors import Forbidden, NotFound
from app.events import log
from app.labs.models import Lab
from app.testing import rules
from app.testing.models import LabRight, ReportRule, TestReport
from app.testing.rules import NEXT_RIGHT, OPEN, Right
from app.worktime import local_date


@dataclass(frozen=True, slots=True)
class Holder:
    """Who may do a step. for_name: whom he stands in for, empty where the right is his own."""

    user_id: str
    name: str
    right: Right
    for_name: str = ""


def holders(session: Session, lab_id: str, today: date) -> list[Holder]:
    """Members with a right and those who stand in for them on this local date, by name; two statements."""
    query = (
        select(User, LabRight.right, Membership.lab_ids)
        .join(Membership, Membership.user_id == User.id)
        .join(LabRight, LabRight.membership_id == Membership.id)
        .where(LabRight.lab_id == lab_id, Membership.ended_at.is_(None), User.active)
        .order_by(User.name, User.id)
    )
    own = [Holder(user.id, user.name, right) for user, right, labs in session.execute(query) if lab_id in labs]
    by_user: dict[str, list[Holder]] = {}
    for holder in own:
        by_user.setdefault(holder.user_id, []).append(holder)
    standing_in = (
        select(User, Deputy.user_id)
        .join(Deputy, Deputy.deputy_id == User.id)
        .where(Deputy.lab_id == lab_id, Deputy.user_id.in_(list(by_user)), *_on(today), User.active)
        .order_by(User.name, User.id)
    )
    deputies = session.execute(standing_in) if by_user else ()
    return own + [
        Holder(user.id, user.name, each.right, each.name) for user, absent in deputies for each in by_user[absent]
    ]


def labs_of(viewer: Viewer, now: datetime) -> dict[str, set[Right]]:
    """Labs of the viewer at which he has rights today, himself or for another; one statement, none for companies."""
    if not viewer.is_lab:
        return {}
    stands_in = and_(Deputy.lab_id == LabRight.lab_id, Deputy.user_id == Membership.user_id, *_on(local_date(now)))
    query = (
        select(LabRight.lab_id, LabRight.right)
        .join(Membership, Membership.id == LabRight.membership_id)
        .outerjoin(Deputy, stands_in)
        .where(
            LabRight.lab_id.in_(sorted(viewer.lab_ids)),
            Membership.ended_at.is_(None),
            or_(Membership.user_id == viewer.user_id, Deputy.deputy_id == viewer.user_id),
        )
    )
    found: dict[str, set[Right]] = {}
    for lab_id, right in db.session.execute(query):
        found.setdefault(lab_id, set()).add(right)
    return found


def _on(today: date) -> tuple[Any, Any]:
    return Deputy.first <= today, Deputy.last >= today


def wants_distinct(session: Session, lab_id: str) -> bool:
    """Whether different people draft, review and approve: as the lab says, else where it has given any right."""
    rule = session.get(ReportRule, lab_id)
    if rule is not None:
        return rule.distinct_people
    return session.scalar(select(LabRight.id).where(LabRight.lab_id == lab_id).limit(1)) is not None


def is_desk(viewer: Viewer, lab_id: str) -> bool:
    """Whether the viewer is of this lab's order desk and may write."""
    return bool(allowed(viewer, Action.ISSUE_REPORT, _Place(lab_id)))


def check_worker(viewer: Viewer, lab_id: str, now: datetime) -> None:
    """Drafting and issuing: the order desk, or whoever has a right here. Raises Forbidden."""
    if is_desk(viewer, lab_id):
        return
    if viewer.scope is Scope.READ or lab_id not in labs_of(viewer, now):
        raise Forbidden()


def check_holder(
    session: Session, viewer: Viewer, lab_id: str, right: Right, before: Collection[str | None], now: datetime
) -> None:
    """A step that needs a right, after steps of others (`before`: who did them).

    Raises Forbidden, NotHolder, SamePerson, NobodyElse.
    """
    if viewer.scope is Scope.READ or lab_id not in viewer.lab_ids:
        raise Forbidden()
    may = [(each.user_id, each.name) for each in holders(session, lab_id, local_date(now)) if each.right is right]
    if may and viewer.user_id not in {ident for ident, _name in may}:
        raise rules.NotHolder(names="、".join(dict.fromkeys(name for _ident, name in may)))
    if not may and not is_desk(viewer, lab_id):
        raise Forbidden()
    if before and wants_distinct(session, lab_id):
        rules.check_somebody_else(viewer.user_id, before, may or _desk(session, lab_id))


def who_is_next(session: Session, report: TestReport, today: date) -> frozenset[str]:
    """Users of the lab whose step a version waits for on this local date: its drafter once it was returned or
    approved, else those with the right to the step, without those who must not do it because of an earlier one.
    """
    before = {ident for ident in (report.drafted_by_id, report.reviewed_by_id) if ident}
    right = NEXT_RIGHT.get(report.state)
    if right is None:
        return frozenset(before & {report.drafted_by_id}) if report.state in OPEN else frozenset()
    may = [(each.user_id, each.name) for each in holders(session, report.lab_id, today) if each.right is right]
    people = {ident for ident, _name in may or _desk(session, report.lab_id)}
    return frozenset(people - before if wants_distinct(session, report.lab_id) else people)


@dataclass(frozen=True, slots=True)
class _Place:
    """A lab as the policy asks for it."""

    lab_id: str


def _desk(session: Session, lab_id: str) -> list[tuple[str, str]]:
    desk = [each for each in members(session, lab_id) if each.role is Role.LAB_ADMIN]
    return [(each.user_id, each.user.name) for each in desk]


def members(session: Session, lab_id: str) -> list[Membership]:
    """Who works at the lab, by name."""
    query = select(Membership).join(User).where(Membership.role.in_(LAB_ROLES), Membership.ended_at.is_(None))
    found = session.scalars(query.where(User.active).order_by(User.name, User.id))
    return [each for each in found if lab_id in each.lab_ids]


def given(lab_id: str) -> set[tuple[str, Right]]:
    """Ids of memberships with the rights that the lab has given them."""
    query = select(LabRight.membership_id, LabRight.right).where(LabRight.lab_id == lab_id)
    return {(ident, right) for ident, right in db.session.execute(query)}


@dataclass(frozen=True, slots=True)
class SetRights:
    """All rights of a lab from now on, by membership; distinct_people: see `ReportRule`."""

    lab_id: str
    chosen: frozenset[tuple[str, Right]]
    distinct_people: bool


def set_rights(viewer: Viewer, command: SetRights, now: datetime) -> None:
    """The lab administrator says who reviews and signs. Raises NotFound (also for people of other labs)."""
    with transaction() as session:
        lab = session.get(Lab, command.lab_id, with_for_update=True)
        require_visible(viewer, Action.SET_CAPACITY, lab)
        assert lab is not None
        if not {ident for ident, _right in command.chosen} <= {each.id for each in members(session, lab.id)}:
            raise NotFound()
        known = given(lab.id)
        for ident, right in sorted(known - command.chosen):
            session.execute(delete(LabRight).filter_by(lab_id=lab.id, membership_id=ident, right=right))
        for ident, right in sorted(command.chosen - known):
            row = LabRight(lab_id=lab.id, membership_id=ident, right=right)
            row.granted_by_id, row.granted_at = str(viewer.user_id), now
            session.add(row)
        rule = session.get(ReportRule, lab.id) or ReportRule(lab_id=lab.id)
        rule.distinct_people, rule.set_by_id, rule.set_at = command.distinct_people, str(viewer.user_id), now
        session.add(rule)
        told = [f"{ident} {right.value}" for ident, right in sorted(command.chosen)]
        facts: dict[str, Any] = {"rights": told, "distinct_people": command.distinct_people}
        log.record(session, "report_rights.set", lab, by=viewer, at=now, **facts)
