"""Offers: bookable slots over all capable benches, soonest report first; none that the lab's rules would refuse."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple

from app.booking import queries, rules
from app.booking.allowances import left_to
from app.booking.availability import ANYBODY, Rows, Slot, Wish, earliest_slot, slots
from app.booking.forecast import ReportDates, ReportingTime, report_dates, reporting_times
from app.booking.queries import Taken
from app.booking.settings import limits_of
from app.booking.sharing import Disallowed
from app.labs.queries import END, CapableBench, capable_benches
from app.worktime import Interval, Limit, local_date, midnight

# Alternatives to a lost slot may also lie before it; further back they help nobody.
LOOK_BACK = timedelta(days=7)
NEAREST = 3
# So far ahead is looked first for the soonest report.
NEAR = timedelta(days=35)
DAY = timedelta(days=1)


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
    """Which offers: of one test, from `earliest` to `latest` (None: notice and horizon), at one lab or all.

    wish: for whom, and what more than a place. resource: a unit or a pool; None for any.
    """

    test_id: str
    earliest: datetime | None = None
    latest: datetime | None = None
    lab_id: str | None = None
    wish: Wish = ANYBODY
    resource: str | None = None


Measured = Mapping[tuple[str, str], ReportingTime]


def _span(question: Question, item: CapableBench, now: datetime, limits: rules.Limits) -> Interval | None:
    """When a use on this bench may start: its lab's notice and horizon, and what is asked."""
    bookable = rules.bookable_span(now, limits_of(item.bench, limits))
    start = max(bookable.start, question.earliest or bookable.start)
    end = min(bookable.end, question.latest or bookable.end)
    return Interval(start, end) if start < end else None


def _offer(capable: CapableBench, slot: Slot, measured: Measured) -> Offer:
    time = measured.get((capable.test_id, capable.bench.lab_id))
    return Offer(capable, slot, report_dates(capable, slot.use.ends_at, time))


def _soonest_report(offer: Offer) -> tuple[datetime, datetime, str]:
    return offer.report.expected_at, offer.starts_at, offer.slot.bench.resource_id


def offers(question: Question, now: datetime, limits: rules.Limits, limit: int = 10) -> list[Offer]:
    """The first `limit` offers over all capable benches, soonest report first. limits: where a lab has no rule."""
    capable = _capable(question)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})
    left = left_to(question.wish, capable, now, limits)
    begin = min(max(now, question.earliest or now), END)

    taken, longest = _taken(capable, begin, now, begin + NEAR), _longest_changeover(capable)

    def soonest(until: datetime) -> list[Offer]:
        def of_bench(item: CapableBench) -> Iterator[Offer]:
            span = _span(question, item, now, limits)
            limit = left.of(item.bench)
            found = slots(item, taken, span.start, span.end, question.wish, limit) if span else iter(())
            # A use that starts later never ends earlier: behind the first that reaches too far nothing is known.
            known = takewhile(lambda slot: slot.use.ends_at <= until - longest, found)
            return (_offer(item, slot, measured) for slot in known)

        return list(islice(heapq.merge(*map(of_bench, capable), key=_soonest_report), limit))

    # The year is read only where the next weeks don't answer: no report comes before its use ends, so what lies behind
    # them can't be sooner than a report that comes within them.
    found = soonest(begin + NEAR)
    if len(found) == limit and found[-1].report.expected_at <= begin + NEAR - longest:
        return found
    # What reaches over the border is there twice then, which changes nothing.
    for ident, later in _taken(capable, begin + NEAR, now).items():
        taken.setdefault(ident, []).extend(later)
    return soonest(END)


def _capable(question: Question) -> list[CapableBench]:
    found = capable_benches([question.test_id], question.lab_id, question.wish.company_id)
    return [item for item in found if question.resource in (None, item.bench.resource_id, item.bench.pool)]


def earliest(question: Question, now: datetime, limits: rules.Limits) -> Offer | None:
    """The offer with the earliest start; of several at once that with the soonest report."""
    capable = _capable(question)
    taken = _taken(capable, min(max(now, question.earliest or now), END), now)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})
    left = left_to(question.wish, capable, now, limits)
    found: Offer | None = None
    for item in capable:
        span = _span(question, item, now, limits)
        if span is None or (found and found.starts_at < span.start):
            continue
        last = min(span.end, found.starts_at) if found else span.end
        if slot := earliest_slot(item, taken, span.start, last, question.wish, left.of(item.bench)):
            offer = _offer(item, slot, measured)
            found = min(found or offer, offer, key=lambda each: (each.starts_at, *_soonest_report(each)))
    return found


