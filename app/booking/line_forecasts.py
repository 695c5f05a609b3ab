"""When the report of each line of an order is likely and safely there, with a slot and without one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import exists, not_, select

from app.accounts.policy import Viewer
from app.booking import reading
from app.booking.forecast import Basis, ReportingTime, reporting_times
from app.booking.models import Booking
from app.booking.offers import Offer, Waiting, in_turn
from app.booking.pages import ON_THE_WAY
from app.booking.preview import awaited_reports, bench_free_at
from app.booking.rules import seen_state
from app.booking.settings import limits
from app.database import db
from app.orders.forecast import LineForecast
from app.orders.models import Order, OrderLine
from app.orders.rules import CLOSED

Measured = Mapping[tuple[str, str], ReportingTime]


def forecasts_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, LineForecast]:
    """Of the lines whose report is awaited; missing where nobody can tell: no slot is free, and nothing measured."""
    awaited = [line for line in lines if line.issued_at is None and line.state.value not in CLOSED]
    if not awaited:
        return {}
    booked = {
        ident: booking
        for ident, booking in reading.of_lines(viewer, [line.id for line in awaited]).items()
        if seen_state(booking.state, booking.hold_expires_at, booking.starts_at, now) in ON_THE_WAY
    }
    measured = reporting_times({(line.test_id, line.lab_id) for line in awaited})
    without = [line for line in awaited if line.id not in booked and not line.order.direct]
    found = dict(_with_slot(list(booked.values()), measured, now)) if booked else {}
    return found | dict(_without_slot(without, measured, now)) if without else found


def _with_slot(bookings: Sequence[Booking], measured: Measured, now: datetime) -> Iterator[tuple[str, LineForecast]]:
    dates = awaited_reports(bookings, now)
    for booking in bookings:
        found, free_at = dates[booking.id], bench_free_at(booking, now)
        time = measured.get((booking.test_id, booking.lab_id))
        yield (
            booking.order_line_id,
            LineForecast(
                expected_at=found.expected_at,
                safe_at=found.safe_at,
                basis=found.basis,
                learnt_from=time.learnt_from if time else None,
                booked=True,
                # A measured report that has not come until now comes later.
                begins_at=max(free_at, now) if time else free_at,
                awaiting_sample=found.awaiting_sample,
            ),
        )


def _without_slot(lines: Sequence[OrderLine], measured: Measured, now: datetime) -> Iterator[tuple[str, LineForecast]]:
    offers = in_turn(*_queue(lines, now), now, limits())
    for line in lines:
        found = _unbooked(line, offers.get(line.id), measured.get((line.test_id, line.lab_id)), now)
        if found:
            yield line.id, found


def _queue(lines: Sequence[OrderLine], now: datetime) -> tuple[list[Waiting], list[list[Waiting]]]:
    """All submitted lines without a slot of the companies of these at their labs, oldest first; behind them the lines
    of each draft among these, as they stand in it.

    Whoever asks, and for however many lines, the queue of a company is the same, and no other company's line is in it.
    """
    booked = exists().where(
        Booking.order_line_id == OrderLine.id, Booking.state.in_(ON_THE_WAY), not_(reading.lapsed(now))
    )
    mine = OrderLine.submitted_at.is_not(None) | OrderLine.order_id.in_({line.order_id for line in lines})
    query = (
        select(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            OrderLine.company_id.in_({line.company_id for line in lines}),
            OrderLine.lab_id.in_({line.lab_id for line in lines}),
            OrderLine.issued_at.is_(None),
            OrderLine.state.not_in(CLOSED),
            Order.direct.is_(False),
            mine,
            not_(booked),
        )
    )
    known = {line.id: line for line in (*db.session.scalars(query), *lines)}
    submitted = [line for line in known.values() if line.submitted_at]
    submitted.sort(key=attrgetter("submitted_at", "order_id", "position"))
    drafts: dict[str, list[OrderLine]] = defaultdict(list)
    for line in sorted(known.values(), key=attrgetter("position")):
        if line.submitted_at is None:
            drafts[line.order_id].append(line)
    return list(map(_waiting, submitted)), [list(map(_waiting, each)) for each in drafts.values()]


def _waiting(line: OrderLine) -> Waiting:
    return Waiting(line.id, line.test_id, line.lab_id, line.company_id)


def _unbooked(
    line: OrderLine, offer: Offer | None, measured: ReportingTime | None, now: datetime
) -> LineForecast | None:
    """As long after the submission as such lines took, but not before the soonest report that can be booked now."""
    soonest = (offer.report.expected_at, offer.report.safe_at) if offer else None
    if measured is None:
        return LineForecast(*soonest, Basis.PLANNING, None, booked=False, begins_at=now) if soonest else None
    likely, safe = measured.without_slot(line.submitted_at or now, now)
    if soonest:
        likely, safe = max(likely, soonest[0]), max(safe, soonest[1])
    return LineForecast(likely, safe, Basis.HISTORY, measured.learnt_from, booked=False, begins_at=now)
