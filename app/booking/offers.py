"""Offers: bookable slots over all capable benches, soonest report first."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from app.booking import queries, rules
from app.booking.availability import Slot, earliest_slot, slots
from app.booking.forecast import ReportDates, ReportingTime, report_dates, reporting_times
from app.booking.queries import Taken
from app.labs.queries import CapableBench, capable_benches
from app.worktime import Interval

# Alternatives to a lost slot may also lie before it; further back they help nobody.
LOOK_BACK = timedelta(days=7)
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A slot that can be booked now, and when its report will be there."""

    capable: CapableBench
    slot: Slot
    report: ReportDates

    @property
    def starts_at(self) -> datetime:
        return self.slot.use.starts_at


@dataclass(frozen=True, slots=True)
class Question:
    """Which offers: of one test, from `earliest` to `latest` (None: notice and horizon), at one lab or all."""

    test_id: str
    earliest: datetime | None = None
    latest: datetime | None = None
    lab_id: str | None = None


Measured = Mapping[tuple[str, str], ReportingTime]


def _span(question: Question, now: datetime, limits: rules.Limits) -> Interval | None:
    bookable = rules.bookable_span(now, limits)
    start = max(bookable.start, question.earliest or bookable.start)
    end = min(bookable.end, question.latest or bookable.end)
    return Interval(start, end) if start < end else None


def _offer(capable: CapableBench, slot: Slot, measured: Measured) -> Offer:
    time = measured.get((capable.test_id, capable.bench.lab_id))
    return Offer(capable, slot, report_dates(capable, slot.use.ends_at, time))


def _soonest_report(offer: Offer) -> tuple[datetime, datetime, str]:
    return offer.report.expected_at, offer.starts_at, offer.slot.bench.resource_id


def offers(question: Question, now: datetime, limits: rules.Limits, limit: int = 10) -> list[Offer]:
    """The first `limit` offers over all capable benches, soonest report first."""
    capable = capable_benches([question.test_id], question.lab_id)
    span = _span(question, now, limits)
    if span is None:
        return []
    taken = _taken(capable, span, now)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})

    def of_bench(item: CapableBench) -> Iterator[Offer]:
        rows = taken.get(item.bench.resource_id, [])
        return (_offer(item, slot, measured) for slot in slots(item, rows, span.start, span.end))

    return list(islice(heapq.merge(*map(of_bench, capable), key=_soonest_report), limit))


def best_of_each_bench(
    test_ids: Sequence[str], now: datetime, limits: rules.Limits, earliest: datetime | None = None
) -> list[Offer]:
    """The earliest offer of every bench for every test, soonest report first: what the search page compares.

    Three statements for any number of tests and benches.
    """
    capable = capable_benches(test_ids)
    span = _span(Question("", earliest), now, limits)
    if span is None:
        return []
    taken = _taken(capable, span, now)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})
    found = (
        _offer(item, slot, measured)
        for item in capable
        if (slot := earliest_slot(item, taken.get(item.bench.resource_id, []), span.start, span.end))
    )
    return sorted(found, key=_soonest_report)


def nearest(
    test_id: str, asked: datetime, now: datetime, limits: rules.Limits, lab_id: str, count: int = NEAREST
) -> list[Offer]:
    """The free offers nearest to a start that was lost, first at the same lab, else at any; by start."""
    bookable = rules.bookable_span(now, limits)
    capable = capable_benches([test_id])
    taken = _taken(capable, Interval(bookable.start, bookable.end), now)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})
    candidates = [
        _offer(item, slot, measured)
        for item in capable
        for slot in _around(item, taken.get(item.bench.resource_id, []), asked, bookable, count)
    ]
    candidates.sort(key=lambda offer: (offer.slot.bench.lab_id != lab_id, abs(offer.starts_at - asked)))
    return sorted(candidates[:count], key=lambda offer: offer.starts_at)


def _around(
    capable: CapableBench, taken: Iterable[Taken], asked: datetime, bookable: Interval, count: int
) -> list[Slot]:
    """Up to `count` slots from the asked start on, and the last `count` in the week before it."""
    rows = list(taken)
    asked = min(max(asked, bookable.start), bookable.end)
    later = list(islice(slots(capable, rows, asked, bookable.end), count))
    from_ = max(bookable.start, asked - LOOK_BACK)
    before = [slot for slot in slots(capable, rows, from_, asked) if slot.use.starts_at < asked]
    return before[-count:] + later


def _taken(capable: Sequence[CapableBench], span: Interval, now: datetime) -> dict[str, list[Taken]]:
    """Occupancy behind the span's start; uses that start before its end may reach past it, hence no upper end."""
    ids = {item.bench.resource_id for item in capable}
    return queries.taken(ids, Interval(span.start, span.end + timedelta(days=400)), now)
