"""Availability = working calendar − occupancy: one function for page, API, move and plan.

It reads no booking, so another company's view cannot leak: what it works on says only that a place is taken. What
a use needs is a list of choices, of each of which one has to be free: a place of the bench, all parts of a whole, a
unit of every companion pool, and time in which nothing speaks against it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.booking import rules
from app.booking.queries import Taken
from app.labs.queries import Bench, CapableBench
from app.labs.setup import Unit
from app.worktime import Interval, Limit, Starts, Use, clip, lay, merge, subtract

Rows = Mapping[str, Sequence[Taken]]
"""Taken time by resource."""
PlaceOf = tuple[str, int]
"""A resource and one of its places."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Three answers for a span, each sorted and merged: open hours, no place left, and both right to book."""

    working: list[Interval]
    busy: list[Interval]
    free: list[Interval]


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks, and what more: the whole of a shared resource; to be out of other companies' sight.

    instead_of: the own booking that would move. by_lab: the lab proposes it; its rules bind companies, not itself.
    """

    company_id: str | None = None
    exclusive: bool = False
    shielded: bool = False
    instead_of: str | None = None
    by_lab: bool = False


ANYBODY = Wish()


@dataclass(frozen=True, slots=True)
class Slot:
    """A use on one place of a bench. footprint: all that is taken, that place first."""

    bench: Bench
    place: int
    use: Use
    footprint: tuple[PlaceOf, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One of a choice: what it takes, and when that is not free."""

    takes: tuple[PlaceOf, ...]
    busy: list[Interval]

    def is_free(self, use: Use) -> bool:
        return not any(span.overlaps(use.interval) for span in self.busy)


def busy_places(taken: Iterable[Taken], places: int) -> list[list[Interval]]:
    """Merged taken time of each place, 1…n at index 0…n-1."""
    by_place: list[list[Interval]] = [[] for _ in range(places)]
    for row in taken:
        if row.place <= places:
            by_place[row.place - 1].append(row.when)
    return [merge(spans) for spans in by_place]


def all_taken(by_place: Sequence[Sequence[Interval]]) -> list[Interval]:
    """Time in which no place is left: what others see as busy."""
    common = list(by_place[0])
    for spans in by_place[1:]:
        common = [Interval(max(a.start, b.start), min(a.end, b.end)) for a in common for b in spans if a.overlaps(b)]
    return merge(common)


def availability(bench: Bench, span: Interval, rows: Rows, bookable: Interval, wish: Wish = ANYBODY) -> Availability:
    """What a calendar of the bench shows. rows: of all that the bench `reads`. bookable: from notice to horizon."""
    working = clip(bench.calendar.windows(span), span)
    busy = clip(busy_time(bench, rows, wish), span)
    free = clip(subtract(working, busy), bookable) if bookable.overlaps(span) else []
    return Availability(working, busy, free)


def busy_time(bench: Bench, rows: Rows, wish: Wish = ANYBODY) -> list[Interval]:
    """Time in which the bench can't be had, whatever the test."""
    own = rows.get(bench.resource_id, ())
    places = [merge(row.when for row in own)] if bench.parts else busy_places(own, bench.places)
    return merge([*all_taken(places), *_parts_taken(bench, rows), *_against(bench, rows, wish)])


def choices(capable: CapableBench, rows: Rows, wish: Wish = ANYBODY) -> list[list[Option]]:
    """What a use of the test here needs: of each choice one has to be free. The bench's own places come first."""
    bench = capable.bench
    needed = [_places(capable, rows, wish)]
    against = merge([*capable.closed, *_against(bench, rows, wish)])
    if against:
        needed.append([Option((), against)])
    for pool in capable.companions:
        needed.append([option for unit in pool for option in _unit(unit, capable.parts_of(unit), rows)])
    return needed


def _unit(unit: Unit, parts: Sequence[Unit], rows: Rows) -> list[Option]:
    """The ways to take a unit that the test needs too: one of its places, or with its parts all of it."""
    if parts:
        every = [(each.resource_id, place) for each in (unit, *parts) for place in range(1, each.places + 1)]
        return [
            Option(tuple(every), merge(row.when for each in (unit, *parts) for row in rows.get(each.resource_id, ())))
        ]
    by_place = busy_places(rows.get(unit.resource_id, ()), unit.places)
    return [Option(((unit.resource_id, place),), busy) for place, busy in enumerate(by_place, 1)]


