"""Questions about feeds: whose address this is, what has changed, what to show."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import joinedload

from app.accounts import queries as accounts
from app.accounts.models import Membership, Organisation, Scope, User
from app.accounts.policy import Action, Viewer, visible
from app.booking.availability import Wish, busy_time
from app.booking.models import Booking, Occupancy
from app.booking.queries import Taken
from app.booking.rules import State
from app.database import db
from app.errors import NotFound
from app.feeds import rules
from app.feeds.models import FeedLanguage, FeedScope, FeedSubscription
from app.labs.models import Lab, Method, Resource, Test
from app.labs.queries import benches
from app.orders.models import Order, OrderLine
from app.worktime import Interval, merge, subtract

# A point that stands for a whole district would lead a phone astray.
_EXACT = Lab.coord_basis != "district"
PLACE = (
    *(Lab.name_zh, Lab.name_en, Lab.district_zh, Lab.district_en, Lab.address_zh),
    *(case((_EXACT, Lab.lat)), case((_EXACT, Lab.lon))),
)


class Target(NamedTuple):
    """What a feed is about, for its name and its busy times; `lab_id` and place None for companies and people."""

    name_zh: str
    name_en: str
    lab_id: str | None = None
    lab_zh: str = ""
    lab_en: str = ""
    district_zh: str = ""
    district_en: str = ""
    address_zh: str = ""
    lat: float | None = None
    lon: float | None = None
    places: int = 1


@dataclass(frozen=True, slots=True)
class Feed:
    """A valid address: for whom it speaks and about what. demo: demo data are about, the name says so."""

    subscription: FeedSubscription
    viewer: Viewer
    target: Target
    demo: bool

    @property
    def is_busy(self) -> bool:
        """A resource as others see it: merged spans beside the viewer's own bookings."""
        is_resource = self.subscription.scope is FeedScope.RESOURCE
        return is_resource and self.target.lab_id not in self.viewer.lab_ids


@dataclass(frozen=True, slots=True)
class Edition:
    """What a feed is now: `etag` without quotes, `changed_at` aware UTC, and the busy spans of a busy feed."""

    etag: str
    changed_at: datetime
    busy: Sequence[Interval]


class Entry(NamedTuple):
    """One booking as a feed shows it; company and order are None for who may not see them."""

    booking_id: str
    code: str
    version: int
    state: State
    starts_at: datetime
    ends_at: datetime
    run_from: datetime
    run_until: datetime
    changed_at: datetime
    sample: str
    order_code: str | None
    company_zh: str | None
    company_en: str | None
    resource_zh: str
    resource_en: str
    test_zh: str
    test_en: str
    method_code: str
    lab_zh: str
    lab_en: str
    district_zh: str
    district_en: str
    address_zh: str
    lat: float | None
    lon: float | None


class Listed(NamedTuple):
    """A subscription in its owner's list."""

    id: str
    scope: FeedScope
    target_id: str
    name_zh: str
    name_en: str
    language: FeedLanguage
    version: int
    created_at: datetime
    fetched_at: datetime | None
    fetched_by: str | None


def feed_by_token(token: str) -> Feed:
    """The feed of a secret address. Raises NotFound once it is revoked, or its membership or user has ended."""
    query = (
        select(FeedSubscription)
        .join(FeedSubscription.membership)
        .join(Membership.user)
        .where(
            FeedSubscription.digest == accounts.digest(token),
            FeedSubscription.revoked_at.is_(None),
            Membership.ended_at.is_(None),
            User.active,
        )
        .options(
            joinedload(FeedSubscription.membership).joinedload(Membership.user),
            joinedload(FeedSubscription.membership).joinedload(Membership.organisation),
        )
    )
    found = db.session.scalar(query)
    if found is None:
        raise NotFound()
    viewer = accounts.viewer_of(found.membership, Scope.READ)
    if found.scope is FeedScope.LAB and found.target_id not in viewer.lab_ids:
        raise NotFound()
    return Feed(found, viewer, _target(found, viewer), accounts.any_demo())


