"""What a lab's rules allow a company: length, open requests, its share of a contested bench, no-shows.

The rules are data (`labs/rules.py`); here they are counted and checked, for booking, for the form that says what is
left, and for the page that answers why a company can't book.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.booking import sharing
from app.booking.availability import Slot
from app.booking.models import Booking, RuleWaiver
from app.booking.rules import Limits, NoShows, State
from app.booking.settings import limits_of
from app.labs import rules as kinds
from app.labs.models import Resource
from app.labs.queries import Bench
from app.worktime import Interval, local_date

COUNTED = (State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING, State.COMPLETED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A use that a company wants. ignoring: its own booking that moves."""

    company_id: str
    bench: Bench
    when: Interval
    now: datetime
    ignoring: str | None = None


def check(session: Session, asked: Asked) -> None:
    """Refuse what the lab's rules don't allow. Raises TooLong, TooManyOpen, ShareUsed, BlockedAfterNoShows."""
    limits = limits_of(asked.bench)
    for kind, refusal in refusals(session, asked, limits):
        if refusal and not waived(session, asked, kind):
            raise refusal


def refusals(session: Session, asked: Asked, limits: Limits) -> Iterator[tuple[str, sharing.Disallowed | None]]:
    """Each rule in force with the refusal that it gives, None where it is kept. Statements only for rules there are."""
    if limits.longest is not None:
        yield kinds.LONGEST, sharing.too_long(asked.when, limits.longest)
    if limits.open_requests is not None:
        count = open_requests(session, asked)
        refusal = (
            sharing.TooManyOpen(count=count, limit=limits.open_requests) if count >= limits.open_requests else None
        )
        yield kinds.OPEN_REQUESTS, refusal
    if limits.weekly is not None:
        yield kinds.WEEKLY_HOURS, sharing.over_share(asked.when, shares(session, asked, limits.weekly))
    if limits.no_shows is not None:
        until = sharing.blocked_until(no_shows(session, asked, limits.no_shows), limits.no_shows)
        yield kinds.NO_SHOWS, sharing.BlockedAfterNoShows(until=until) if until and until > asked.now else None


def shares(session: Session, asked: Asked, allowed: timedelta) -> list[sharing.Week]:
    """What the company already has of the pool in each calendar week that the use touches, one statement."""
    first, last = sharing.mondays(asked.when)
    span = Interval(sharing.week_span(first).start, sharing.week_span(last).end)
    query = (
        select(Booking.starts_at, Booking.ends_at)
        .join(Resource, Resource.id == Booking.resource_id)
        .where(
            Booking.company_id == asked.company_id,
            Resource.pool == asked.bench.pool,
            _counts(asked),
            Booking.starts_at < span.end,
            Booking.ends_at > span.start,
        )
    )
    taken = [Interval(start, end) for start, end in session.execute(query)]
    return sharing.weeks(asked.when, taken, allowed)


def _counts(asked: Asked) -> ColumnElement[bool]:
    """Bookings that count for the company: not the one that moves, and no hold that has lapsed."""
    live = Booking.hold_expires_at.is_(None) | (Booking.hold_expires_at > asked.now)
    counted = Booking.state.in_(COUNTED) & live
    return counted & (Booking.id != asked.ignoring) if asked.ignoring else counted


def open_requests(session: Session, asked: Asked) -> int:
    """Requests of the company that wait at the lab and its bookings there that are to come."""
    query = select(func.count()).where(
        Booking.company_id == asked.company_id,
        Booking.lab_id == asked.bench.lab_id,
        Booking.state.in_((State.REQUESTED, State.CONFIRMED)),
        Booking.starts_at > asked.now,
        *([Booking.id != asked.ignoring] if asked.ignoring else []),
    )
    return session.scalar(query) or 0


def no_shows(session: Session, asked: Asked, rule: NoShows) -> list[datetime]:
    """Booked starts at the lab to which the company did not come, as far back as the rule looks, in order."""
    query = select(Booking.starts_at).where(
        Booking.company_id == asked.company_id,
        Booking.lab_id == asked.bench.lab_id,
        Booking.state == State.NO_SHOW,
        Booking.starts_at > asked.now - rule.within - rule.blocked,
    )
    return sorted(session.scalars(query))


def waived(session: Session, asked: Asked, kind: str) -> bool:
    """Whether the lab makes an exception of the rule for the company on the day of the use."""
    query = select(RuleWaiver.id).where(
        RuleWaiver.lab_id == asked.bench.lab_id,
        RuleWaiver.company_id == asked.company_id,
        RuleWaiver.kind == kind,
        RuleWaiver.until >= local_date(asked.now),
    )
    return session.scalar(query.limit(1)) is not None


def asked_by(company_id: str, slot: Slot, now: datetime, ignoring: str | None = None) -> Asked:
    """The question about a slot."""
    return Asked(company_id, slot.bench, slot.use.interval, now, ignoring)
