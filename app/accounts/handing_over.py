"""Leaving staff: what somebody answers for goes to a colleague before his membership ends, all in one transaction.

What there is stands in rooms further down; each hands in its kinds when it is wired (`provide`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext
from sqlalchemy.orm import Session

from app.accounts import members, queries
from app.accounts.models import COMPANY_ROLES, Membership, Role
from app.accounts.policy import Viewer
from app.accounts.rules import NobodyTakesOver
from app.database import db, transaction
from app.errors import NotFound
from app.events import log

EXTENSION = "yujian_owned"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of things that somebody answers for. label: msgid. find: those of a membership that are not over; give:
    make another one answer for one of them; told: what one is called.
    """

    name: str
    label: str
    find: Callable[[Session, Membership, datetime], Sequence[Any]]
    give: Callable[[Session, Any, Membership, Membership], None]
    told: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Owned:
    """How many things of a kind, and what they are called for who may know."""

    label: str
    count: int
    names: list[str]


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is to be done before a membership ends; colleagues: who could take over."""

    membership: Membership
    owned: list[Owned]
    colleagues: list[Membership]


def provide(app: Flask, *kinds: Kind) -> None:
    """Hand in kinds of things that have an owner."""
    app.extensions.setdefault(EXTENSION, []).extend(kinds)


def leaving(viewer: Viewer, membership_id: str, now: datetime) -> Leaving:
    """What the page before the end shows. Raises NotFound."""
    session = db.session()
    membership = _open(session, viewer, membership_id)
    # Who only administers the house learns how much there is, not what.
    names = membership.organisation_id == viewer.organisation_id
    owned = [
        Owned(gettext(kind.label), len(things), [kind.told(thing) for thing in things] if names else [])
        for kind, things in _found(session, membership, now)
    ]
    return Leaving(membership, owned, _colleagues(membership))


def end(viewer: Viewer, membership_id: str, to_id: str, now: datetime) -> str:
    """Give all that the member answers for to a colleague and end the membership; gives the organisation's id.

    to_id: the colleague's membership, '' where nothing is owned. Raises NobodyTakesOver, LastManager, NotFound.
    """
    with transaction() as session:
        membership = members.open_seat(session, viewer, membership_id)
        found = _found(session, membership, now)
        if found:
            to = next((each for each in _colleagues(membership) if each.id == to_id), None)
            if to is None:
                raise NobodyTakesOver()
            for kind, things in found:
                for thing in things:
                    kind.give(session, thing, membership, to)
            given = {kind.name: [_ident(thing) for thing in things] for kind, things in found}
            log.record(session, "membership.handed_over", membership, by=viewer, at=now, to=to.id, given=given)
            session.flush()
        return members.end(viewer, membership_id, now)


def _open(session: Session, viewer: Viewer, membership_id: str) -> Membership:
    membership = session.get(Membership, membership_id)
    if membership is None or membership.ended_at or not members.may_fill(viewer, members.seat_of(membership)):
        raise NotFound()
    return membership


def _found(session: Session, membership: Membership, now: datetime) -> list[tuple[Kind, Sequence[Any]]]:
    kinds: list[Kind] = current_app.extensions.get(EXTENSION, [])
    found = [(kind, kind.find(session, membership, now)) for kind in kinds]
    return [(kind, things) for kind, things in found if things]


def _ident(thing: Any) -> str:
    return "/".join(str(part) for part in thing.__mapper__.primary_key_from_instance(thing))


def _colleagues(membership: Membership) -> list[Membership]:
    """Who may do at least what the leaving member might, by name."""
    return [
        each
        for each in queries.members_of(membership.organisation_id)
        if each.id != membership.id and each.user.active and _can_take(membership, each)
    ]


def _can_take(old: Membership, new: Membership) -> bool:
    if old.role in COMPANY_ROLES or new.role in COMPANY_ROLES:
        return old.role in COMPANY_ROLES and new.role in COMPANY_ROLES
    able = new.role in (old.role, Role.LAB_ADMIN)
    return able and set(new.lab_ids).issuperset(old.lab_ids)
