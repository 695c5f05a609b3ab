"""Requests asked again in the order in which they came, through the function that makes every offer. Pure.

A house without these requests is filled with them one by one. What else is on the benches stays where it was.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.booking.availability import PlaceOf, Rows, Wish, choices, earliest_slot, starts
from app.booking.queries import Taken
from app.booking.rules import Limits, bookable_span
from app.labs.queries import CapableBench, outside_scope
from app.labs.setup import Unit
from app.worktime import Interval, ShiftPattern, WeeklyShift, WorkingCalendar, local_date, midnight

# A bench that is not there.
NEW = "+1"
LONGEST_SHIFT, SHORTEST_EVENING, MIDNIGHT = 8 * 60, 4 * 60, 24 * 60
# How far before the slot that was taken a free one is looked for first: it mostly lies near.
NEAR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Request:
    """A booking as it was asked for, and the time that it had.

    before: other uses of its samples that were over when its own began, by id, and when they ended.
    """

    id: str
    asked_at: datetime
    test_id: str
    wish: Wish
    had: Interval
    taken: tuple[PlaceOf, ...]
    before: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a request came to stand. item: by what bench; None where it was left at the time that it had."""

    request: Request
    when: Interval
    taken: tuple[PlaceOf, ...]
    item: CapableBench | None


@dataclass(frozen=True)
class House:
    """benches: of each request, by id, those that it may have. others: time taken by all else. limits: defaults."""

    benches: Mapping[str, Sequence[CapableBench]]
    others: Rows
    limits: Callable[[CapableBench], Limits]

    def changed(self, change: Callable[[CapableBench], Iterable[CapableBench]], left: Collection[str]) -> "House":
        """The same house with other benches. left: requests, by id, that stay where they were."""
        changed = {
            key: [] if key in left else [new for item in items for new in change(item)]
            for key, items in self.benches.items()
        }
        return replace(self, benches=changed)


