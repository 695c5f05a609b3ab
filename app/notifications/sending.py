"""Sending what is queued. Any number of senders may be at work: each mail is claimed by one of them.

A mail is marked right after the server took it. Who dies in between leaves a claim that runs out; the mail then goes
out once more, under the same Message-ID, by which mail programs know it for the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError

import structlog
from flask import current_app
from sqlalchemy import ColumnElement, Select, Update, and_, or_, select, update
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import Membership
from app.accounts.policy import Action, Viewer, allowed
from app.clock import now as clock
from app.database import db, transaction
from app.enclosures import Enclosure
from app.errors import Forbidden, NotFound
from app.identifiers import new_id
from app.notifications import queries, rules
from app.notifications.enclosing import enclosed
from app.notifications.groups import Group, How
from app.notifications.letters import letter
from app.notifications.models import Mail, MailState, Notice
from app.notifications.post import Failed, Post, Refused, Unreachable
from app.notifications.server import Server, server_of
from app.notifications.telling import Receiver, may_know

BATCH = 50
# A claim outlasts the slowest single conversation by far; a batch that takes longer gives the rest back in time.
CLAIM, MARGIN = timedelta(minutes=10), timedelta(minutes=4)

logger = structlog.stdlib.get_logger("yujian.mail")
Clock = Callable[[], datetime]


def send_due(clock: Clock = clock, at_most: timedelta | None = None) -> int:
    """Send all that is due, as far as the server takes it; returns how many mails went out: none where mail is off.

    at_most: after that time no further batch is begun.
    """
    server = server_of(current_app.config)
    if server is None:
        return 0
    sent, begin = 0, clock()
    with Post(server) as post:
        while (at_most is None or clock() - begin < at_most) and (batch := claim(clock())):
            outcome = _Batch(batch, post, server, clock)
            sent += outcome.work()
            if outcome.unreachable:
                break
    return sent


@dataclass(frozen=True, slots=True)
class Claimed:
    """Mails that are this sender's until `until`, with all that is needed to write them."""

    token: str
    until: datetime
    mails: Sequence[Mail]
    notices: Mapping[str, Notice]
    choices: Mapping[tuple[str, Group], How]


def claim(now: datetime) -> Claimed | None:
    """The next mails that are due and nobody's, or whose sender has died; None where there are none."""
    token, until = new_id(), now + CLAIM
    with transaction() as session:
        due = select(Mail.id).where(_due(now)).order_by(Mail.next_attempt_at, Mail.id).limit(BATCH)
        ids = session.scalars(due.with_for_update(skip_locked=True)).all()
        mine = {"state": MailState.SENDING, "claimed_by": token, "claimed_until": until}
        # The condition once more: what another sender took meanwhile stays his.
        _change(session, update(Mail).where(Mail.id.in_(ids), _due(now)).values(**mine))
        mails = session.scalars(_whole(token)).all()
        notices = queries.notices_by_id({ident for mail in mails for ident in mail.notice_ids})
        choices = queries.choices_of({mail.user_id for mail in mails})
    return Claimed(token, until, mails, notices, choices) if mails else None


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(Mail.state == MailState.QUEUED, Mail.next_attempt_at <= now),
        and_(Mail.state == MailState.SENDING, Mail.claimed_until <= now),
    )


def _whole(token: str) -> Select[Mail]:
    query = select(Mail).where(Mail.claimed_by == token).order_by(Mail.next_attempt_at, Mail.id)
    return query.options(
        joinedload(Mail.user),
        joinedload(Mail.membership).joinedload(Membership.user),
        joinedload(Mail.membership).joinedload(Membership.organisation),
    ).execution_options(populate_existing=True)


def _change(session: Session, change: Update) -> None:
    session.execute(change, execution_options={"synchronize_session": False})


