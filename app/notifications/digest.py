"""The daily mail, and what of the past is thrown away."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, select, update

from app.accounts.models import Membership
from app.database import db, transaction
from app.notifications.models import Mail, MailState, Notice
from app.notifications.server import Server, server_of
from app.notifications.telling import Receiver, mail_about

# What was read, and what was sent, stays so long.
KEPT_NOTICES, KEPT_MAILS = timedelta(days=365), timedelta(days=90)


def queue_daily(now: datetime) -> int:
    """One mail for each member with notices that wait for it; returns how many. Where mail is off they wait no more."""
    server = server_of(current_app.config)
    if server is None:
        with transaction() as session:
            session.execute(update(Notice).where(Notice.in_digest).values(in_digest=False))
        return 0
    waiting = select(Notice.membership_id).where(Notice.in_digest)
    seats = select(Membership.id).where(Membership.id.in_(waiting)).order_by(Membership.id)
    return sum(_queue(membership_id, server, now) for membership_id in db.session.scalars(seats).all())


def _queue(membership_id: str, server: Server, now: datetime) -> bool:
    """The mail and the end of the waiting in one transaction: a job that runs twice queues nothing twice."""
    with transaction() as session:
        own = select(Notice).where(Notice.membership_id == membership_id, Notice.in_digest)
        notices = session.scalars(own.order_by(Notice.created_at, Notice.id).with_for_update()).all()
        for notice in notices:
            notice.in_digest = False
        unread = [notice for notice in notices if notice.read_at is None]
        if unread:
            member = session.get_one(Membership, membership_id)
            session.add(mail_about(unread, Receiver(member.user, member), server, now, daily=True))
        return bool(unread)


def prune(now: datetime) -> None:
    """Throw away notices that were read or stand in no inbox, and mails that are done with, long ago."""
    done = (MailState.SENT, MailState.DROPPED)
    with transaction() as session:
        session.execute(delete(Notice).where(Notice.read_at < now - KEPT_NOTICES))
        alone = (Notice.membership_id.is_(None), Notice.created_at < now - KEPT_NOTICES)
        session.execute(delete(Notice).where(*alone))
        session.execute(delete(Mail).where(Mail.state.in_(done), Mail.created_at < now - KEPT_MAILS))
