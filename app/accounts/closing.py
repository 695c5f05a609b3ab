"""Closing an organisation: its people lose their seats, its history stays; refused while anything is open.

What is open stands in rooms further down; each hands in a count when it is wired (`provide`).
"""

from collections.abc import Callable
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import Invitation, JoinRequest, Membership, Organisation
from app.accounts.rules import NotRegistered, StillOpen
from app.database import transaction
from app.errors import NotFound
from app.events import log
from app.events.log import Actor

EXTENSION = "yujian_open_work"
REGISTERED = "registered"

# (session, organisation id, now) → how much is open, of a company or at the labs that an operator runs.
Count = Callable[[Session, str, datetime], int]


def provide(app: Flask, name: str, count: Count) -> None:
    """Hand in what keeps an organisation open: `orders`, `bookings`."""
    app.extensions.setdefault(EXTENSION, {})[name] = count


def close(by: Actor, organisation_id: str, now: datetime, dry_run: bool = False) -> Organisation:
    """Retire an organisation and end its memberships; dry_run: only what would refuse it.

    Raises StillOpen, NotRegistered (the catalogue's organisations come and go with the catalogue), NotFound.
    """
    with transaction() as session:
        organisation = session.get(Organisation, organisation_id, with_for_update=True)
        if organisation is None or organisation.retired_at is not None:
            raise NotFound()
        if organisation.origin != REGISTERED:
            raise NotRegistered(name=organisation)
        counts: dict[str, Count] = current_app.extensions.get(EXTENSION, {})
        found = {name: count(session, organisation_id, now) for name, count in counts.items()}
        if any(found.values()):
            raise StillOpen(name=organisation, orders=found.get("orders", 0), bookings=found.get("bookings", 0))
        if dry_run:
            return organisation
        organisation.retired_at = now
        ended = _end_seats(session, organisation_id, now)
        log.record(session, "organisation.closed", organisation, by=by, at=now, members=ended)
        return organisation


def _end_seats(session: Session, organisation_id: str, now: datetime) -> int:
    """End memberships, invitations and what was asked for; how many members there were."""
    seats = select(Membership).where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
    members = list(session.scalars(seats))
    for member in members:
        member.ended_at = now
    session.execute(
        update(Invitation)
        .where(
            Invitation.organisation_id == organisation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    session.execute(
        update(JoinRequest)
        .where(JoinRequest.organisation_id == organisation_id, JoinRequest.decided_at.is_(None))
        .values(decided_at=now, accepted=False)
    )
    return len(members)
