"""Who belongs to which organisation: accounts made by command, invitations, the end of a membership."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import turns
from app.accounts import passwords, queries, rules
from app.accounts.models import (
    COMPANY_ROLES,
    LAB_ROLES,
    Invitation,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)
from app.accounts.policy import Action, Viewer, allowed, require
from app.accounts.service import Person, add_membership, add_user
from app.database import transaction
from app.errors import Forbidden, NotFound
from app.events import log
from app.events.log import Actor
from app.identifiers import new_id
from app.turns import Counted

MANAGERS = frozenset({Role.COMPANY_MANAGER, Role.LAB_ADMIN, Role.SYSTEM_ADMIN})


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is to belong, as the policy asks it: a company, or one lab."""

    company_id: str | None = None
    lab_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A role in an organisation; lab roles name their labs."""

    organisation_id: str
    role: Role
    lab_ids: tuple[str, ...] = ()

    @property
    def places(self) -> list[Place]:
        if self.role in LAB_ROLES:
            return [Place(lab_id=lab_id) for lab_id in self.lab_ids]
        return [Place(company_id=self.organisation_id)]


@dataclass(frozen=True, slots=True)
class Invite:
    email: str
    seat: Seat


@dataclass(frozen=True, slots=True)
class Accept:
    """What somebody new gives who follows an invitation; the address is the invitation's."""

    name: str
    password: str
    locale: str


def may_fill(viewer: Viewer, seat: Seat) -> bool:
    """Whether the viewer decides who has this seat: managers in their company, lab administrators in their labs."""
    if allowed(viewer, Action.ADMINISTER):
        return True
    if seat.organisation_id != viewer.organisation_id or not seat.places:
        return False
    if seat.role in COMPANY_ROLES:
        return all(allowed(viewer, Action.INVITE_COMPANY, place) for place in seat.places)
    return seat.role in LAB_ROLES and all(allowed(viewer, Action.INVITE_LAB, place) for place in seat.places)


def looked_after(viewer: Viewer, organisation_id: str) -> list[Membership]:
    """Members of the organisation whose seats the viewer decides about, by name."""
    return [member for member in queries.members_of(organisation_id) if may_fill(viewer, seat_of(member))]


def invited(viewer: Viewer, organisation_id: str, now: datetime) -> list[Invitation]:
    """Open invitations to such seats, newest first."""
    found = queries.open_invitations(organisation_id, now)
    return [invitation for invitation in found if may_fill(viewer, seat_of(invitation))]


def offered_roles(viewer: Viewer, organisation_id: str) -> list[Role]:
    """Roles that the viewer may give there."""
    return [
        role
        for role in Role
        if may_fill(viewer, Seat(organisation_id, role, tuple(viewer.lab_ids) if role in LAB_ROLES else ()))
    ]


def check_seat(session: Session, seat: Seat) -> None:
    """Whether organisation, role and labs fit each other. Raises NotFound, RoleDoesNotFit, LabsMissing."""
    organisation = session.get(Organisation, seat.organisation_id)
    if organisation is None:
        raise NotFound()
    if seat.role in COMPANY_ROLES and organisation.kind is OrganisationKind.AUTHORITY:
        raise rules.RoleDoesNotFit()
    if seat.role in LAB_ROLES:
        known = {choice.id for choice in queries.labs_of(organisation.id)}
        rules.labs_given(seat.lab_ids)
        if not known.issuperset(seat.lab_ids):
            raise rules.LabsMissing()


def create(by: Actor, now: datetime, person: Person, seat: Seat) -> Membership:
    """An account with a role; somebody who has an account gets the role only. Raises Invalid, AlreadyMember, …"""
    made = passwords.hashed(rules.password(person.password, person.email))
    with transaction() as session:
        check_seat(session, seat)
        user = queries.user_by_email(person.email) or add_user(session, person, made, now)
        return take_seat(session, user, seat, by, now)


def authority(name: str, now: datetime) -> str:
    """The id of the authority of this name, made when it is new: home of coordinators and administrators."""
    with transaction() as session:
        known = session.scalar(select(Organisation).where(Organisation.name_zh == name))
        if known is None:
            known = Organisation(
                id=new_id(),
                name_zh=name,
                name_en="",
                short_zh=name,
                short_en="",
                kind=OrganisationKind.AUTHORITY,
                province="重庆市",
                city="重庆市",
                created_at=now,
            )
            session.add(known)
        return known.id


def take_seat(session: Session, user: User, seat: Seat, by: Actor, now: datetime) -> Membership:
    """Give a user a seat, in this transaction. Raises AlreadyMember."""
    membership = add_membership(session, user, seat.organisation_id, seat.role, seat.lab_ids, now)
    role, labs = seat.role.value, list(seat.lab_ids)
    facts: dict[str, Any] = {"organisation": seat.organisation_id, "role": role, "labs": labs}
    log.record(session, "membership.created", membership, by=by, at=now, **facts)
    return membership


