"""What stands in the lanes of a bench, in columns of an axis: pure, from times and what a viewer may know.

Nothing here asks who looks: `Seen` holds only what the viewer's query gave, all else is `BUSY`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from app.booking.rules import State
from app.timeline import Axis, Cells
from app.worktime import Interval, merge, subtract


class Seen(NamedTuple):
    """Taken time of which the viewer may know whose it is: a booking, or a closure at his lab.

    company_*: None for who may not see it. proposed: time that the lab offers for a move. state_id: how the bench is
    left. changeover: no use at all, but the end of so long a change of the bench before the next one.
    """

    resource_id: str
    place: int
    when: Interval
    proposed: bool = False
    booking_id: str | None = None
    code: str | None = None
    state: State | None = None
    hold_expires_at: datetime | None = None
    test_zh: str | None = None
    test_en: str | None = None
    company_zh: str | None = None
    company_en: str | None = None
    closure: str | None = None
    closure_reason: str | None = None
    state_id: str | None = None
    changeover: timedelta | None = None


class Kind(IntEnum):
    """What a mark tells; the higher one stays where two share the only column."""

    BUSY = 1
    FREE = 2
    SEEN = 3


@dataclass(frozen=True, slots=True)
class Window:
    """Free time of one local day. day: its index on the page; starts_at: its first start on the grain.

    last_start: with a test chosen, the last start at which that test fits; `when` then holds starts.
    """

    day: int
    when: Interval
    starts_at: datetime
    last_start: datetime | None = None


Free = Callable[[Sequence[Interval]], Sequence[Window]]
"""The free time of a place that is taken in these spans."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A block in a lane. seen: what it stands for, several where they share one column."""

    kind: Kind
    when: Interval
    cells: Cells
    window: Window | None = None
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """Marks in a row that do not overlap. place: its number, where the lab looks at a shared bench."""

    marks: list[Mark]
    place: int | None = None


def with_changeovers(seen: Iterable[Seen], table: Mapping[tuple[str, str], timedelta]) -> tuple[Seen, ...]:
    """All uses of a bench, and before each the time in which its place changes over. table: as `LabSetup` has it."""
    found: list[Seen] = []
    last: dict[int, Seen] = {}
    ended: dict[int, datetime] = {}
    for item in sorted(seen, key=lambda each: each.when):
        before = last.get(item.place)
        if before is not None and item.state_id and not item.proposed:
            length = table.get((before.state_id or "", item.state_id), timedelta(0))
            starts_at = max(ended[item.place], item.when.start - length)
            if starts_at < item.when.start:
                gap = Interval(starts_at, item.when.start)
                found.append(Seen(item.resource_id, item.place, gap, changeover=length))
        found.append(item)
        if item.state_id and not item.proposed:
            last[item.place] = item
        ended[item.place] = max(item.when.end, ended.get(item.place, item.when.end))
    return tuple(found)


def by_day(spans: Iterable[Interval], days: Sequence[Interval]) -> Iterator[tuple[int, Interval]]:
    """The spans cut at midnight, each with the index of its day. spans, days: sorted; days without gaps."""
    index = 0
    for span in spans:
        while index < len(days) and days[index].end <= span.start:
            index += 1
        at = index
        while at < len(days) and days[at].start < span.end:
            yield at, Interval(max(span.start, days[at].start), min(span.end, days[at].end))
            at += 1


def single(axis: Axis, busy: Sequence[Interval], seen: Sequence[Seen], windows: Sequence[Window]) -> list[Lane]:
    """A bench of one place: what the viewer knows, and grey for the rest of the taken time."""
    others = subtract(busy, [item.when for item in seen])
    return [Lane(_arranged(_busy(axis, others) + _free(axis, windows) + _seen(axis, seen)))]


def shared(axis: Axis, busy: Sequence[Interval], seen: Sequence[Seen], windows: Sequence[Window]) -> list[Lane]:
    """A bench of several places as a company sees it: grey while no place is left; own uses in lanes below."""
    first = Lane(_arranged(_busy(axis, busy) + _free(axis, windows)))
    return [first] + [Lane(_arranged(_seen(axis, lane))) for lane in _side_by_side(seen)]


def places(axis: Axis, count: int, seen: Sequence[Seen], free: Free) -> list[Lane]:
    """A shared bench as its lab sees it: a lane for each place, up to the first that is not used at all."""
    used = max((item.place for item in seen), default=0)
    found = []
    for place in range(1, min(count, used + 1) + 1):
        uses = [item for item in seen if item.place == place]
        windows = free([item.when for item in uses])
        found.append(Lane(_arranged(_free(axis, windows) + _seen(axis, uses)), place))
    return found


def _busy(axis: Axis, spans: Iterable[Interval]) -> list[Mark]:
    return [Mark(Kind.BUSY, span, cells) for span in merge(spans) if (cells := axis.span(span.start, span.end))]


def _free(axis: Axis, windows: Iterable[Window]) -> list[Mark]:
    return [
        Mark(Kind.FREE, window.when, cells, window)
        for window in windows
        if (cells := axis.span(window.when.start, window.when.end))
    ]


def _seen(axis: Axis, seen: Iterable[Seen]) -> list[Mark]:
    return [
        Mark(Kind.SEEN, item.when, cells, seen=(item,))
        for item in seen
        if (cells := axis.span(item.when.start, item.when.end))
    ]


def _side_by_side(seen: Iterable[Seen]) -> list[list[Seen]]:
    """Uses that overlap in different lanes, as few as possible."""
    lanes: list[list[Seen]] = []
    for item in sorted(seen, key=lambda each: each.when):
        lane = next((lane for lane in lanes if lane[-1].when.end <= item.when.start), None)
        if lane is None:
            lanes.append([item])
        else:
            lane.append(item)
    return lanes


def _arranged(marks: Iterable[Mark]) -> list[Mark]:
    """In order and without overlap: what is shorter than a column still has one, so a neighbour gives way."""
    placed: list[Mark] = []
    for mark in sorted(marks, key=lambda each: each.when):
        taken = sum(placed[-1].cells) if placed else 1
        first, count = mark.cells
        if first >= taken:
            placed.append(mark)
        elif first + count > taken:
            placed.append(replace(mark, cells=Cells(taken, first + count - taken)))
        else:
            placed[-1:] = _pressed(placed[-1], mark)
    return placed


def _pressed(first: Mark, second: Mark) -> list[Mark]:
    """Two marks where only columns of the first are left for the second."""
    if first.cells.s > 1 and second.kind > Kind.BUSY:
        column, count = first.cells
        return [replace(first, cells=Cells(column, count - 1)), replace(second, cells=Cells(column + count - 1, 1))]
    if first.kind != second.kind:
        return [replace(max(first, second, key=lambda mark: mark.kind), cells=first.cells)]
    if first.kind is Kind.FREE:
        return [first]
    return [replace(first, when=Interval(first.when.start, second.when.end), seen=first.seen + second.seen)]