class _Filling:
    """A house while requests come."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._rows: dict[str, list[Taken]] = {key: list(rows) for key, rows in house.others.items()}
        self._ends: dict[str, datetime] = {}

    def span(self, request: Request, item: CapableBench) -> Interval:
        """When a use may start: from the notice of its bench and the end of its samples' other uses to the horizon.

        What was booked nearer or further was allowed then.
        """
        bookable = bookable_span(request.asked_at, self._house.limits(item))
        samples = [self._ends.get(ident, ended) for ident, ended in request.before.items()]
        start = max([bookable.start, *samples])
        return Interval(min(start, request.had.start), max(bookable.end, request.had.start + timedelta.resolution))

    def rows(self, item: CapableBench, since: datetime) -> Rows:
        """What is taken after `since` of all that the test needs here."""
        since -= item.longest_changeover
        return {key: [row for row in self._rows.get(key, ()) if row.when.end > since] for key in set(item.reads)}

    def take(self, request: Request, when: Interval, taken: Sequence[PlaceOf], state_id: str | None) -> None:
        main = taken[0][0]
        for resource_id, place in taken:
            state = state_id if resource_id == main else None
            row = Taken(place, when, state, request.wish.company_id, request.wish.shielded)
            self._rows.setdefault(resource_id, []).append(row)
        self._ends[request.id] = when.end


def wishes(requests: Sequence[Request], house: House) -> dict[str, datetime]:
    """From when each can have wanted its time, by id: after the last day on which it passed over a free time; requests
    that passed over none are not in it.

    Nobody writes down when a test is wanted. That a time was free and a later one taken is what is known.
    """
    filling, found = _Filling(house), dict[str, datetime]()
    for request in requests:
        items = house.benches[request.id]
        passed = [last for item in items if (last := _last_free(request, item, filling)) is not None]
        if passed:
            found[request.id] = min(midnight(local_date(max(passed)) + timedelta(days=1)), request.had.start)
        filling.take(request, request.had, request.taken, _state(request, items))
    return found


def _last_free(request: Request, item: CapableBench, filling: _Filling) -> datetime | None:
    """An instant of the last day before its own time on which the request could have started here."""
    earliest, last = filling.span(request, item).start, request.had.start - timedelta.resolution
    rows = filling.rows(item, earliest)
    needed = choices(item, rows, request.wish)
    near = max(earliest, last - NEAR)
    for start, end in ((near, last), (earliest, near)):
        if start < end:
            free = starts(item, needed, start, end).windows()
            if free:
                return free[-1].end - timedelta.resolution
    return None


def replay(requests: Sequence[Request], house: House, wished: Mapping[str, datetime]) -> list[Placed]:
    """Each takes the earliest start that is free when it asks, but none before what it wished, on the first bench.

    One that finds none stays where it was.
    """
    filling, placed = _Filling(house), []
    for request in requests:
        found = _place(request, house.benches[request.id], filling, wished.get(request.id))
        state = found.item.state_id if found.item else _state(request, house.benches[request.id])
        filling.take(request, found.when, found.taken, state)
        placed.append(found)
    return placed


def _place(request: Request, items: Sequence[CapableBench], filling: _Filling, wished: datetime | None) -> Placed:
    best: Placed | None = None
    for item in items:
        span = filling.span(request, item)
        start = max(span.start, wished or span.start)
        # Another bench is only better where it is free earlier.
        end = best.when.start - timedelta.resolution if best else span.end
        if start > end:
            continue
        slot = earliest_slot(item, filling.rows(item, start), start, end, request.wish)
        if slot:
            best = Placed(request, slot.use.interval, slot.footprint, item)
    return best or Placed(request, request.had, request.taken, None)


def _state(request: Request, items: Iterable[CapableBench]) -> str | None:
    """The state in which the request left the bench that it had."""
    main = request.taken[0][0]
    return next((item.state_id for item in items if item.bench.resource_id == main), None)


def one_more_bench(pool: Iterable[str], beside: bool) -> Callable[[CapableBench], list[CapableBench]]:
    """A change: a unit like the first of `pool`, whose ids these are, that nothing else is tied to.

    beside: the pool is not booked itself; tests need a unit of it beside their bench.
    """
    units = list(pool)

    def bench(item: CapableBench) -> list[CapableBench]:
        if item.bench.resource_id != units[0]:
            return [item]
        new = replace(item.bench, resource_id=NEW, parts=(), against=())
        return [item, replace(item, bench=new, closed=tuple(outside_scope(item.scope, item.report_days)))]

    def companion(item: CapableBench) -> list[CapableBench]:
        return [replace(item, companions=tuple(map(longer, item.companions)))]

    def longer(those: tuple[Unit, ...]) -> tuple[Unit, ...]:
        like = next((unit for unit in those if unit.resource_id == units[0]), None)
        return (*those, Unit(NEW, like.places)) if like else those

    return companion if beside else bench


def one_more_shift(pool: Iterable[str]) -> Callable[[CapableBench], list[CapableBench]]:
    """A change: the units of `pool`, whose ids these are, work a shift longer."""
    units = frozenset(pool)

    def change(item: CapableBench) -> list[CapableBench]:
        if item.bench.resource_id not in units:
            return [item]
        return [replace(item, bench=replace(item.bench, calendar=longer_calendar(item.bench.calendar)))]

    return change


def longer_calendar(calendar: WorkingCalendar) -> WorkingCalendar:
    """The calendar with one more shift on every day of its weeks that is worked; single days keep their hours."""
    return replace(calendar, patterns=tuple(map(_longer, calendar.patterns)))


def can_work_longer(calendar: WorkingCalendar) -> bool:
    """False where it works day and night, or as long as there is light."""
    return any(_longer(pattern) != pattern for pattern in calendar.patterns)


def _longer(pattern: ShiftPattern) -> ShiftPattern:
    if pattern.continuous or pattern.daylight:
        return pattern
    more = []
    for weekday in range(7):
        mine = [shift for shift in pattern.shifts if weekday in shift.weekdays]
        if mine:
            more += _one_more(weekday, min(shift.opens for shift in mine), max(shift.closes for shift in mine))
    return replace(pattern, shifts=(*pattern.shifts, *more))


def _one_more(weekday: int, opens: int, closes: int) -> list[WeeklyShift]:
    """In the evening up to midnight; where that is too short, before the day begins. Eight hours at most."""
    day = frozenset({weekday})
    if MIDNIGHT - closes >= SHORTEST_EVENING:
        return [WeeklyShift(day, closes, min(closes + LONGEST_SHIFT, MIDNIGHT))]
    return [WeeklyShift(day, max(opens - LONGEST_SHIFT, 0), opens)] if opens else []
