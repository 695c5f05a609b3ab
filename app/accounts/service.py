"""What people do with their own accounts; one transaction each. Who belongs where is in `members.py`."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app import turns
from app.accounts import passwords, queries, rules
from app.accounts.models import (
    ApiToken,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    Scope,
    SignInFailure,
    User,
)
from app.accounts.policy import Viewer
from app.database import db, transaction
from app.errors import NotFound
from app.events import log
from app.events.log import Actor
from app.identifiers import new_id
from app.turns import Counted

# Tells what it is to people and to scanners for leaked secrets.
PREFIX = "yj_"


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


@dataclass(frozen=True, slots=True)
class ChangePassword:
    current: str
    password: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who gets an account."""

    email: str
    name: str
    password: str
    locale: str = "zh"


@dataclass(frozen=True, slots=True)
class Register:
    """A company that is not there yet, and its first user, who becomes its manager."""

    name_zh: str
    name_en: str
    short_zh: str
    province: str
    city: str
    credit_code: str
    person: Person


@dataclass(frozen=True, slots=True)
class NewToken:
    name: str
    scope: Scope


def sign_in(lockout: Lockout, now: datetime, command: SignIn) -> User:
    """The user with this password. Raises SignInRefused, SignInLocked.

    The attempt is noted before the password is checked: guesses made at the same time count as well. An
    unknown address costs the same time and is locked the same way.
    """
    email = command.email.strip().lower()
    attempts = _note_attempt(email, lockout, now)
    user = queries.user_by_email(email)
    if user is not None and not user.active:
        user = None
    stored = user.password_hash if user else passwords.NOBODY
    if not passwords.matches(stored, command.password) or user is None:
        if attempts >= lockout.attempts:
            raise rules.SignInLocked(minutes=lockout.minutes)
        raise rules.SignInRefused(left=lockout.attempts - attempts, minutes=lockout.minutes)
    with transaction() as session:
        session.execute(delete(SignInFailure).where(SignInFailure.email == email))
        if passwords.outdated(stored):
            session.get_one(User, user.id).password_hash = passwords.hashed(command.password)
        log.record(session, "user.signed_in", user, by=Viewer(user_id=user.id), at=now)
    return user


def _note_attempt(email: str, lockout: Lockout, now: datetime) -> int:
    """Attempts of this address within the window, this one included. Raises SignInLocked."""
    since = now - lockout.window
    with transaction() as session:
        turns.wait(session, Counted.ADDRESS, email)
        session.execute(delete(SignInFailure).where(SignInFailure.at < since))
        before = queries.failures_since(email, since)
        if before >= lockout.attempts:
            raise rules.SignInLocked(minutes=lockout.minutes)
        session.add(SignInFailure(email=email, at=now))
    return before + 1


def change_password(viewer: Viewer, lockout: Lockout, now: datetime, command: ChangePassword) -> User:
    """A new password; sessions opened before end. Raises WrongPassword, SignInLocked, Invalid.

    Wrong guesses at the present one count like wrong sign-ins.
    """
    known = db.session.get_one(User, viewer.user_id)
    stored, email = known.password_hash, known.email
    _note_attempt(email, lockout, now)
    if not passwords.matches(stored, command.current):
        raise rules.WrongPassword()
    made = passwords.hashed(rules.password(command.password, email))
    with transaction() as session:
        user = session.get_one(User, viewer.user_id)
        set_password(session, user, made)
        log.record(session, "user.password_changed", user, by=viewer, at=now)
    return user


def set_password(session: Session, user: User, password_hash: str) -> None:
    """Within this transaction; sessions opened before end, and wrong guesses are forgiven."""
    user.password_hash = password_hash
    user.session_version += 1
    session.execute(delete(SignInFailure).where(SignInFailure.email == user.email))


def reset_password(by: Actor, email: str, password: str, now: datetime) -> None:
    """A new password without the old one, by command. Raises NotFound, Invalid."""
    made = passwords.hashed(rules.password(password, email))
    with transaction() as session:
        user = queries.user_by_email(email)
        if user is None:
            raise NotFound()
        set_password(session, user, made)
        log.record(session, "user.password_reset", user, by=by, at=now)


