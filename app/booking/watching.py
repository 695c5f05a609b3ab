"""Whether a time has become free for who waits.

The log says that something may have been freed at a lab; what is free for a wish, offers say, so a path that frees
time need not know of the waiting list. Told is not kept: whoever books it first has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, joinedload

from app.booking import offers
from app.booking.availability import Wish
from app.booking.desk_models import WaitlistEntry
from app.booking.models import Booking
from app.booking.offers import Offer, Question
from app.booking.rules import Limits, State
from app.database import db
from app.events import log
from app.events.log import System
from app.events.models import Event
from app.labs.models import Capability, Resource

# Who has waited so long hears at once, others the later the less they have waited, at most so much later. It follows
# from the own wish alone: nobody can read from it whether others wait.
WAITED_LONG = timedelta(days=7)
HEAD_START = timedelta(minutes=30)
# Time also becomes free in ways that no event tells: a day comes within the horizon, the catalogue is loaded.
LOOKED_AGAIN = timedelta(hours=6)
# Who lets a time pass until it can't be booked any more is told the next one not before.
TOLD_AGAIN = timedelta(days=1)
# What is done to bookings without freeing any time; every other event of a booking may free some.
FREES_NOTHING = frozenset(
    f"booking.{what}"
    for what in (
        *("described", "approved", "approval_passed_on", "edition_asked"),
        *("paused", "resumed", "judged", "delayed", "held_up"),
    )
)
# These take time: who was told of one must be looked at, to be told again should it be freed once more.
TAKES = frozenset({"booking.held", "booking.requested"})
# Beside bookings what labs change about their benches.
OF_BENCHES = frozenset({"booking", "closure", "resource", "capability", "rule", "limitation", "calendar"})

SERVED = frozenset({State.CONFIRMED, State.RUNNING, State.COMPLETED})


def live(now: datetime) -> ColumnElement[bool]:
    """Wishes that still hold."""
    return and_(WaitlistEntry.ended_at.is_(None), WaitlistEntry.latest > now)


def mark(session: Session, events: Iterable[Event], now: datetime) -> None:
    """Have wishes looked at that these events may have freed time for, each in its time."""
    since: dict[tuple[str, bool], datetime] = {}
    for event in events:
        if event.lab_id and event.subject_type in OF_BENCHES and event.kind not in FREES_NOTHING:
            key = event.lab_id, event.kind in TAKES
            since[key] = min(event.at, since.get(key, event.at))
    looks: dict[str, datetime] = {}
    for (lab_id, taken), since_when in since.items():
        query = select(WaitlistEntry.id, WaitlistEntry.created_at, WaitlistEntry.look_at, WaitlistEntry.told)
        for ident, created_at, look_at, told in session.execute(query.where(live(now), *_could_be_at(lab_id))):
            if told or not taken:
                # Never left as it is: a look that is under way sees then that it may have come too early.
                at = min(hears_at(created_at, since_when), look_at - timedelta.resolution)
                looks[ident] = min(at, looks.get(ident, at))
    for ident, at in sorted(looks.items()):
        session.execute(update(WaitlistEntry).where(WaitlistEntry.id == ident).values(look_at=at))


def hears_at(waits_since: datetime, freed_at: datetime) -> datetime:
    """When a wish is looked at for a time that was freed: the earlier, the longer it has waited."""
    waited = min(max(freed_at - waits_since, timedelta(0)), WAITED_LONG)
    return freed_at + HEAD_START * (1 - waited / WAITED_LONG)


def _could_be_at(lab_id: str) -> tuple[ColumnElement[bool], ...]:
    """Wishes that could be for a bench of this lab."""
    there = (
        select(Resource.id)
        .where(Resource.lab_id == lab_id)
        .union(select(Resource.pool).where(Resource.lab_id == lab_id))
    )
    tests = (
        select(Capability.test_id)
        .join(Resource, Resource.pool == Capability.pool)
        .where(Resource.lab_id == lab_id, Capability.test_id == WaitlistEntry.test_id)
    )
    return (
        or_(WaitlistEntry.lab_id.is_(None), WaitlistEntry.lab_id == lab_id),
        or_(WaitlistEntry.resource.is_(None), WaitlistEntry.resource.in_(there)),
        tests.exists(),
    )


def due(now: datetime, most: int) -> Sequence[WaitlistEntry]:
    """Wishes to be looked at now, who waits longest first.

    Before a wish come all older ones for the same test that were to be looked at soon anyway: nobody hears of a time
    before who has waited longer.
    """
    ripe = (
        select(WaitlistEntry.test_id, func.max(WaitlistEntry.created_at).label("newest"))
        .where(live(now), WaitlistEntry.look_at <= now)
        .group_by(WaitlistEntry.test_id)
        .subquery()
    )
    query = (
        select(WaitlistEntry)
        .join(ripe, ripe.c.test_id == WaitlistEntry.test_id)
        .where(live(now), WaitlistEntry.created_at <= ripe.c.newest, WaitlistEntry.look_at <= now + HEAD_START)
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
    )
    return db.session.scalars(query.limit(most)).all()


Told = Mapping[str, Mapping[datetime, datetime]]
"""Starts by pool, each with the instant at which it was told."""


class Look(NamedTuple):
    """What a look found. told: what of the times told counts still; offer: what is to be told now, if any."""

    told: Told
    offer: Offer | None = None


def look(entry: WaitlistEntry, now: datetime, limits: Limits) -> Look:
    """What is to be told to who waits: the first time that is free for it, unless it can have one that it knows of and
    that is no later, or let one pass a short while ago. So there is always one that it knows of while any is free.
    """
    # Before the time that came too late, which is not offered again.
    latest = entry.latest - timedelta.resolution
    wish = Wish(entry.company_id)
    wanted = Question(entry.test_id, entry.earliest, latest, entry.lab_id, wish, entry.resource)
    still: dict[str, dict[datetime, datetime]] = {}
    known: list[datetime] = []
    passed = False
    for pool, starts in _told(entry).items():
        for start, told_at in starts.items():
            at = replace(wanted, earliest=start, latest=start + timedelta.resolution, resource=pool)
            if offers.earliest(at, now, limits):
                known.append(start)
            elif now < told_at + TOLD_AGAIN and offers.is_too_late(at, now, limits):
                passed = True
            else:
                continue
            still.setdefault(pool, {})[start] = told_at
    first = offers.earliest(wanted, now, limits)
    new = first is not None and (first.starts_at < min(known) if known else not passed)
    return Look(still, first if new else None)


def _told(entry: WaitlistEntry) -> Told:
    read = datetime.fromisoformat
    return {pool: {read(start): read(at) for start, at in starts.items()} for pool, starts in entry.told.items()}


def keep(entry: WaitlistEntry, seen: Look, now: datetime) -> None:
    """Note with a wish what a look found."""
    told = {pool: dict(starts) for pool, starts in seen.told.items()}
    if seen.offer:
        told.setdefault(seen.offer.slot.bench.pool, {})[seen.offer.starts_at] = now
    entry.told = {
        pool: {start.isoformat(): at.isoformat() for start, at in starts.items()} for pool, starts in told.items()
    }
    put_off(entry, now)


def with_others(entries: Sequence[WaitlistEntry], now: datetime) -> set[str]:
    """Ids of these wishes and of all others of their companies for the same tests."""
    theirs = tuple_(WaitlistEntry.company_id, WaitlistEntry.test_id).in_(
        {(entry.company_id, entry.test_id) for entry in entries}
    )
    others = db.session.scalars(select(WaitlistEntry.id).where(live(now), theirs))
    return {entry.id for entry in entries} | set(others)


def is_met_too(other: WaitlistEntry, entry: WaitlistEntry, offer: Offer) -> bool:
    """Whether a time that is told for one wish is also what another wish of its company is for."""
    bench = offer.slot.bench
    same = (other.company_id, other.test_id) == (entry.company_id, entry.test_id) and other.id != entry.id
    here = other.lab_id in (None, bench.lab_id) and other.resource in (None, bench.pool, bench.resource_id)
    return same and other.ended_at is None and here and other.earliest <= offer.starts_at < other.latest


def would_be_told(entry: WaitlistEntry, offer: Offer) -> bool:
    """Whether the offer is earlier than all that the wish was told of."""
    return all(offer.starts_at < start for starts in _told(entry).values() for start in starts)


def note(entry: WaitlistEntry, offer: Offer, now: datetime) -> None:
    """The company has been told of this time for another of its wishes. A look that is under way is done anew."""
    told = {pool: dict(starts) for pool, starts in entry.told.items()}
    told.setdefault(offer.slot.bench.pool, {})[offer.starts_at.isoformat()] = now.isoformat()
    entry.told, entry.look_at = told, entry.look_at - timedelta.resolution


def put_off(entry: WaitlistEntry, now: datetime) -> None:
    """Nothing more to be looked for until something is freed."""
    entry.look_at = now + LOOKED_AGAIN


@dataclass(frozen=True, slots=True)
class Booked:
    """Wishes, by id, whose company has since booked what they are for: asked for only, or agreed with the lab, then
    with the id of the booking.
    """

    asked: frozenset[str]
    served: Mapping[str, str]


def booked(entries: Sequence[WaitlistEntry], now: datetime) -> Booked:
    """Which of these wishes have been met; one booking meets one wish, the oldest that it is for."""
    companies, tests = {entry.company_id for entry in entries}, {entry.test_id for entry in entries}
    theirs = select(WaitlistEntry).where(
        live(now), WaitlistEntry.company_id.in_(companies), WaitlistEntry.test_id.in_(tests)
    )
    waiting = db.session.scalars(theirs.order_by(WaitlistEntry.created_at, WaitlistEntry.id)).all()
    query = (
        select(Booking)
        .outerjoin(WaitlistEntry, and_(WaitlistEntry.booking_id == Booking.id, WaitlistEntry.ended_at.is_not(None)))
        .where(
            Booking.company_id.in_(companies),
            Booking.test_id.in_(tests),
            Booking.created_at > min((entry.created_at for entry in waiting), default=now),
            or_(Booking.state.in_(SERVED | {State.REQUESTED}), Booking.hold_expires_at > now),
            WaitlistEntry.id.is_(None),
        )
        .options(joinedload(Booking.resource))
        .order_by(Booking.created_at, Booking.id)
    )
    found: dict[str, Booking] = {}
    for booking in db.session.scalars(query):
        met = (entry for entry in waiting if entry.id not in found and _meets(booking, entry))
        if entry := next(met, None):
            found[entry.id] = booking
    asked = frozenset(ident for ident, booking in found.items() if booking.state not in SERVED)
    return Booked(asked, {ident: booking.id for ident, booking in found.items() if ident not in asked})


def _meets(booking: Booking, entry: WaitlistEntry) -> bool:
    return booking.company_id == entry.company_id and booking.created_at > entry.created_at and asks_for(entry, booking)


def asks_for(entry: WaitlistEntry, booking: Booking) -> bool:
    """Whether the wish is for what is booked here, whoever booked it."""
    here = entry.lab_id in (None, booking.lab_id)
    there = entry.resource in (None, booking.resource_id, booking.resource.pool)
    in_time = entry.earliest <= booking.starts_at < entry.latest
    return here and there and in_time and entry.test_id == booking.test_id


def end_served(session: Session, entry: WaitlistEntry, booking_id: str, now: datetime) -> None:
    """The company has what it waited for."""
    entry.ended_at, entry.booking_id = now, booking_id
    log.record(session, "waitlist.served", entry, by=System(), at=now, for_lab=False, booking=booking_id)