class _Batch:
    """One claimed batch on its way."""

    def __init__(self, claimed: Claimed, post: Post, server: Server, clock: Clock) -> None:
        self._claimed, self._post, self._server, self._clock = claimed, post, server, clock
        self.unreachable = False

    def work(self) -> int:
        """Send one after the other; what can't be tried now is given back. Returns how many went out."""
        sent = 0
        for position, mail in enumerate(self._claimed.mails):
            if self.unreachable or self._clock() > self._claimed.until - MARGIN:
                self._give_back(self._claimed.mails[position:])
                break
            sent += self._send(mail)
        return sent

    def _send(self, mail: Mail) -> bool:
        viewer = _reader(mail)
        wanted = self._wanted(mail, viewer) if viewer else []
        if viewer is None or not wanted:
            self._mark(mail, state=MailState.DROPPED)
            return False
        enclosures = self._enclosed(mail, wanted, viewer)
        if enclosures is None:
            return False
        try:
            message = letter(mail, mail.user, viewer, wanted, self._server, enclosures)
        except (ValueError, LookupError, TypeError, MessageError) as fault:
            # No later attempt would write it any better; the administrator sees why.
            self._failed(mail, f"{type(fault).__name__}: {fault}", None)
            return False
        try:
            self._post.send(message, mail.to_address)
        except Refused as error:
            self._failed(mail, str(error), None)
        except Failed as error:
            self.unreachable = isinstance(error, Unreachable)
            self._failed(mail, str(error), rules.next_attempt(mail.attempts + 1, self._clock()))
        else:
            self._mark(mail, state=MailState.SENT, sent_at=self._clock(), attempts=mail.attempts + 1, last_error="")
            return True
        return False

    def _wanted(self, mail: Mail, viewer: Viewer) -> list[Notice]:
        """What his inbox would show him now, and he still wants by mail; a daily one leaves out what he has read."""
        found = [self._claimed.notices[ident] for ident in mail.notice_ids if ident in self._claimed.notices]
        return [
            notice
            for notice in found
            if _his(viewer, notice)
            and may_know(viewer, notice)
            and not (mail.daily and notice.read_at)
            and self._claimed.choices.get((mail.user_id, notice.group)) is not How.OFF
        ]

    def _enclosed(self, mail: Mail, notices: Sequence[Notice], viewer: Viewer) -> Mapping[str, Enclosure] | None:
        """None where the mail does not go out now: he may not see it any more, or making it failed.

        What failed is tried again like a mail that could not be delivered.
        """
        ident, attempts = mail.id, mail.attempts
        try:
            return enclosed(notices, viewer, mail.user.locale)
        except (Forbidden, NotFound):
            self._mark(mail, state=MailState.DROPPED)
            return None
        except Exception as fault:
            # Whatever another room stumbles over, the other mails go out.
            db.session.rollback()
            logger.exception("enclosure not made", mail=ident)
            self._failed(mail, f"{type(fault).__name__}: {fault}", rules.next_attempt(attempts + 1, self._clock()))
            return None

    def _failed(self, mail: Mail, reason: str, again_at: datetime | None) -> None:
        """Try again then, or give it up."""
        state = MailState.QUEUED if again_at else MailState.DEAD
        after = {"next_attempt_at": again_at} if again_at else {}
        self._mark(mail, state=state, attempts=mail.attempts + 1, last_error=reason, **after)

    def _mark(self, mail: Mail, **values: object) -> None:
        """Only while the claim is ours: one that ran out may be another sender's by now."""
        with transaction() as session:
            _change(session, self._mine([mail]).values(claimed_by=None, claimed_until=None, **values))

    def _give_back(self, mails: Sequence[Mail]) -> None:
        free = {"state": MailState.QUEUED, "claimed_by": None, "claimed_until": None}
        with transaction() as session:
            _change(session, self._mine(mails).values(**free))

    def _mine(self, mails: Sequence[Mail]) -> Update:
        return update(Mail).where(Mail.id.in_([mail.id for mail in mails]), Mail.claimed_by == self._claimed.token)


def _reader(mail: Mail) -> Viewer | None:
    """Who reads it; None once he has left or his account is off."""
    seat = mail.membership
    if not mail.user.active or (seat and seat.ended_at):
        return None
    return Receiver(mail.user, seat).viewer


def _his(viewer: Viewer, notice: Notice) -> bool:
    """Told to him, in his seat or without one."""
    if viewer.membership_id is None:
        return notice.membership_id is None and notice.user_id == viewer.user_id
    return bool(allowed(viewer, Action.SEE_NOTICE, notice))
