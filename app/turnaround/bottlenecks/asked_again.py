"""Reading what is replayed: the requests of a pool, what else was on its benches, and what each request may have."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from app.booking.availability import Wish
from app.booking.models import Booking, Occupancy
from app.booking.occupancy import footprint_of
from app.booking.queries import Taken
from app.booking.rules import Limits, State
from app.booking.settings import limits, limits_of
from app.capacity.utilisation.queries import COUNTED
from app.database import db
from app.labs.models import Resource
from app.labs.queries import CapableBench, capable_benches
from app.orders.models import OrderLine
from app.orders.rules import sample_names
from app.turnaround.bottlenecks.replay import House, Request
from app.worktime import Interval

# A no-show kept its bench like everybody else; what was cancelled or declined is left out, as if never asked.
REPLAYED = (*COUNTED, State.NO_SHOW)


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests in order of asking, the house without them, and how many older ones were left where they were."""

    requests: Sequence[Request]
    house: House
    left: int


def asked(lab_id: str, resources: Sequence[Resource], pool: str, span: Interval, now: datetime, most: int) -> Asked:
    """The newest `most` requests of `span` that needed a unit of the pool. resources: all live ones of the lab.

    Six statements, and one for each company that has days of its own.
    """
    units = {resource.id for resource in resources if resource.pool == pool}
    pools = {resource.id: resource.pool for resource in resources}
    rows = [row for row in _rows(lab_id, span) if units & {resource_id for resource_id, _ in footprint_of(row)}]
    capable = _capable(lab_id, {row.test_id for row in rows})
    mine = {
        row.id: [item for item in capable(row.test_id, row.company_id) if item.bench.pool == pools.get(row.resource_id)]
        for row in rows
    }
    rows = [row for row in rows if mine[row.id]]
    kept = rows[-most:]
    samples = _samples(kept)
    requests = [_request(row, samples) for row in kept]
    benches = {request.id: mine[request.id] for request in requests}
    return Asked(requests, House(benches, _others(benches, span, now), _limits()), len(rows) - len(kept))


def _rows(lab_id: str, span: Interval) -> list[Any]:
    query = (
        select(
            Booking.id,
            Booking.created_at,
            Booking.test_id,
            Booking.company_id,
            Booking.resource_id,
            Booking.place,
            Booking.footprint,
            Booking.starts_at,
            Booking.ends_at,
            Booking.exclusive,
            Booking.shielded,
            Booking.sample,
            OrderLine.order_id,
        )
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .where(
            Booking.lab_id == lab_id,
            Booking.requested_at.is_not(None),
            Booking.state.in_(REPLAYED),
            # A hold has its time from the moment at which it was made.
            Booking.created_at >= span.start,
            Booking.created_at < span.end,
        )
    )
    return list(db.session.execute(query.order_by(Booking.created_at, Booking.starts_at, Booking.id)))


def _capable(lab_id: str, test_ids: Collection[str]) -> Callable[[str, str], list[CapableBench]]:
    """The benches for a test as a company may use them; read once for all companies without days of their own."""
    tests = sorted(test_ids)
    read: dict[str | None, dict[str, list[CapableBench]]] = {None: _by_test(capable_benches(tests, lab_id))}
    setups = {item.setup.lab_id: item.setup for items in read[None].values() for item in items}
    special = {day.company_id for setup in setups.values() for days in setup.days.values() for day in days}

    def benches(test_id: str, company_id: str) -> list[CapableBench]:
        asker = company_id if company_id in special else None
        if asker not in read:
            read[asker] = _by_test(capable_benches(tests, lab_id, asker))
        return read[asker].get(test_id, [])

    return benches


def _by_test(items: Iterable[CapableBench]) -> dict[str, list[CapableBench]]:
    found: dict[str, list[CapableBench]] = defaultdict(list)
    for item in items:
        found[item.test_id].append(item)
    return found


def _samples(rows: Sequence[Any]) -> Mapping[tuple[str, str], list[tuple[str, Interval]]]:
    """The uses of every sample of these orders, by order and name: booking and time."""
    query = (
        select(Booking.id, OrderLine.order_id, Booking.sample, Booking.starts_at, Booking.ends_at)
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .where(OrderLine.order_id.in_({row.order_id for row in rows}), Booking.state.in_(REPLAYED))
    )
    found: dict[tuple[str, str], list[tuple[str, Interval]]] = defaultdict(list)
    for ident, order_id, text, start, end in db.session.execute(query):
        for name in sample_names(text):
            found[order_id, name].append((ident, Interval(start, end)))
    return found


def _request(row: Any, samples: Mapping[tuple[str, str], list[tuple[str, Interval]]]) -> Request:
    had = Interval(row.starts_at, row.ends_at)
    before = {
        ident: when.end
        for name in sample_names(row.sample)
        for ident, when in samples.get((row.order_id, name), ())
        if when.end <= had.start
    }
    return Request(
        id=row.id,
        asked_at=row.created_at,
        test_id=row.test_id,
        wish=Wish(row.company_id, row.exclusive, row.shielded),
        had=had,
        taken=tuple(footprint_of(row)),
        before=before,
    )


def _others(benches: Mapping[str, Sequence[CapableBench]], span: Interval, now: datetime) -> Mapping[str, list[Taken]]:
    """Time that all else has on what these benches need: closures, older bookings, other pools' bookings."""
    items = [item for each in benches.values() for item in each]
    reach = max((item.longest_changeover for item in items), default=timedelta(0))
    query = select(Occupancy).where(
        Occupancy.resource_id.in_({ident for item in items for ident in item.reads}),
        Occupancy.ends_at > span.start - reach,
        Occupancy.proposed.is_(False),
        or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > now),
    )
    found: dict[str, list[Taken]] = defaultdict(list)
    for row in db.session.scalars(query.order_by(Occupancy.starts_at)):
        if row.booking_id not in benches:
            when = Interval(row.starts_at, row.ends_at)
            found[row.resource_id].append(Taken(row.place, when, row.state_id, row.company_id, row.shielded))
    return found


def _limits() -> Callable[[CapableBench], Limits]:
    defaults = limits()
    return lambda item: limits_of(item.bench, defaults)
