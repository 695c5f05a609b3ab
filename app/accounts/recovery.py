"""A forgotten password: a link by mail sets a new one, once and for a day.

Nothing is stored for it: the link is signed, and the number of the user's session version in it ends it with the first
new password. Who asks learns nothing about who has an account (OWASP Forgot Password Cheat Sheet).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import func, select

from app import turns
from app.accounts import passwords, queries, rules
from app.accounts.models import User
from app.accounts.service import set_password
from app.database import db, transaction
from app.events import log
from app.events.log import System
from app.events.models import Event
from app.turns import Counted

LOST, RESET = "user.password_lost", "user.password_reset"
SALT = "yujian-recovery"
# Nobody's postbox is filled by somebody who knows his address.
PAUSE = timedelta(minutes=10)
# Writing it down for an address that is known takes a few milliseconds more: every answer takes so many seconds.
ANSWERED_AFTER = 0.1


@dataclass(frozen=True, slots=True)
class AskForLink:
    email: str


@dataclass(frozen=True, slots=True)
class Renew:
    password: str


def ask(now: datetime, command: AskForLink) -> str:
    """Have a link sent to the address, if it is that of an account; gives the address as it is known."""
    begun = monotonic()
    email = command.email.strip().lower()
    with transaction() as session:
        turns.wait(session, Counted.ADDRESS, email)
        user = queries.user_by_email(email)
        if user is not None and user.active and not _asked_since(user.id, now - PAUSE):
            until = now + rules.RECOVERY_LASTS
            log.record(session, LOST, user, by=System(), at=now, until=until.isoformat())
    sleep(max(0.0, begun + ANSWERED_AFTER - monotonic()))
    return email


def _asked_since(user_id: str, since: datetime) -> bool:
    query = select(func.count()).where(Event.subject_id == user_id, Event.kind == LOST, Event.at > since)
    return bool(db.session.scalar(query))


def link_token(user: User, until: datetime) -> str:
    """What the link says: whose password may be set until when, as long as it is the one that he has now."""
    return _signer().dumps([user.id, user.session_version, until.isoformat()])


def user_of(token: str, now: datetime, lock: bool = False) -> User:
    """Whose password the link sets. lock: his row is ours until the end of the transaction. Raises RecoveryGone."""
    try:
        user_id, version, until = _signer().loads(token)
        in_time = now < datetime.fromisoformat(until)
    except (BadSignature, ValueError, TypeError):
        raise rules.RecoveryGone() from None
    user = db.session.get(User, user_id, populate_existing=True, with_for_update=lock)
    if user is None or not in_time or not user.active or user.session_version != version:
        raise rules.RecoveryGone()
    return user


def renew(token: str, now: datetime, command: Renew) -> User:
    """A new password for whose link it is; sessions opened before end. Raises RecoveryGone, Invalid."""
    made = passwords.hashed(rules.password(command.password, user_of(token, now).email))
    with transaction() as session:
        # Looked at once more: of two who click at once, one comes too late.
        user = user_of(token, now, lock=True)
        set_password(session, user, made)
        log.record(session, RESET, user, by=System(), at=now)
    return user


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=SALT)