def _places(capable: CapableBench, rows: Rows, wish: Wish) -> list[Option]:
    bench = capable.bench
    own = [_with_changeover(capable, row) for row in rows.get(bench.resource_id, ())]
    by_place = busy_places(own, bench.places)
    each = [(bench.resource_id, place) for place in range(1, bench.places + 1)]
    if not bench.parts and not wish.exclusive:
        return [Option((place,), busy) for place, busy in zip(each, by_place, strict=True)]
    parts = [(part.resource_id, place) for part in bench.parts for place in range(1, part.places + 1)]
    together = merge([*(span for busy in by_place for span in busy), *_parts_taken(bench, rows)])
    return [Option((*each, *parts), together)]


def _parts_taken(bench: Bench, rows: Rows) -> list[Interval]:
    return [row.when for part in bench.parts for row in rows.get(part.resource_id, ())]


def _against(bench: Bench, rows: Rows, wish: Wish) -> list[Interval]:
    """Time taken on surfaces that are not used together with this one."""
    return [
        row.when
        for other in bench.against
        for row in rows.get(other.resource_id, ())
        if not other.rivals_only or _in_sight(row, wish)
    ]


def _in_sight(row: Taken, wish: Wish) -> bool:
    """Whether a use beside it would be seen by, or see, a rival who asked not to be seen."""
    return row.company_id is not None and row.company_id != wish.company_id and (row.shielded or wish.shielded)


def _with_changeover(capable: CapableBench, row: Taken) -> Taken:
    """The taken time with what must lie between it and this test, before and after."""
    if capable.state_id is None or row.state_id is None:
        return row
    before = capable.changeover(capable.state_id, row.state_id)
    after = capable.changeover(row.state_id, capable.state_id)
    return row._replace(when=Interval(row.when.start - before, row.when.end + after))


def starts(
    capable: CapableBench,
    needed: Sequence[Sequence[Option]],
    not_before: datetime,
    not_after: datetime,
    limit: Limit | None = None,
) -> Starts:
    """The starts in [not_before, not_after] of uses that find one free of each choice. needed: see `choices`."""
    busy = [[option.busy for option in choice] for choice in needed]
    return Starts(capable.need, capable.bench.calendar, capable.bench.grain, busy, not_before, not_after, limit)


def slots(
    capable: CapableBench,
    rows: Rows,
    not_before: datetime,
    not_after: datetime,
    wish: Wish = ANYBODY,
    limit: Limit | None = None,
) -> Iterator[Slot]:
    """Every bookable slot with a start in [not_before, not_after], by start, on the lowest place that fits.

    limit: what the lab's rules leave who asks.
    """
    needed = choices(capable, rows, wish)
    for use in starts(capable, needed, not_before, not_after, limit):
        yield _slot(capable, use, needed)


def earliest_slot(
    capable: CapableBench,
    rows: Rows,
    not_before: datetime,
    not_after: datetime,
    wish: Wish = ANYBODY,
    limit: Limit | None = None,
) -> Slot | None:
    """The first of `slots`, found by walking the gaps."""
    needed = choices(capable, rows, wish)
    use = starts(capable, needed, not_before, not_after, limit).earliest()
    return _slot(capable, use, needed) if use else None


def slot_for(capable: CapableBench, use: Use, rows: Rows, wish: Wish = ANYBODY) -> Slot | None:
    """The slot that gives the use here; None where something that it needs is not free."""
    needed = choices(capable, rows, wish)
    free = all(any(option.is_free(use) for option in choice) for choice in needed)
    return _slot(capable, use, needed) if free else None


def _slot(capable: CapableBench, use: Use, needed: Sequence[Sequence[Option]]) -> Slot:
    """The use on the first free option of each choice."""
    chosen = [next(option for option in choice if option.is_free(use)) for choice in needed]
    footprint = tuple(place for option in chosen for place in option.takes)
    return Slot(capable.bench, footprint[0][1], use, footprint)


def use_at(capable: CapableBench, starts_at: datetime) -> Use:
    """The use that a start on this bench gives. Raises OutsideWorkingTime, OffGrain, NeverFits or OutOfScope."""
    bench = capable.bench
    if not bench.calendar.is_on_grain(starts_at, bench.grain):
        closed = bench.calendar.closed_reason(starts_at)
        if closed is not None:
            raise rules.OutsideWorkingTime(closed)
        nearest = bench.calendar.next_start(starts_at, bench.grain)
        raise rules.OffGrain(grain=bench.grain, nearest=nearest)
    use = lay(starts_at, capable.need, bench.calendar)
    if use is None:
        raise rules.NeverFits()
    rules.check_scope(use.interval, capable.scope, capable.report_days)
    return use