def _target(subscription: FeedSubscription, viewer: Viewer) -> Target:
    if subscription.scope is FeedScope.COMPANY:
        return Target(viewer.organisation_zh, viewer.organisation_en)
    if subscription.scope is FeedScope.ME:
        return Target(viewer.name, viewer.name)
    query = select(Lab.name_zh, Lab.name_en, Lab.id, *PLACE, literal(1))
    query = query.where(Lab.id == subscription.target_id)
    if subscription.scope is FeedScope.RESOURCE:
        resource = (Resource.name_zh, Resource.name_en, Lab.id, *PLACE, Resource.places)
        query = select(*resource).join(Lab, Lab.id == Resource.lab_id)
        query = query.where(Resource.id == subscription.target_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound()
    return Target._make(row)


def edition(feed: Feed, now: datetime) -> Edition:
    """Which edition of the feed is current, told by one statement about its newest change (two for a busy feed).

    A busy feed's own date is the hour: a finer one would tell when somebody else acted.
    """
    reach = rules.reach(now)
    newest = select(func.count(), func.sum(Booking.version), func.max(Booking.changed_at)).where(*_shown(feed, reach))
    count, versions, changed_at = db.session.execute(newest).one()
    busy = _busy_spans(feed, reach, now) if feed.is_busy else []
    dates = [reach.today, feed.subscription.created_at, changed_at or reach.today]
    if feed.is_busy:
        dates.append(now.replace(minute=0, second=0, microsecond=0))
    parts = (feed.subscription.id, feed.viewer.role_name, feed.demo, reach.today, count, versions, changed_at, busy)
    return Edition(hashlib.sha256(repr(parts).encode()).hexdigest()[:32], max(dates), busy)


def entries(feed: Feed, now: datetime) -> list[Entry]:
    """The bookings that the feed shows in full, by start; one statement."""
    return _entries(feed.viewer, *_shown(feed, rules.reach(now)))


def entry(viewer: Viewer, booking_id: str) -> Entry:
    """One booking for a download. Raises NotFound for a missing or a foreign one."""
    found = _entries(viewer, visible(viewer, Action.SEE_BOOKING, Booking), Booking.id == booking_id)
    if not found:
        raise NotFound()
    return found[0]


def _shown(feed: Feed, reach: rules.Reach) -> list[ColumnElement[bool]]:
    subscription, viewer = feed.subscription, feed.viewer
    conditions = [
        visible(viewer, Action.SEE_BOOKING, Booking),
        Booking.ends_at > reach.span.start,
        Booking.starts_at < reach.span.end,
        or_(Booking.state.not_in(rules.ENDED), Booking.changed_at > reach.ended_since),
    ]
    if subscription.scope is FeedScope.RESOURCE:
        conditions.append(Booking.resource_id == subscription.target_id)
    elif subscription.scope is FeedScope.LAB:
        conditions.append(Booking.lab_id == subscription.target_id)
    elif subscription.scope is FeedScope.ME and viewer.is_company:
        conditions.append(Booking.created_by_id == subscription.user_id)
    return conditions


def _entries(viewer: Viewer, *conditions: ColumnElement[bool]) -> list[Entry]:
    named = visible(viewer, Action.SEE_BOOKING_COMPANY, Booking)
    # A draft is the company's own business.
    submitted = or_(literal(viewer.is_company), OrderLine.submitted_at.is_not(None))

    def if_named(column: Any) -> Any:
        return case((named, column))

    query = (
        select(
            Booking.id,
            Booking.code,
            Booking.version,
            Booking.state,
            Booking.starts_at,
            Booking.ends_at,
            Booking.run_from,
            Booking.run_until,
            Booking.changed_at,
            Booking.sample,
            case((submitted, Order.code)),
            if_named(Organisation.short_zh),
            if_named(Organisation.short_en),
            Resource.name_zh,
            Resource.name_en,
            Test.name_zh,
            Test.name_en,
            Method.code,
            *PLACE,
        )
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Organisation, Organisation.id == Booking.company_id)
        .join(Resource, Resource.id == Booking.resource_id)
        .join(Lab, Lab.id == Booking.lab_id)
        .join(Test, Test.id == Booking.test_id)
        .join(Method, Method.id == Test.method_id)
        .where(*conditions)
        .order_by(Booking.starts_at, Booking.id)
    )
    return [Entry._make(row) for row in db.session.execute(query)]


