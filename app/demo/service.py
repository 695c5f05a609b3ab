"""`flask demo`: accounts and a replayed year, labelled as demo; run again it tops up to today."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Membership, Organisation, OrganisationKind, User
from app.accounts.passwords import hashed
from app.accounts.queries import memberships_of, user_by_email, viewer_of
from app.database import transaction
from app.demo import cast, replay
from app.labs.models import Lab
from app.turnaround.scheduled import queries as scheduled
from app.turnaround.scheduled.service import subscribe
from app.worktime import SHANGHAI

ACCOUNTS_FILE = "demo-accounts.json"
YEAR = timedelta(days=365)
LOCKED = "!"


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did: accounts that are new, requests replayed."""

    accounts: int
    requests: int


def make_demo(folder: Path, now: datetime, history: timedelta = YEAR) -> Made:
    """Demo organisations, accounts and bookings, all or nothing; idempotent.

    folder: where the passwords are kept, readable by the owner alone. history: how far back the first run begins.
    """
    with transaction() as session:
        accounts = _accounts(session, folder, now)
        last = replay.last_request_day()
        first = last + timedelta(days=1) if last else (now - history).astimezone(SHANGHAI).date()
        requests = replay.Replay(now).run(first)
        if last is None:
            _subscriptions(now - history)
            replay.equip_busy_lab(now)
    return Made(accounts, requests)


def _subscriptions(since: datetime) -> None:
    """Reports of turnaround for those who read them; the scheduler makes the last ones as soon as it runs."""
    for email in cast.SUBSCRIBERS:
        user = user_by_email(email)
        assert user
        for membership in memberships_of(user.id):
            reader = viewer_of(membership)
            for every in scheduled.offered(reader):
                subscribe(reader, every, since)


def _accounts(session: Session, folder: Path, now: datetime) -> int:
    operators = session.scalars(select(Lab.organisation_id).distinct().order_by(Lab.organisation_id)).all()
    _organisations(session, now)
    known = {entry["email"]: entry for entry in read_accounts(folder)}
    entries = []
    made = 0
    for account in (*cast.ACCOUNTS, *map(cast.operator_account, operators)):
        labs = _labs(session, account)
        user = session.scalar(select(User).where(User.email == account.email))
        password = known.get(account.email, {}).get("password")
        if user is None or password is None:
            password = secrets.token_urlsafe(9)
            made += 1
            _member(session, account, labs, hashed(password), now)
        organisation = session.get_one(Organisation, account.organisation)
        entry = {"email": account.email, "password": password, "role": account.role.value}
        entries.append(entry | {"organisation": organisation.id} | ({"labs": labs} if labs else {}))
    for company in cast.COMPANIES:
        _member(session, cast.replay_account(company), [], LOCKED, now)
    _write_accounts(folder, entries)
    return made


def _organisations(session: Session, now: datetime) -> None:
    company, authority = OrganisationKind.COMPANY, OrganisationKind.AUTHORITY
    wanted = [(company, c.id, c.zh, c.en, c.province, c.city) for c in cast.COMPANIES]
    wanted += [(authority, *row) for row in cast.AUTHORITIES]
    for kind, ident, zh, en, province, city in wanted:
        if session.get(Organisation, ident) is None:
            session.add(
                Organisation(
                    id=ident,
                    name_zh=zh,
                    name_en=en,
                    short_zh=zh,
                    short_en=en,
                    kind=kind,
                    province=province,
                    city=city,
                    demo=True,
                    origin="demo",
                    created_at=now,
                )
            )
    session.flush()


def _labs(session: Session, account: cast.Account) -> list[str]:
    if account.labs is not None:
        return list(account.labs)
    return list(session.scalars(select(Lab.id).where(Lab.organisation_id == account.organisation).order_by(Lab.id)))


def _member(session: Session, account: cast.Account, labs: Sequence[str], password_hash: str, now: datetime) -> None:
    user = session.scalar(select(User).where(User.email == account.email))
    if user is None:
        user = User(email=account.email, name=account.name, password_hash=password_hash, created_at=now)
        membership = Membership(
            user=user,
            organisation_id=account.organisation,
            role=account.role,
            lab_ids=list(labs),
            created_at=now,
        )
        session.add(membership)
    elif password_hash != LOCKED:
        user.password_hash = password_hash
    session.flush()


def read_accounts(folder: Path) -> list[dict[str, Any]]:
    """The demo accounts with their passwords; empty before the first run."""
    try:
        found: list[dict[str, Any]] = json.loads((folder / ACCOUNTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return found


def _write_accounts(folder: Path, entries: list[dict[str, Any]]) -> None:
    path = folder / ACCOUNTS_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(entries, file, ensure_ascii=False, indent=2)
    path.chmod(0o600)
