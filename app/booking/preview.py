"""What a booking would be before anything is stored, and when the report of a stored one will be there."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from app.booking import queries, rules
from app.booking.allowances import left_to
from app.booking.availability import ANYBODY, Wish, slot_for, slots, use_at
from app.booking.forecast import Basis, ReportDates, ReportingTime, awaited, report_dates, reporting_times
from app.booking.models import Booking
from app.booking.occupancy import reach
from app.booking.offers import Offer
from app.booking.rules import State
from app.booking.settings import limits_of
from app.booking.sharing import Disallowed, Week
from app.labs.models import need_of
from app.labs.queries import CapableBench, bench_of
from app.samples import queries as samples
from app.worktime import Interval, Limit, Use

# Uses that start before a span's end may reach past it.
LONGEST = timedelta(days=400)
NOT_BEGUN = (State.HELD, State.REQUESTED, State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Preview:
    """The use that a start gives, when its report would be there, and whether a place is free for it now.

    refusal: what a rule of the lab says to who asks; shares: what he has of the weeks of the use.
    """

    capable: CapableBench
    use: Use
    report: ReportDates
    free: bool
    refusal: Disallowed | None = None
    shares: Sequence[Week] = ()


def preview(
    units: Sequence[CapableBench], starts_at: datetime, now: datetime, limits: rules.Limits, wish: Wish = ANYBODY
) -> Preview:
    """What the start (aware) gives on one of the units of a pool. units: not empty.

    Raises InThePast, TooSoon, TooFarAhead, OutsideWorkingTime, OffGrain, NeverFits; a taken time is no refusal, nor is
    what the lab's rules leave who asks.
    """
    rules.check_start(starts_at, now, limits_of(units[0].bench, limits))
    use = use_at(units[0], starts_at)
    taken = queries.taken({ident for unit in units for ident in unit.reads}, reach(units, use), now)
    free = [unit for unit in units if slot_for(unit, use, taken, wish)]
    capable = free[0] if free else units[0]
    report, allowance = _report(capable, use.ends_at), left_to(wish, units, now, limits).of(capable.bench)
    if allowance is None:
        return Preview(capable, use, report, bool(free))
    when = use.interval
    return Preview(capable, use, report, bool(free), allowance.refusal(when), allowance.weeks(when))


def next_offers(
    units: Sequence[CapableBench],
    now: datetime,
    limits: rules.Limits,
    count: int,
    not_before: datetime | None = None,
    wish: Wish = ANYBODY,
) -> list[Offer]:
    """The next `count` free starts over the units of a pool, each start once.

    Raises Disallowed where the lab's rules alone leave none.
    """
    if not units:
        return []
    bookable = rules.bookable_span(now, limits_of(units[0].bench, limits))
    begin = max(bookable.start, not_before or bookable.start)
    if begin >= bookable.end:
        return []
    before = max(unit.longest_changeover for unit in units)
    ids = {ident for unit in units for ident in unit.reads}
    taken = queries.taken(ids, Interval(begin - before, bookable.end + LONGEST), now)
    pair = (units[0].test_id, units[0].bench.lab_id)
    measured = reporting_times([pair]).get(pair)

    allowance = left_to(wish, units, now, limits).of(units[0].bench)

    def following(limit: Limit | None, most: int) -> list[Offer]:
        def of_unit(unit: CapableBench) -> Iterator[Offer]:
            for slot in slots(unit, taken, begin, bookable.end, wish, limit):
                yield Offer(unit, slot, report_dates(unit, slot.use.ends_at, measured))

        merged = heapq.merge(*map(of_unit, units), key=lambda offer: offer.starts_at)
        return list(islice(_each_start_once(merged), most))

    found = following(allowance, count)
    if allowance and not found and (free := following(None, 1)):
        refusal = allowance.refusal(free[0].slot.use.interval)
        assert refusal is not None
        raise refusal
    return found


def _each_start_once(offers: Iterable[Offer]) -> Iterator[Offer]:
    last: datetime | None = None
    for offer in offers:
        if offer.starts_at != last:
            yield offer
        last = offer.starts_at


def _report(capable: CapableBench, ends_at: datetime) -> ReportDates:
    pair = (capable.test_id, capable.bench.lab_id)
    return report_dates(capable, ends_at, reporting_times([pair]).get(pair))


def expected_reports(bookings: Sequence[Booking], now: datetime) -> dict[str, ReportDates]:
    """When the reports of bookings are likely and safely there, by booking id: what was told when the bench was freed.

    Reckoned from the real end where there is one; while a use runs longer than booked or has not begun in time, as
    when its sample isn't there, from now.
    """
    return {booking.id: dates for booking, dates, _ in _expected(bookings, now)}


def awaited_reports(bookings: Sequence[Booking], now: datetime) -> dict[str, ReportDates]:
    """The same as it is now: a report that hasn't come yet is not expected in the past."""
    return {
        booking.id: awaited(dates, booking.order_line.ended_at, measured, now)
        if booking.order_line.ended_at and not booking.order_line.issued_at
        else dates
        for booking, dates, measured in _expected(bookings, now)
    }


def _expected(
    bookings: Sequence[Booking], now: datetime
) -> Iterator[tuple[Booking, ReportDates, ReportingTime | None]]:
    found = reporting_times({(b.test_id, b.lab_id) for b in bookings})
    missing = samples.missing([b.order_line for b in bookings if b.state in NOT_BEGUN and b.sample])
    for booking in bookings:
        measured = found.get((booking.test_id, booking.lab_id))
        dates = _awaiting_sample(booking, measured, now) if booking.order_line_id in missing and measured else None
        yield booking, dates or report_dates(capable_bench(booking), bench_free_at(booking, now), measured), measured


def _awaiting_sample(booking: Booking, measured: ReportingTime, now: datetime) -> ReportDates | None:
    """Dates with what tests begin late whose sample is not there so long before; None where that is not known."""
    found = measured.awaiting_sample(bench_free_at(booking, now), booking.starts_at - now)
    return ReportDates(*found, Basis.HISTORY, found[0], awaiting_sample=True) if found else None


def bench_free_at(booking: Booking, now: datetime) -> datetime:
    """When the test is over, or will be as things stand."""
    if booking.order_line.ended_at is not None:
        return booking.order_line.ended_at
    if booking.state is State.RUNNING:
        return max(booking.ends_at, now)
    late = now - booking.starts_at if booking.state is State.CONFIRMED else timedelta(0)
    return booking.ends_at + max(late, timedelta(0))


def capable_bench(booking: Booking) -> CapableBench:
    """The bench of a booking with what its test takes there, also when the catalogue has retired it since."""
    resource, test = booking.resource, booking.test
    return CapableBench(
        bench=bench_of(resource, resource.lab),
        test_id=test.id,
        domain_id=test.domain_id,
        need=need_of(test, resource.unattended),
        basis="",
        report_days=test.report_days,
        low_confidence=resource.lab.low_confidence,
    )
