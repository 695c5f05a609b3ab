"""Subscribing, a new address, ending a subscription, and noting that it is read."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import turns
from app.accounts.policy import Action, Viewer, require
from app.accounts.queries import digest
from app.database import transaction
from app.errors import N_, Forbidden, Invalid, NotFound
from app.events import log
from app.feeds import rules
from app.feeds.models import FeedLanguage, FeedScope, FeedSubscription
from app.labs.models import Lab, Resource
from app.turns import Counted


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A feed of a resource, a lab, the own company or oneself; `target_id` is needed for the first two."""

    scope: FeedScope
    target_id: str | None = None
    language: FeedLanguage = FeedLanguage.ZH


@dataclass(frozen=True, slots=True)
class _Own:
    """What the viewer stands for, as the policy asks it."""

    company_id: str | None
    lab_id: str | None


def check_may_subscribe(viewer: Viewer) -> None:
    """Raises Forbidden for a role without calendars, and for a read-only token."""
    require(viewer, Action.SUBSCRIBE, _Own(viewer.organisation_id, next(iter(viewer.lab_ids), None)))


def subscribe(viewer: Viewer, command: Subscribe, now: datetime) -> tuple[FeedSubscription, str]:
    """A new subscription and its secret token, which is not kept. Raises Forbidden, NotFound, Invalid, TooManyFeeds."""
    check_may_subscribe(viewer)
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        _check_number(session, viewer)
        feed = FeedSubscription(
            user_id=viewer.user_id,
            membership_id=viewer.membership_id,
            scope=command.scope,
            target_id=_target(session, viewer, command),
            language=command.language,
            digest=digest(token),
            created_at=now,
        )
        session.add(feed)
        session.flush()
        log.record(session, "feed.created", feed, by=viewer, at=now, scope=command.scope.value)
    return feed, token


def revoke(viewer: Viewer, feed_id: str, now: datetime) -> None:
    """End a subscription of the viewer's membership: its address answers 404 from now on.

    Raises NotFound, Forbidden.
    """
    with transaction() as session:
        feed = _own(session, viewer, feed_id)
        feed.revoked_at = now
        log.record(session, "feed.revoked", feed, by=viewer, at=now)


def renew(viewer: Viewer, feed_id: str, now: datetime, version: int) -> tuple[FeedSubscription, str]:
    """Another secret token for a subscription of the viewer's membership: the address before answers 404 from now on.

    version: of the address that he saw. Raises FeedStale, NotFound, Forbidden.
    """
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        feed = _own(session, viewer, feed_id)
        if feed.version != version:
            raise rules.FeedStale()
        feed.version += 1
        feed.digest, feed.fetched_at, feed.fetched_by = digest(token), None, None
        log.record(session, "feed.renewed", feed, by=viewer, at=now)
    return feed, token


def note_fetch(feed: FeedSubscription, program: str | None, now: datetime) -> None:
    """Note that a program has read the feed, once an hour, so that reading hardly ever writes."""
    noted = feed.fetched_at is not None and now - feed.fetched_at < rules.NOTED_EVERY
    if noted and feed.fetched_by == program:
        return
    # Under the address that was read: the next one has not been read by anybody yet.
    same = (FeedSubscription.id == feed.id, FeedSubscription.digest == feed.digest)
    with transaction() as session:
        session.execute(update(FeedSubscription).where(*same).values(fetched_at=now, fetched_by=program))


def _own(session: Session, viewer: Viewer, feed_id: str) -> FeedSubscription:
    feed = session.get(FeedSubscription, feed_id, with_for_update=True, populate_existing=True)
    if feed is None or feed.membership_id != viewer.membership_id or feed.revoked_at is not None:
        raise NotFound()
    check_may_subscribe(viewer)
    return feed


def _check_number(session: Session, viewer: Viewer) -> None:
    turns.wait(session, Counted.USER, viewer.user_id or "")
    live = select(func.count()).where(
        FeedSubscription.membership_id == viewer.membership_id, FeedSubscription.revoked_at.is_(None)
    )
    if (session.scalar(live) or 0) >= rules.MOST_FEEDS:
        raise rules.TooManyFeeds(limit=rules.MOST_FEEDS)


def _target(session: Session, viewer: Viewer, command: Subscribe) -> str:
    """The id of what is subscribed to, checked."""
    own = {FeedScope.COMPANY: viewer.organisation_id, FeedScope.ME: viewer.user_id}
    if command.scope in own:
        if command.scope is FeedScope.COMPANY and not viewer.is_company:
            raise Forbidden()
        mine = own[command.scope] or ""
        if command.target_id not in (None, "", mine):
            raise NotFound()
        return mine
    if not command.target_id:
        raise Invalid(N_("请选择台架或实验室。"), field="id")
    if not _is_live(session, command.scope, command.target_id):
        raise NotFound()
    if command.scope is FeedScope.LAB and viewer.is_company:
        raise Forbidden()
    if command.scope is FeedScope.LAB and command.target_id not in viewer.lab_ids:
        raise NotFound()
    return command.target_id


def _is_live(session: Session, scope: FeedScope, target_id: str) -> bool:
    model = Resource if scope is FeedScope.RESOURCE else Lab
    return session.scalar(select(model.id).where(model.id == target_id, model.retired_at.is_(None))) is not None