def invite(viewer: Viewer, now: datetime, command: Invite) -> tuple[Invitation, str]:
    """An invitation and the secret of its link, which is shown this once. Raises Forbidden, AlreadyMember, …"""
    seat, email = command.seat, command.email.strip().lower()
    if not may_fill(viewer, seat):
        raise Forbidden()
    secret = secrets.token_urlsafe(24)
    with transaction() as session:
        check_seat(session, seat)
        if queries.has_seat(email, seat.organisation_id, seat.role):
            raise rules.AlreadyMember()
        invitation = Invitation(
            digest=queries.digest(secret),
            email=email,
            organisation_id=seat.organisation_id,
            role=seat.role,
            lab_ids=list(seat.lab_ids),
            invited_by_id=viewer.user_id,
            created_at=now,
            expires_at=now + rules.INVITATION_LASTS,
        )
        session.add(invitation)
        session.flush()
        log.record(session, "invitation.created", invitation, by=viewer, at=now)
    return invitation, secret


def accept(secret: str, now: datetime, command: Accept) -> User:
    """The account of somebody who is new here. Raises InvitationGone, EmailTaken, Invalid."""
    made = passwords.hashed(command.password)
    with transaction() as session:
        invitation = _open_invitation(session, secret, now)
        rules.password(command.password, invitation.email)
        person = Person(invitation.email, command.name, command.password, command.locale)
        user = add_user(session, person, made, now)
        _use(session, invitation, user, now)
    return user


def join(viewer_id: str, secret: str, now: datetime) -> Membership:
    """A role more for somebody who has an account. Raises InvitationGone, InvitationForAnother, AlreadyMember."""
    with transaction() as session:
        invitation = _open_invitation(session, secret, now)
        user = session.get_one(User, viewer_id)
        if user.email != invitation.email:
            raise rules.InvitationForAnother()
        return _use(session, invitation, user, now)


def _open_invitation(session: Session, secret: str, now: datetime) -> Invitation:
    """Locked until the commit, so that two who click at once can't both use it."""
    query = select(Invitation).where(Invitation.digest == queries.digest(secret)).with_for_update()
    invitation = session.scalar(query.execution_options(populate_existing=True))
    if invitation is None or not queries.is_open(invitation, now):
        raise rules.InvitationGone()
    return invitation


def _use(session: Session, invitation: Invitation, user: User, now: datetime) -> Membership:
    invitation.accepted_at = now
    by = Viewer(user_id=user.id, role=invitation.role)
    log.record(session, "invitation.accepted", invitation, by=by, at=now)
    return take_seat(session, user, seat_of(invitation), by, now)


def seat_of(thing: Invitation | Membership) -> Seat:
    """The seat that an invitation offers or a membership holds."""
    return Seat(thing.organisation_id, thing.role, tuple(thing.lab_ids))


def revoke_invitation(viewer: Viewer, invitation_id: str, now: datetime) -> str:
    """The link works no more; gives the organisation's id. Raises NotFound."""
    with transaction() as session:
        invitation = session.get(Invitation, invitation_id)
        if invitation is None or not queries.is_open(invitation, now) or not may_fill(viewer, seat_of(invitation)):
            raise NotFound()
        invitation.revoked_at = now
        log.record(session, "invitation.revoked", invitation, by=viewer, at=now)
    return invitation.organisation_id


def end(viewer: Viewer, membership_id: str, now: datetime) -> str:
    """End a membership: its sessions, tokens and feeds stop at once; gives the organisation's id.

    Raises NotFound, LastManager.
    """
    with transaction() as session:
        membership = open_seat(session, viewer, membership_id)
        turns.wait(session, Counted.MANAGERS, membership.organisation_id)
        if membership.role in MANAGERS and not _another_manager(session, membership):
            raise rules.LastManager()
        membership.ended_at = now
        log.record(session, "membership.ended", membership, by=viewer, at=now)
    return membership.organisation_id


def open_seat(session: Session, viewer: Viewer, membership_id: str) -> Membership:
    """A membership that the viewer may end, locked against others who would. Raises NotFound."""
    ends = {"of": Membership, "key_share": True}
    membership = session.get(Membership, membership_id, with_for_update=ends, populate_existing=True)
    if membership is None or membership.ended_at or not may_fill(viewer, seat_of(membership)):
        raise NotFound()
    return membership


def _another_manager(session: Session, membership: Membership) -> bool:
    """Whether each thing that this manager looks after has another one."""
    others: Sequence[Membership] = session.scalars(
        select(Membership).where(
            Membership.id != membership.id,
            Membership.organisation_id == membership.organisation_id,
            Membership.role == membership.role,
            Membership.ended_at.is_(None),
        )
    ).all()
    looked_after = {lab_id for other in others for lab_id in other.lab_ids}
    return bool(others) and looked_after.issuperset(membership.lab_ids)


def switch(viewer: Viewer, user_id: str, active: bool, now: datetime) -> None:
    """Switch an account off or on: one that is off can't sign in and its tokens stop. Raises Forbidden, NotFound."""
    require(viewer, Action.ADMINISTER)
    with transaction() as session:
        user = session.get(User, user_id)
        if user is None or user.id == viewer.user_id:
            raise NotFound()
        user.active = active
        log.record(session, "user.switched", user, by=viewer, at=now, active=active)
