"""What people do with their accounts; one transaction each. Actions are recorded as events."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from app.accounts import passwords, queries, rules
from app.accounts.models import SignInFailure, User
from app.database import transaction
from app.events import log
from app.events.log import System


@dataclass(frozen=True, slots=True)
class SignIn:
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Lockout:
    """How many wrong passwords in which time lock an address."""

    attempts: int
    window: timedelta

    @property
    def minutes(self) -> int:
        return int(self.window.total_seconds() // 60)


def sign_in(lockout: Lockout, now: datetime, command: SignIn) -> User:
    """The user with this password. Raises SignInRefused, SignInLocked.

    The attempt is noted before the password is checked: guesses made at the same time count as well.
    """
    email = command.email.strip().lower()
    failures = _note_attempt(email, lockout, now)
    user = queries.user_by_email(email)
    known = user is not None and user.active
    stored = user.password_hash if user is not None and known else passwords.NOBODY
    if not passwords.matches(stored, command.password) or user is None or not known:
        if failures >= lockout.attempts:
            raise rules.SignInLocked(minutes=lockout.minutes)
        raise rules.SignInRefused(left=lockout.attempts - failures, minutes=lockout.minutes)
    with transaction() as session:
        session.execute(delete(SignInFailure).where(SignInFailure.email == email))
        if passwords.outdated(stored):
            user.password_hash = passwords.hashed(command.password)
            session.add(user)
        log.record(session, "user.signed_in", user, by=System(), at=now)
    return user


def _note_attempt(email: str, lockout: Lockout, now: datetime) -> int:
    """Attempts of this address within the window, this one included. Raises SignInLocked."""
    since = now - lockout.window
    with transaction() as session:
        session.execute(delete(SignInFailure).where(SignInFailure.at < since))
        before = queries.failures_since(email, since)
        if before >= lockout.attempts:
            raise rules.SignInLocked(minutes=lockout.minutes)
        session.add(SignInFailure(email=email, at=now))
    return before + 1
