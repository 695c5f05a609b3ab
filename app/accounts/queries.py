"""Questions about accounts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    Organisation,
    Role,
    Scope,
    SignInFailure,
    User,
)
from app.accounts.policy import Viewer
from app.database import db
from app.prepared import ask, ask_before


def viewer_of(membership: Membership, scope: Scope = Scope.WRITE) -> Viewer:
    """The value that goes down into services and queries."""
    return Viewer(
        user_id=membership.user_id,
        role=membership.role,
        organisation_id=membership.organisation_id,
        lab_ids=frozenset(membership.lab_ids),
        membership_id=membership.id,
        scope=scope,
        name=membership.user.name,
        organisation_zh=membership.organisation.short_zh,
        organisation_en=membership.organisation.short_en,
        demo=membership.organisation.demo,
    )


# These stand before every page.
_OPEN_MEMBERSHIPS = (
    select(Membership)
    .join(Membership.user)
    .where(Membership.ended_at.is_(None), User.active)
    .options(joinedload(Membership.user), joinedload(Membership.organisation))
)
_OF_USER = _OPEN_MEMBERSHIPS.where(Membership.user_id == bindparam("user")).order_by(
    Membership.created_at, Membership.id
)
_BY_ID = _OPEN_MEMBERSHIPS.where(Membership.id == bindparam("membership"))
ANY_DEMO = select(Organisation.id).where(Organisation.demo).limit(1)


def memberships_of(user_id: str) -> Sequence[Membership]:
    """Open memberships of a user, oldest first."""
    return list(db.session.scalars(_OF_USER, {"user": user_id}))


def membership(membership_id: str) -> Membership | None:
    """One open membership with its user and organisation."""
    return db.session.scalar(_BY_ID, {"membership": membership_id})


def digest(secret: str) -> str:
    """How a secret of enough entropy (token, invitation, feed) is stored: SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


# Built once and of plain columns: these stand before every request.
_SEATS = (
    select(
        Membership.id,
        Membership.user_id,
        Membership.role,
        Membership.organisation_id,
        Membership.lab_ids,
        User.name,
        Organisation.short_zh,
        Organisation.short_en,
        Organisation.demo,
    )
    .join(User, User.id == Membership.user_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(Membership.ended_at.is_(None), User.active)
)
_BEARER = (
    _SEATS.add_columns(ApiToken.scope)
    .join(ApiToken, ApiToken.membership_id == Membership.id)
    .where(ApiToken.digest == bindparam("digest"), ApiToken.revoked_at.is_(None))
)
_SIGNED_IN = _SEATS.where(User.id == bindparam("user"), User.session_version == bindparam("version")).order_by(
    Membership.created_at, Membership.id
)


def viewer_by_token(token: str) -> Viewer | None:
    """The viewer a bearer token stands for, None for an unknown, revoked or orphaned one."""
    found = ask_before(_BEARER, {"digest": digest(token)})
    return _viewer(found[0], found[0].scope) if found else None


def viewers_of(user_id: str, session_version: int) -> list[Viewer]:
    """What a session can act as: the open memberships of its user, oldest first; none when it has been ended."""
    return [_viewer(row) for row in ask(db.session(), _SIGNED_IN, {"user": user_id, "version": session_version})]


def _viewer(row: Any, scope: Scope = Scope.WRITE) -> Viewer:
    return Viewer(
        user_id=row.user_id,
        role=row.role,
        organisation_id=row.organisation_id,
        lab_ids=frozenset(row.lab_ids),
        membership_id=row.id,
        scope=scope,
        name=row.name,
        organisation_zh=row.short_zh,
        organisation_en=row.short_en,
        demo=row.demo,
    )


def user(user_id: str) -> User | None:
    """The user with this id."""
    return db.session.get(User, user_id)


def user_by_email(email: str) -> User | None:
    """The user with this address in any spelling."""
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def failures_since(email: str, since: datetime) -> int:
    """Refused sign-ins for the address since an instant."""
    query = select(func.count()).where(SignInFailure.email == email.strip().lower(), SignInFailure.at >= since)
    return db.session.scalar(query) or 0


def any_demo() -> bool:
    """Whether demo organisations are there: pages, feeds and sheets then say so."""
    return bool(ask(db.session(), ANY_DEMO, {}))


class LabChoice(NamedTuple):
    """A lab as it can be chosen for a role."""

    id: str
    name_zh: str
    name_en: str
    organisation_id: str


LABS = "yujian_labs"


def labs_of(organisation_id: str) -> Sequence[LabChoice]:
    """Labs of an operator."""
    return [lab for lab in all_labs() if lab.organisation_id == organisation_id]


def all_labs() -> Sequence[LabChoice]:
    """Every lab. They live in a room below, which hands the answer in when the app is put together."""
    found: Sequence[LabChoice] = current_app.extensions[LABS]()
    return found


def invitation_by_secret(secret: str, now: datetime) -> Invitation | None:
    """The open invitation behind a link, with its organisation."""
    query = select(Invitation).where(Invitation.digest == digest(secret)).options(joinedload(Invitation.organisation))
    found = db.session.scalar(query)
    return found if found and is_open(found, now) else None


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Neither used nor revoked nor past its end."""
    return invitation.accepted_at is None and invitation.revoked_at is None and now < invitation.expires_at


def has_seat(email: str, organisation_id: str, role: Role) -> bool:
    """Whether somebody with this address has the role there."""
    query = _OPEN_MEMBERSHIPS.where(
        User.email == email, Membership.organisation_id == organisation_id, Membership.role == role
    )
    return db.session.scalar(query) is not None


def members_of(organisation_id: str) -> Sequence[Membership]:
    """Open memberships of an organisation, by name."""
    query = _OPEN_MEMBERSHIPS.where(Membership.organisation_id == organisation_id)
    return db.session.scalars(query.order_by(User.name, Membership.id)).all()


def open_invitations(organisation_id: str, now: datetime) -> Sequence[Invitation]:
    """Invitations that can still be accepted, newest first."""
    query = select(Invitation).where(
        Invitation.organisation_id == organisation_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now,
    )
    return db.session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id)).all()


def tokens_of(user_id: str) -> Sequence[ApiToken]:
    """Tokens of a user that still work, newest first."""
    query = (
        select(ApiToken)
        .join(ApiToken.membership)
        .where(Membership.user_id == user_id, Membership.ended_at.is_(None), ApiToken.revoked_at.is_(None))
        .options(joinedload(ApiToken.membership).joinedload(Membership.organisation))
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )
    return db.session.scalars(query).all()


def organisation(organisation_id: str) -> Organisation | None:
    """One organisation."""
    return db.session.get(Organisation, organisation_id)


def organisations() -> Sequence[Organisation]:
    """All organisations that are not retired, by name."""
    query = select(Organisation).where(Organisation.retired_at.is_(None)).order_by(Organisation.name_zh)
    return db.session.scalars(query).all()


def all_users() -> Sequence[User]:
    """Everybody with an account and their memberships, for the system's administrator."""
    query = select(User).options(selectinload(User.memberships).joinedload(Membership.organisation))
    return db.session.scalars(query.order_by(User.email)).all()
