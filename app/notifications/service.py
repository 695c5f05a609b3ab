"""What people do with what they are told: read it, choose how to hear of it, and send a dead letter again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.policy import Action, Viewer, require, require_visible, visible
from app.database import transaction
from app.errors import NotFound
from app.events import log
from app.notifications.groups import Group, How
from app.notifications.kinds import KINDS
from app.notifications.models import Mail, MailState, Notice, NoticeChoice

SALT = "yujian-unsubscribe"
# In the place of a group: the daily mail as a whole.
DAILY = "daily"


def read(viewer: Viewer, notice_id: str, now: datetime) -> Notice:
    """The viewer has read one notice. Raises NotFound, Forbidden for a read-only token."""
    with transaction() as session:
        found = session.get(Notice, notice_id)
        require_visible(viewer, Action.SEE_NOTICE, found)
        require(viewer, Action.READ_NOTICE, found)
        assert found is not None
        found.read_at = found.read_at or now
        return found


def read_all(viewer: Viewer, group: Group | None, now: datetime) -> None:
    """The viewer has read all, or all of a group."""
    with transaction() as session:
        query = update(Notice).where(visible(viewer, Action.READ_NOTICE, Notice), Notice.read_at.is_(None))
        if group:
            query = query.where(Notice.kind.in_([kind for kind, told in KINDS.items() if told.group is group]))
        session.execute(query.values(read_at=now))


@dataclass(frozen=True, slots=True)
class Choose:
    """How to hear by mail of each group; groups that are missing stay as they are."""

    choices: Mapping[Group, How] = field(default_factory=dict)


def choose(viewer: Viewer, command: Choose, now: datetime) -> bool:
    """Keep the choices for the person, whatever seat he has; gives True."""
    with transaction() as session:
        user = session.get_one(User, viewer.user_id)
        _set(session, user, command.choices, viewer, now)
    return True


def _set(session: Session, user: User, choices: Mapping[Group, How], by: Viewer, now: datetime) -> None:
    for group, how in choices.items():
        session.merge(NoticeChoice(user_id=user.id, group=group, how=how))
    told = {group.value: how.value for group, how in choices.items()}
    log.record(session, "user.notices_chosen", user, by=by, at=now, choices=told)


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """What the link in a mail ends: mails about a group, or (None) the daily mail."""

    user_id: str
    group: Group | None


def unsubscribe_token(user_id: str, group: Group | None) -> str:
    """The signed part of the link; it holds for good, as mails are kept."""
    return _signer().dumps([user_id, group.value if group else DAILY])


def unsubscription(token: str) -> Unsubscription:
    """What a link says. Raises NotFound for one that we never made."""
    try:
        user_id, name = _signer().loads(token)
        return Unsubscription(user_id, None if name == DAILY else Group(name))
    except (BadSignature, ValueError, TypeError):
        raise NotFound() from None


def unsubscribe(token: str, now: datetime) -> Unsubscription:
    """No more such mails; done twice it is done once. Raises NotFound."""
    wanted = unsubscription(token)
    with transaction() as session:
        user = session.get(User, wanted.user_id)
        if user is None:
            raise NotFound()
        groups = [wanted.group] if wanted.group else _daily(session, user.id)
        _set(session, user, dict.fromkeys(groups, How.OFF), Viewer(user_id=user.id), now)
    return wanted


def _daily(session: Session, user_id: str) -> list[Group]:
    chosen = session.query(NoticeChoice).filter_by(user_id=user_id, how=How.DAILY)
    return [row.group for row in chosen]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=SALT)


def send_again(viewer: Viewer, mail_id: str, now: datetime) -> None:
    """A dead letter is tried anew from the first attempt, under its Message-ID. Raises Forbidden, NotFound."""
    require(viewer, Action.ADMINISTER)
    with transaction() as session:
        mail = session.get(Mail, mail_id, with_for_update={"of": Mail}, populate_existing=True)
        if mail is None or mail.state is not MailState.DEAD:
            raise NotFound()
        mail.state, mail.attempts, mail.next_attempt_at = MailState.QUEUED, 0, now
        log.record(session, "mail.sent_again", mail, by=viewer, at=now)