def choose_language(user_id: str, language: str) -> None:
    """Remember `zh` or `en` for the next sign-in."""
    with transaction() as session:
        session.get_one(User, user_id).locale = language


def register(now: datetime, command: Register) -> User:
    """A company and its manager. Raises Invalid, EmailTaken, CompanyKnown; then nothing is stored."""
    credit_code = rules.credit_code(command.credit_code)
    made = _hash_for(command.person)
    with transaction() as session:
        if session.scalar(select(Organisation.id).where(Organisation.credit_code == credit_code)):
            raise rules.CompanyKnown()
        organisation = Organisation(
            id=new_id(),
            name_zh=command.name_zh,
            name_en=command.name_en,
            short_zh=command.short_zh or command.name_zh,
            short_en=command.name_en,
            kind=OrganisationKind.COMPANY,
            province=command.province,
            city=command.city,
            credit_code=credit_code,
            created_at=now,
        )
        user = add_user(session, command.person, made, now)
        session.add(organisation)
        session.flush()
        membership = add_membership(session, user, organisation.id, Role.COMPANY_MANAGER, (), now)
        by = Viewer(user_id=user.id, role=Role.COMPANY_MANAGER)
        log.record(session, "membership.registered", membership, by=by, at=now, organisation=organisation.id)
    return user


def _hash_for(person: Person) -> str:
    """Made outside the transaction, as it takes long on purpose. Raises Invalid."""
    return passwords.hashed(rules.password(person.password, person.email))


def add_user(session: Session, person: Person, password_hash: str, now: datetime) -> User:
    """A new user within this transaction. Raises EmailTaken."""
    if queries.user_by_email(person.email) is not None:
        raise rules.EmailTaken()
    user = User(
        email=person.email,
        name=person.name,
        password_hash=password_hash,
        locale=person.locale,
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def add_membership(
    session: Session, user: User, organisation_id: str, role: Role, lab_ids: tuple[str, ...], now: datetime
) -> Membership:
    """The user's role, opened again where it had ended. Raises AlreadyMember."""
    known = session.scalar(
        select(Membership).where(
            Membership.user_id == user.id, Membership.organisation_id == organisation_id, Membership.role == role
        )
    )
    if known is not None and known.ended_at is None:
        raise rules.AlreadyMember()
    membership = known or Membership(user_id=user.id, organisation_id=organisation_id, role=role, created_at=now)
    membership.lab_ids = sorted(lab_ids)
    membership.ended_at = None
    session.add(membership)
    session.flush()
    return membership


def create_token(viewer: Viewer, now: datetime, command: NewToken) -> tuple[ApiToken, str]:
    """A token that acts as the viewer's membership, and its secret, which is shown this once.

    Raises TooManyTokens.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction() as session:
        turns.wait(session, Counted.USER, viewer.user_id or "")
        if _open_tokens(session, viewer) >= rules.TOKENS_PER_USER:
            raise rules.TooManyTokens(limit=rules.TOKENS_PER_USER)
        token = ApiToken(
            membership_id=viewer.membership_id,
            name=command.name,
            scope=command.scope,
            digest=queries.digest(secret),
            created_at=now,
        )
        session.add(token)
        session.flush()
        log.record(session, "token.created", token, by=viewer, at=now, scope=command.scope.value)
    return token, secret


def _open_tokens(session: Session, viewer: Viewer) -> int:
    query = (
        select(func.count())
        .select_from(ApiToken)
        .join(ApiToken.membership)
        .where(Membership.user_id == viewer.user_id, ApiToken.revoked_at.is_(None))
    )
    return session.scalar(query) or 0


def revoke_token(viewer: Viewer, token_id: str, now: datetime) -> None:
    """End one of one's own tokens. Raises NotFound."""
    with transaction() as session:
        query = select(ApiToken).join(ApiToken.membership).where(ApiToken.id == token_id)
        token = session.scalar(query.where(Membership.user_id == viewer.user_id, ApiToken.revoked_at.is_(None)))
        if token is None:
            raise NotFound()
        token.revoked_at = now
        log.record(session, "token.revoked", token, by=viewer, at=now)