def _busy_spans(feed: Feed, reach: rules.Reach, now: datetime) -> list[Interval]:
    """Merged time from today on in which no place is left, without what the viewer's own bookings take."""
    company_id = feed.viewer.company_id
    found = benches([str(feed.subscription.target_id)], company_id=company_id)
    if not found:
        return []
    (bench,) = found
    own = func.coalesce(visible(feed.viewer, Action.SEE_BOOKING, Booking), False)
    query = (
        select(
            Occupancy.resource_id,
            Occupancy.place,
            Occupancy.starts_at,
            Occupancy.ends_at,
            Occupancy.company_id,
            Occupancy.shielded,
            own,
        )
        .outerjoin(Booking, Booking.id == Occupancy.booking_id)
        .where(
            Occupancy.resource_id.in_(bench.reads),
            Occupancy.ends_at > reach.today,
            Occupancy.starts_at < reach.span.end,
            or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > now),
        )
    )
    rows: dict[str, list[Taken]] = defaultdict(list)
    mine: list[Interval] = []
    for resource_id, place, start, end, company, shielded, is_mine in db.session.execute(query):
        rows[resource_id].append(Taken(place, Interval(start, end), None, company, shielded))
        if is_mine and resource_id == bench.resource_id:
            mine.append(Interval(start, end))
    return subtract(busy_time(bench, rows, Wish(company_id)), merge(mine))


def feeds_of(viewer: Viewer) -> list[Listed]:
    """The live subscriptions of the viewer's membership, newest first, with the names of what they cover."""
    name_zh = func.coalesce(Resource.name_zh, Lab.name_zh, Organisation.short_zh, "")
    name_en = func.coalesce(Resource.name_en, Lab.name_en, Organisation.short_en, "")
    about = FeedSubscription
    query = (
        select(about.id, about.scope, about.target_id, name_zh, name_en, about.language)
        .add_columns(about.version, about.created_at, about.fetched_at, about.fetched_by)
        .outerjoin(Resource, and_(about.scope == FeedScope.RESOURCE, Resource.id == about.target_id))
        .outerjoin(Lab, and_(about.scope == FeedScope.LAB, Lab.id == about.target_id))
        .outerjoin(Organisation, and_(about.scope == FeedScope.COMPANY, Organisation.id == about.target_id))
        .where(about.membership_id == viewer.membership_id, about.revoked_at.is_(None))
        .order_by(about.created_at.desc(), about.id)
    )
    return [Listed._make(row) for row in db.session.execute(query)]


class Choice(NamedTuple):
    """A resource or lab that can be subscribed to, under its lab's name."""

    id: str
    lab_id: str
    lab_zh: str
    lab_en: str
    name_zh: str
    name_en: str


def resources_to_choose() -> list[Choice]:
    """All live resources by lab, for the form."""
    query = (
        select(Resource.id, Lab.id, Lab.name_zh, Lab.name_en, Resource.name_zh, Resource.name_en)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(Resource.retired_at.is_(None), Lab.retired_at.is_(None))
        .order_by(Lab.id, Resource.pool, Resource.unit, Resource.id)
    )
    return [Choice._make(row) for row in db.session.execute(query)]


def labs_to_choose(viewer: Viewer) -> list[Choice]:
    """The labs of the viewer's lab role."""
    query = (
        select(Lab.id, Lab.id, Lab.name_zh, Lab.name_en, Lab.name_zh, Lab.name_en)
        .where(Lab.id.in_(viewer.lab_ids), Lab.retired_at.is_(None))
        .order_by(Lab.id)
    )
    return [Choice._make(row) for row in db.session.execute(query)]
