"""What labs' rules allow a company: length, open requests, its share of a contested bench, no-shows.

The rules are data (`labs/rules.py`) and `sharing` knows what each says; here is read what the company has already. So
booking, free time that is offered, the form that says what is left, and the page that answers why a company can't book
ask the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, null, or_, select, union_all
from sqlalchemy.orm import Session

from app import turns
from app.booking import sharing
from app.booking.availability import Slot, Wish
from app.booking.models import Booking, RuleWaiver
from app.booking.rules import Limits, State
from app.booking.settings import limits_of
from app.booking.sharing import Allowance, Block, Longest, OpenRequests, Rule, Share
from app.database import db
from app.labs import rules as kinds
from app.labs.models import Resource
from app.labs.queries import Bench, CapableBench
from app.turns import Counted
from app.worktime import LONGEST_USE, Interval, local_date, midnight

# What counts for a share; and for what is open, while it is to come.
COUNTED = frozenset({State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING, State.COMPLETED})
OPEN = frozenset({State.REQUESTED, State.CONFIRMED})
# These speak of the use and its week, the others of today.
OF_THE_USE = frozenset({kinds.LONGEST, kinds.WEEKLY_HOURS})


class Own(NamedTuple):
    """A use that the company has booked, or did not come to."""

    lab_id: str
    pool: str
    state: State
    when: Interval


@dataclass(frozen=True, slots=True)
class Asked:
    """A use that a company wants. ignoring: its own booking that moves."""

    company_id: str
    bench: Bench
    when: Interval
    now: datetime
    ignoring: str | None = None


def asked_by(company_id: str, slot: Slot, now: datetime, ignoring: str | None = None) -> Asked:
    """The question about a slot."""
    return Asked(company_id, slot.bench, slot.use.interval, now, ignoring)


def check(session: Session, asked: Asked) -> None:
    """Refuse what the lab's rules don't allow. Raises TooLong, TooManyOpen, ShareUsed, BlockedAfterNoShows."""
    if asked.bench.rules and _adds_up(limits_of(asked.bench)):
        turns.wait(session, Counted.COMPANY, asked.company_id)
    allowance = allowance_for(session, asked)
    refusal = allowance.refusal(asked.when) if allowance else None
    if refusal:
        raise refusal


def allowance_for(session: Session, asked: Asked) -> Allowance | None:
    """What the rules of the bench leave the company for this use; None where there are none."""
    since = min(asked.now, asked.when.start)
    found = allowances(session, asked.company_id, [asked.bench], asked.now, since=since, ignoring=asked.ignoring)
    return found.of(asked.bench)


@dataclass(frozen=True)
class Allowances:
    """What the rules of several benches leave one company. limits: of pools with rules about companies; own: what it
    has at their labs; waived: by lab, kinds of which it makes an exception; later: for what is booked another day.
    """

    now: datetime
    limits: Mapping[str, Limits]
    own: tuple[Own, ...] = ()
    waived: frozenset[tuple[str, str]] = frozenset()
    later: bool = False

    def of(self, bench: Bench) -> Allowance | None:
        """What they leave it on a bench, None where there is no rule."""
        limits = self.limits.get(bench.pool)
        if limits is None:
            return None
        if bench.pool not in self._known:
            waived = frozenset(kind for lab_id, kind in self.waived if lab_id == bench.lab_id)
            rules = tuple(self._rules(limits, bench))
            self._known[bench.pool] = Allowance(rules, waived)
        return self._known[bench.pool]

    @cached_property
    def _known(self) -> dict[str, Allowance]:
        """By pool, as far as it was asked."""
        return {}

    def for_later(self) -> "Allowances":
        """Without what speaks of today only: requests are answered, and blocks end, before a line is booked."""
        return replace(self, later=True)

    def with_use(self, bench: Bench, when: Interval) -> "Allowances":
        """With one more use requested."""
        if bench.pool not in self.limits:
            return self
        return replace(self, own=(*self.own, Own(bench.lab_id, bench.pool, State.REQUESTED, when)))

    def _rules(self, limits: Limits, bench: Bench) -> Iterator[tuple[str, Rule]]:
        here = [own for own in self.own if own.lab_id == bench.lab_id]
        found = _in_force(limits, bench.pool, here, self.now)
        return ((kind, rule) for kind, rule in found if kind in OF_THE_USE or not self.later)


def _in_force(limits: Limits, pool: str, own: Sequence[Own], now: datetime) -> Iterator[tuple[str, Rule]]:
    """The rules that limit a company on a pool. own: what it has at the lab."""
    if limits.longest is not None:
        yield kinds.LONGEST, Longest(limits.longest)
    if limits.open_requests is not None:
        count = sum(each.state in OPEN and each.when.start > now for each in own)
        yield kinds.OPEN_REQUESTS, OpenRequests(count, limits.open_requests)
    if limits.weekly is not None:
        taken = (each.when for each in own if each.pool == pool and each.state in COUNTED)
        yield kinds.WEEKLY_HOURS, Share.of(limits.weekly, taken)
    if limits.no_shows is not None:
        since = now - limits.no_shows.within - limits.no_shows.blocked
        starts = (each.when.start for each in own if each.state is State.NO_SHOW)
        until = sharing.blocked_until(sorted(start for start in starts if start > since), limits.no_shows)
        yield kinds.NO_SHOWS, Block(until if until and until > now else None)


def allowances(
    session: Session,
    company_id: str | None,
    benches: Iterable[Bench],
    now: datetime,
    defaults: Limits | None = None,
    since: datetime | None = None,
    ignoring: str | None = None,
) -> Allowances:
    """What the rules of these benches leave a company; nobody else is bound by them.

    One statement for any number of benches, none where no lab has such a rule. defaults: `limits()`, where at hand.
    since: before now, where uses of the past are asked about. ignoring: the company's own booking that moves.
    """
    if company_id is None:
        return Allowances(now, {})
    known = {bench.pool: (bench.lab_id, limits_of(bench, defaults)) for bench in benches if bench.rules}
    ruled = {pool: found for pool, found in known.items() if _binds(found[1])}
    if not ruled:
        return Allowances(now, {})
    limits = {pool: found for pool, (_, found) in ruled.items()}
    labs = {lab_id for lab_id, _ in ruled.values()}
    own: list[Own] = []
    waived: list[tuple[str, str]] = []
    had = _own(company_id, labs, limits.values(), now, since or now, ignoring)
    statement = union_all(had, _waived(company_id, labs, now))
    for lab_id, pool, state, starts_at, ends_at, kind in session.execute(statement):
        if kind is None:
            own.append(Own(lab_id, pool, state, Interval(starts_at, ends_at)))
        else:
            waived.append((lab_id, kind))
    return Allowances(now, limits, tuple(own), frozenset(waived))


def left_to(wish: Wish, capable: Iterable[CapableBench], now: datetime, defaults: Limits | None = None) -> Allowances:
    """What the rules of these benches leave who wishes, in one statement at most."""
    company_id = None if wish.by_lab else wish.company_id
    benches = [item.bench for item in capable]
    return allowances(db.session(), company_id, benches, now, defaults, ignoring=wish.instead_of)


def _binds(limits: Limits) -> bool:
    """Whether there is a rule about what companies may have."""
    given = (limits.longest, limits.open_requests, limits.weekly, limits.no_shows)
    return any(each is not None for each in given)


def _adds_up(limits: Limits) -> bool:
    """Whether one use more leaves the company less of others."""
    return limits.open_requests is not None or limits.weekly is not None


def _own(
    company_id: str, labs: Iterable[str], limits: Iterable[Limits], now: datetime, since: datetime, ignoring: str | None
) -> Select[*tuple[Any, ...]]:
    """Bookings of the company from the week of `since` on, and those to which it did not come for as long back as a
    rule looks; not the one that moves, and no hold that has lapsed.
    """
    on = local_date(since)
    monday = midnight(on - sharing.DAY * on.weekday())
    missed = [now - rule.within - rule.blocked for each in limits if (rule := each.no_shows)]
    live = or_(Booking.hold_expires_at.is_(None), Booking.hold_expires_at > now)
    counts: list[ColumnElement[bool]] = [Booking.state.in_(COUNTED) & live & (Booking.ends_at > monday)]
    if missed:
        counts.append((Booking.state == State.NO_SHOW) & (Booking.starts_at > min(missed)))
    return (
        select(Booking.lab_id, Resource.pool, Booking.state, Booking.starts_at, Booking.ends_at, null())
        .join(Resource, Resource.id == Booking.resource_id)
        .where(
            Booking.company_id == company_id,
            Booking.lab_id.in_(labs),
            # No use is longer, so the index on company and start skips the years before.
            Booking.starts_at > min([monday - LONGEST_USE, *missed]),
            or_(*counts),
            *([Booking.id != ignoring] if ignoring else []),
        )
    )


def _waived(company_id: str, labs: Iterable[str], now: datetime) -> Select[*tuple[Any, ...]]:
    """Exceptions that the labs make for the company on the day on which it asks."""
    return select(RuleWaiver.lab_id, null(), null(), null(), null(), RuleWaiver.kind).where(
        RuleWaiver.company_id == company_id, RuleWaiver.lab_id.in_(labs), RuleWaiver.until >= local_date(now)
    )