def is_too_late(question: Question, now: datetime, limits: rules.Limits) -> bool:
    """Whether none of the starts can be booked any more, taken or not: their labs' notice has passed."""
    return not any(_span(question, item, now, limits) for item in _capable(question))


class Best(NamedTuple):
    """The earliest offer of every bench for every test, soonest report first.

    refused: by test and bench, what the lab's rules say to who asks where they alone leave nothing.
    """

    offers: list[Offer]
    refused: dict[tuple[str, str], Disallowed]


def best_of_each_bench(
    test_ids: Sequence[str],
    now: datetime,
    limits: rules.Limits,
    earliest: datetime | None = None,
    wish: Wish = ANYBODY,
) -> Best:
    """What the search page compares.

    Three statements for any number of tests and benches, and one where labs have rules about companies.
    """
    capable = capable_benches(test_ids, company_id=wish.company_id)
    taken = _taken(capable, now, now)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})
    left = left_to(wish, capable, now, limits)
    best = Best([], {})
    for item in capable:
        span = _span(Question(item.test_id, earliest, wish=wish), item, now, limits)
        if span is None:
            continue
        allowance = left.of(item.bench)
        if slot := earliest_slot(item, taken, span.start, span.end, wish, allowance):
            best.offers.append(_offer(item, slot, measured))
        elif allowance and (slot := earliest_slot(item, taken, span.start, span.end, wish)):
            refusal = allowance.refusal(slot.use.interval)
            assert refusal is not None
            best.refused[item.test_id, item.bench.resource_id] = refusal
    best.offers.sort(key=_soonest_report)
    return best


class Waiting(NamedTuple):
    """A line without a slot, by id: a test at a lab, for a company."""

    id: str
    test_id: str
    lab_id: str
    company_id: str


def in_turn(
    first: Sequence[Waiting], behind: Sequence[Sequence[Waiting]], now: datetime, limits: rules.Limits
) -> dict[str, Offer]:
    """Of every line, by id, the offer with the soonest report at its lab that the lines of its company before it leave
    free; missing where nothing is.

    first: in their turn. behind: groups of one company each, which come behind those as if no other group did.
    Two statements, and for each company one and another where its labs have rules about companies. Of those rules only
    what they say of a use and its week counts: a line is booked when it comes to that, not today.
    """
    lines = [*first, *(line for group in behind for line in group)]
    pairs = {(line.test_id, line.lab_id) for line in lines}
    capable = {company: _at_labs(company, lines) for company in sorted({line.company_id for line in lines})}
    taken = _taken([item for items in capable.values() for item in items], now, now)
    measured = reporting_times(pairs)
    giving = {company: _Giving(items, taken, measured, company, now, limits) for company, items in capable.items()}
    found = {line.id: giving[line.company_id].next(line) for line in first}
    for group in behind:
        alone = giving[group[0].company_id].copy()
        found |= {line.id: alone.next(line) for line in group}
    return {ident: offer for ident, offer in found.items() if offer}


def _at_labs(company_id: str, lines: Iterable[Waiting]) -> list[CapableBench]:
    pairs = {(line.test_id, line.lab_id) for line in lines if line.company_id == company_id}
    found = capable_benches(sorted({test_id for test_id, _ in pairs}), company_id=company_id)
    return [item for item in found if (item.test_id, item.bench.lab_id) in pairs]


class _Giving:
    """Benches while a company's lines get their time one after another."""

    def __init__(
        self,
        capable: Sequence[CapableBench],
        taken: Rows,
        measured: Measured,
        company_id: str,
        now: datetime,
        limits: rules.Limits,
    ) -> None:
        self._capable, self._measured, self._now, self._limits = capable, measured, now, limits
        self._rows, self._wish = dict(taken), Wish(company_id)
        self._left = left_to(self._wish, capable, now, limits).for_later()
        # Of each bench and test the first offer, until something that it needs is taken; from then on its start.
        self._known: dict[tuple[str, str], Offer | None] = {}
        self._since: dict[tuple[str, str], datetime] = {}

    def copy(self) -> "_Giving":
        """As far as it has come."""
        found = copy(self)
        found._rows, found._known, found._since = dict(self._rows), dict(self._known), dict(self._since)
        return found

    def next(self, line: Waiting) -> Offer | None:
        """The offer of a line, which is taken with it."""
        items = [item for item in self._capable if (item.test_id, item.bench.lab_id) == (line.test_id, line.lab_id)]
        found = [offer for item in items if (offer := self._first(item))]
        best = min(found, key=_soonest_report, default=None)
        if best:
            self._take(best)
        return best

    def _first(self, item: CapableBench) -> Offer | None:
        key = item.test_id, item.bench.resource_id
        if key not in self._known:
            # With more taken none starts sooner than before.
            span = _span(Question(item.test_id, self._since.get(key)), item, self._now, self._limits)
            self._known[key] = self._search(item, span) if span else None
        return self._known[key]

    def _search(self, item: CapableBench, span: Interval) -> Offer | None:
        limit = self._left.of(item.bench)
        slot = earliest_slot(item, self._rows, span.start, span.end, self._wish, limit)
        return _offer(item, slot, self._measured) if slot else None

    def _take(self, offer: Offer) -> None:
        bench = offer.slot.bench
        limited = self._left.of(bench) is not None
        self._left = self._left.with_use(bench, offer.slot.use.interval)
        main, touched = offer.slot.footprint[0][0], {resource_id for resource_id, _ in offer.slot.footprint}
        for resource_id, place in offer.slot.footprint:
            state = offer.capable.state_id if resource_id == main else None
            row = Taken(place, offer.slot.use.interval, state, self._wish.company_id)
            self._rows[resource_id] = [*self._rows.get(resource_id, ()), row]
        for key, known in list(self._known.items()):
            if known is None:
                continue
            if touched.intersection(known.capable.reads) or (limited and known.slot.bench.pool == bench.pool):
                self._since[key] = known.starts_at
                del self._known[key]


