"""Questions about accounts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.models import ApiToken, Membership, Organisation, Scope, SignInFailure, User
from app.accounts.policy import Viewer
from app.database import db


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


def _open_memberships():  # type: ignore[no-untyped-def]  # the Select's type is longer than the query
    return (
        select(Membership)
        .join(Membership.user)
        .where(Membership.ended_at.is_(None), User.active)
        .options(joinedload(Membership.user), joinedload(Membership.organisation))
    )


def memberships_of(user_id: str) -> Sequence[Membership]:
    """Open memberships of a user, oldest first."""
    query = _open_memberships().where(Membership.user_id == user_id).order_by(Membership.created_at, Membership.id)
    return list(db.session.scalars(query))


def membership(membership_id: str) -> Membership | None:
    """One open membership with its user and organisation."""
    return db.session.scalar(_open_memberships().where(Membership.id == membership_id))


def digest(secret: str) -> str:
    """How a secret of enough entropy (token, invitation, feed) is stored: SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def viewer_by_token(token: str) -> Viewer | None:
    """The viewer a bearer token stands for, None for an unknown, revoked or orphaned one."""
    query = (
        select(ApiToken)
        .join(ApiToken.membership)
        .join(Membership.user)
        .where(
            ApiToken.digest == digest(token),
            ApiToken.revoked_at.is_(None),
            Membership.ended_at.is_(None),
            User.active,
        )
        .options(
            joinedload(ApiToken.membership).joinedload(Membership.user),
            joinedload(ApiToken.membership).joinedload(Membership.organisation),
        )
    )
    found = db.session.scalar(query)
    return viewer_of(found.membership, found.scope) if found else None


def user_by_email(email: str) -> User | None:
    """The user with this address in any spelling."""
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def failures_since(email: str, since: datetime) -> int:
    """Refused sign-ins for the address since an instant."""
    query = select(func.count()).where(SignInFailure.email == email.strip().lower(), SignInFailure.at >= since)
    return db.session.scalar(query) or 0


def any_demo() -> bool:
    """Whether demo organisations are there: pages, feeds and sheets then say so."""
    return db.session.scalar(select(Organisation.id).where(Organisation.demo).limit(1)) is not None
