"""Availability = working calendar − occupancy: one function for page, API, move and plan.

It reads no booking, so another company's view cannot leak: what it works on says only that a place is taken.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.booking import rules
from app.booking.queries import Taken
from app.labs.queries import Bench, CapableBench
from app.worktime import Interval, Use, clip, earliest, lay, merge, starts, subtract


@dataclass(frozen=True, slots=True)
class Availability:
    """Three answers for a span, each sorted and merged: open hours, no place left, and both right to book."""

    working: list[Interval]
    busy: list[Interval]
    free: list[Interval]


@dataclass(frozen=True, slots=True)
class Slot:
    """A use on one place of a bench."""

    bench: Bench
    place: int
    use: Use


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


def availability(bench: Bench, span: Interval, taken: Iterable[Taken], bookable: Interval) -> Availability:
    """What a calendar of the bench shows. bookable: from the notice to the horizon."""
    working = clip(bench.calendar.windows(span), span)
    busy = clip(all_taken(busy_places(taken, bench.places)), span)
    free = clip(subtract(working, busy), bookable) if bookable.overlaps(span) else []
    return Availability(working, busy, free)


def slots(capable: CapableBench, taken: Iterable[Taken], not_before: datetime, not_after: datetime) -> Iterator[Slot]:
    """Every bookable slot with a start in [not_before, not_after], by start, on the lowest place that fits."""
    bench = capable.bench
    by_place = busy_places(taken, bench.places)
    if bench.places == 1:
        for use in starts(capable.need, bench.calendar, bench.grain, by_place[0], not_before, not_after):
            yield Slot(bench, 1, use)
        return
    cursor = not_before
    while (slot := _earliest_slot(capable, by_place, cursor, not_after)) is not None:
        yield slot
        following = bench.calendar.next_start(slot.use.starts_at + bench.grain / 2, bench.grain)
        if following is None:
            return
        cursor = following


def earliest_slot(
    capable: CapableBench, taken: Iterable[Taken], not_before: datetime, not_after: datetime
) -> Slot | None:
    """The first of `slots`, found by walking the gaps."""
    return _earliest_slot(capable, busy_places(taken, capable.bench.places), not_before, not_after)


def _earliest_slot(
    capable: CapableBench, by_place: Sequence[Sequence[Interval]], not_before: datetime, not_after: datetime
) -> Slot | None:
    best: Slot | None = None
    for place, busy in enumerate(by_place, start=1):
        last = best.use.starts_at if best else not_after
        use = earliest(capable.need, capable.bench.calendar, capable.bench.grain, busy, not_before, last)
        if use is not None and (best is None or use.starts_at < best.use.starts_at):
            best = Slot(capable.bench, place, use)
        if not busy:
            break  # an empty place can't be beaten, and later places only tie
    return best


def use_at(capable: CapableBench, starts_at: datetime) -> Use:
    """The use that a start on this bench gives. Raises OutsideWorkingTime, OffGrain or NeverFits."""
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
    return use