def nearest(
    test_id: str,
    asked: datetime,
    now: datetime,
    limits: rules.Limits,
    lab_id: str,
    count: int = NEAREST,
    wish: Wish = ANYBODY,
) -> list[Offer]:
    """The free offers nearest to a start that was lost, first at the same lab, else at any; by start. What a lab
    proposes is at that lab.

    One of a pool at a time: the same hour on the unit beside it is no other choice. Of each day at a lab one while
    there are days enough: who could not have nine o'clock and can't come at half past wants another day to choose.
    """
    capable = capable_benches([test_id], lab_id if wish.by_lab else None, wish.company_id)
    taken = _taken(capable, now, now)
    measured = reporting_times({(c.test_id, c.bench.lab_id) for c in capable})
    left = left_to(wish, capable, now, limits)
    candidates = [
        _offer(item, slot, measured)
        for item in capable
        if (bookable := _span(Question(test_id), item, now, limits))
        for slot in _around(item, taken, asked, bookable, count, wish, left.of(item.bench))
    ]
    candidates.sort(key=lambda offer: (offer.slot.bench.lab_id != lab_id, abs(offer.starts_at - asked)))
    different: dict[tuple[str, datetime], Offer] = {}
    days: dict[tuple[str, date], Offer] = {}
    for offer in candidates:
        found = different.setdefault((offer.slot.bench.pool, offer.starts_at), offer)
        days.setdefault(_day_at_lab(found), found)
    others = [offer for offer in different.values() if days[_day_at_lab(offer)] is not offer]
    return sorted([*days.values(), *others][:count], key=lambda offer: offer.starts_at)


def _day_at_lab(offer: Offer) -> tuple[str, date]:
    return offer.slot.bench.lab_id, local_date(offer.starts_at)


def _around(
    capable: CapableBench,
    rows: Rows,
    asked: datetime,
    bookable: Interval,
    count: int,
    wish: Wish,
    limit: Limit | None,
) -> list[Slot]:
    """Up to `count` slots from the asked start on, and the last `count` in the week before it; beside them the first of
    up to `count` days after the asked one, and the last of each day before.
    """
    asked = min(max(asked, bookable.start), bookable.end)
    later = list(islice(slots(capable, rows, asked, bookable.end, wish, limit), count))
    from_ = max(bookable.start, asked - LOOK_BACK)
    before = [slot for slot in slots(capable, rows, from_, asked, wish, limit) if slot.use.starts_at < asked]
    last_of_days = {local_date(slot.use.starts_at): slot for slot in before}
    first_of_days: list[Slot] = []
    while later and len(first_of_days) < count:
        known = local_date((first_of_days or later)[-1].use.starts_at)
        slot = earliest_slot(capable, rows, midnight(known + DAY), bookable.end, wish, limit)
        if slot is None:
            break
        first_of_days.append(slot)
    return [*last_of_days.values(), *before[-count:], *later, *first_of_days]


def _taken(
    capable: Sequence[CapableBench], since: datetime, now: datetime, until: datetime = END
) -> dict[str, list[Taken]]:
    """All occupancy from an instant on that counts for these benches, and what a changeover makes count still."""
    ids = {ident for item in capable for ident in item.reads}
    return queries.taken(ids, Interval(since - _longest_changeover(capable), until), now)


def _longest_changeover(capable: Sequence[CapableBench]) -> timedelta:
    return max((item.longest_changeover for item in capable), default=timedelta(0))
