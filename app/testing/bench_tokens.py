"""Tokens of benches: a lab's administrator makes one for a bench's own software, and takes it back."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app import turns
from app.accounts.policy import Action, Viewer, require, require_visible
from app.accounts.queries import digest
from app.database import transaction
from app.errors import NotFound
from app.events import log
from app.labs.models import Resource
from app.testing import run_rules
from app.testing.models import BenchToken
from app.turns import Counted

PREFIX = "yjb_"


@dataclass(frozen=True, slots=True)
class NewBenchToken:
    resource_id: str
    name: str


def create(viewer: Viewer, command: NewBenchToken, now: datetime) -> tuple[BenchToken, str]:
    """A token that speaks for one bench in its maker's name, and its secret, which is shown this once.

    Raises TooManyTokens, NotFound, Forbidden.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction() as session:
        resource = session.get(Resource, command.resource_id)
        require_visible(viewer, Action.RUN_BOOKING, resource)
        require(viewer, Action.SET_CAPACITY, resource)
        assert resource is not None
        turns.wait(session, Counted.BENCH, resource.id)
        live = select(func.count()).where(BenchToken.resource_id == resource.id, BenchToken.revoked_at.is_(None))
        if (session.scalar(live) or 0) >= run_rules.MOST_TOKENS:
            raise run_rules.TooManyTokens(limit=run_rules.MOST_TOKENS)
        token = BenchToken(
            resource_id=resource.id,
            lab_id=resource.lab_id,
            membership_id=viewer.membership_id,
            name=command.name,
            digest=digest(secret),
            created_at=now,
        )
        session.add(token)
        session.flush()
        log.record(session, "bench_token.created", token, by=viewer, at=now, resource=resource.id)
        return token, secret


def revoke(viewer: Viewer, token_id: str, now: datetime) -> BenchToken:
    """From now on it opens nothing. Raises NotFound."""
    with transaction() as session:
        token = session.get(BenchToken, token_id)
        require_visible(viewer, Action.SET_CAPACITY, token)
        if token is None or token.revoked_at is not None:
            raise NotFound()
        token.revoked_at = now
        log.record(session, "bench_token.revoked", token, by=viewer, at=now, resource=token.resource_id)
        return token
