"""The inputs as the last year's order lines, bookings and closures tell them; too few leave the planning value."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.booking.models import Booking, Closure, ClosureKind
from app.booking.rules import State
from app.database import db
from app.labs.models import Resource, Test
from app.orders.models import OrderLine
from app.turnaround.rules import LEAST_COMPANIES
from app.turnaround.simulation.figures import percentile
from app.turnaround.simulation.inputs import Inputs, Spread
from app.turnaround.simulation.openings import MINUTE
from app.worktime import SHANGHAI, is_working_day, local_date, working_days_between

MEASURED = timedelta(days=365)
# The newest so many lines and bookings are enough for any pattern.
MOST = 20_000
# Fewer than this tell little, and too much of single companies.
LEAST, LEAST_FOR_MONTHS, LEAST_CLOSURES = 100, 600, 20
POINTS = 20
CALMEST, BUSIEST = 0.5, 2.0


def measured(now: datetime) -> Inputs:
    """Planning values, replaced by what the year up to `now` shows. Nothing of single companies or labs is in it."""
    lines = _lines(now)
    if len(lines) < LEAST or len({line.company_id for line in lines}) < LEAST_COMPANIES:
        return Inputs()
    found: dict[str, Any] = {
        **_arrivals(lines, now),
        **_durations(lines),
        **_bookings(now),
        **_closures(now),
    }
    return replace(Inputs(), **found, measured=frozenset(found), lines=len(lines))


def _lines(now: datetime) -> Sequence[Any]:
    columns = (
        OrderLine.company_id,
        OrderLine.test_id,
        OrderLine.submitted_at,
        OrderLine.accepted_at,
        OrderLine.ended_at,
        OrderLine.issued_at,
        Test.report_days,
    )
    query = (
        select(*columns)
        .join(Test, Test.id == OrderLine.test_id)
        .where(OrderLine.submitted_at > now - MEASURED, OrderLine.submitted_at <= now)
        .order_by(OrderLine.submitted_at.desc(), OrderLine.id)
        .limit(MOST)
    )
    return db.session.execute(query).all()


def _arrivals(lines: Sequence[Any], now: datetime) -> dict[str, Any]:
    local = [line.submitted_at.astimezone(SHANGHAI) for line in lines]
    hours = Counter(at.hour for at in local)
    found: dict[str, Any] = {
        "tests": dict(Counter(line.test_id for line in lines)),
        "hours": tuple(float(hours[hour]) for hour in range(24)),
    }
    # What the limit cut off would make earlier months look calm.
    if LEAST_FOR_MONTHS <= len(lines) < MOST:
        found["months"] = _months([at.date() for at in local], local_date(now))
    return found


def _months(days: Iterable[date], today: date) -> tuple[float, ...]:
    """Requests on a working day of each month, relative to the year's; a month far off is held to be chance."""
    year = (today - timedelta(days=back) for back in range(int(MEASURED.days)))
    working = Counter(day.month for day in year if is_working_day(day))
    count = Counter(day.month for day in days)
    usual = sum(count.values()) / sum(working.values())
    rates = [count[month] / working[month] / usual if working[month] else 1.0 for month in range(1, 13)]
    return tuple(min(max(rate, CALMEST), BUSIEST) for rate in rates)


def _durations(lines: Sequence[Any]) -> dict[str, Any]:
    accepted = [(line.accepted_at - line.submitted_at) / MINUTE for line in lines if line.accepted_at]
    reported = [
        working_days_between(local_date(line.ended_at), local_date(line.issued_at)) / line.report_days
        for line in lines
        if line.issued_at and line.report_days
    ]
    return dict(_spreads({"review": accepted, "reporting": reported}))


def _spreads(values: dict[str, list[float]]) -> Iterator[tuple[str, Spread]]:
    for name, found in values.items():
        if len(found) >= LEAST:
            ordered = sorted(found)
            yield name, Spread(tuple(percentile(ordered, place / POINTS) for place in range(POINTS + 1)))


def _bookings(now: datetime) -> dict[str, Any]:
    """Of bookings that were confirmed and whose time has come: withdrawn, nobody there, and how much was used."""
    query = (
        select(Booking.state, Booking.starts_at, Booking.ends_at, OrderLine.taken_at, OrderLine.ended_at)
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .where(Booking.confirmed_at.is_not(None), Booking.starts_at > now - MEASURED, Booking.starts_at <= now)
        .order_by(Booking.starts_at.desc(), Booking.id)
        .limit(MOST)
    )
    rows = db.session.execute(query).all()
    if len(rows) < LEAST:
        return {}
    states = Counter(row.state for row in rows)
    used = [
        min(max((row.ended_at - row.taken_at) / (row.ends_at - row.starts_at), 0.05), 1.0)
        for row in rows
        if row.state is State.COMPLETED and row.ended_at
    ]
    shares = {"cancelled": states[State.CANCELLED] / len(rows), "no_show": states[State.NO_SHOW] / len(rows)}
    return shares | dict(_spreads({"testing": used}))


def _closures(now: datetime) -> dict[str, Any]:
    query = select(Closure.kind, Closure.starts_at, Closure.ends_at).where(
        Closure.starts_at > now - MEASURED, Closure.starts_at <= now
    )
    lasted: dict[ClosureKind, list[float]] = {kind: [] for kind in ClosureKind}
    for kind, starts_at, ends_at in db.session.execute(query):
        lasted[kind].append((ends_at - starts_at) / MINUTE)
    places = db.session.scalar(select(func.sum(Resource.places)).where(Resource.retired_at.is_(None))) or 1
    found: dict[str, Any] = {}
    kept = len(lasted[ClosureKind.MAINTENANCE]) + len(lasted[ClosureKind.CALIBRATION])
    if kept >= LEAST_CLOSURES:
        found["maintenance"] = kept / places
    broken = sorted(lasted[ClosureKind.BREAKDOWN])
    if len(broken) >= LEAST_CLOSURES:
        points = tuple(percentile(broken, place / POINTS) for place in range(POINTS + 1))
        found |= {"breakdowns": len(broken) / places, "repair": Spread(points)}
    return found
