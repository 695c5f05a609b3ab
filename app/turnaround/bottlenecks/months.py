"""How the benches of labs spent each month, reckoned from bookings, runs and closures; pages add months up."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from app.booking.settings import limits
from app.capacity.utilisation import queries as utilisation
from app.capacity.utilisation.rules import Loss, Use
from app.labs.models import Resource
from app.labs.queries import Bench, benches
from app.turnaround import rules
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.spent import Spent, spent
from app.turnaround.rules import Period, days_of_month
from app.worktime import Interval, WorkingCalendar, clip

# So long after its booked time a run that takes longer is looked for in the months that follow.
REACH = timedelta(days=31)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Cell:
    """How the units of one kind in a pool spent a month `2026-11`.

    lines: of those that had one of them booked, with their companies, as many as `few` keeps.
    """

    month: str
    lab_id: str
    pool: str
    kind_id: str
    spent: Spent
    lines: Mapping[str, str]


class Facts(NamedTuple):
    """What is known of a bench in a span, as `spent` takes it."""

    span: Interval
    windows: Sequence[Interval]
    places: int
    uses: Sequence[Use]
    losses: Sequence[Loss]


class Reading:
    """What was on the benches of labs in each of some months; seven statements, and one for each company with days of
    its own.
    """

    def __init__(self, lab_ids: Collection[str], period: Period, now: datetime) -> None:
        span, self.months = period.span, period.months()
        house = {bench.resource_id: bench for bench in benches() if bench.lab_id in lab_ids}
        parts = [days_of_month(month).span for month in self.months]
        self._house, self._parts = house, parts
        self._used = _by_month(
            utilisation.uses(lab_ids, Interval(span.start - REACH, span.end), now), parts, _when_used
        )
        self._lost = _by_month(queries.losses(lab_ids, span, house, limits()), parts, lambda loss: loss.when)
        self._windows = _Windows(parts)
        self.alike = list(_alike(queries.resources(lab_ids), house).values())

    def of(self, resource_id: str, number: int) -> Facts:
        """In the month of this number. resource_id: of one of `alike`."""
        bench, part = self._house[resource_id], self._parts[number]
        uses, losses = self._used[resource_id, number], self._lost[resource_id, number]
        return Facts(part, self._windows.of(bench, number), bench.places, uses, losses)


def cells(lab_ids: Collection[str], period: Period, now: datetime) -> Iterator[Cell]:
    """All cells of these labs in whole months."""
    if not lab_ids:
        return
    reading = Reading(lab_ids, period, now)
    for units in reading.alike:
        first = units[0]
        for number, month in enumerate(reading.months):
            facts = [reading.of(unit.id, number) for unit in units]
            lines = few(_lines((each.uses for each in facts), facts[0].span))
            each = sum((spent(*each) for each in facts), Spent())
            yield Cell(month, first.lab_id, first.pool, first.kind_id, each, lines)


def finished(count: int, now: datetime) -> Period:
    """The last `count` months that are over: what is told of them no longer grows by single lines."""
    this = rules.last_months(1, now).first
    return Period(rules.last_months(count + 1, now).first, this - timedelta(days=1))


def few(lines: Mapping[str, str]) -> dict[str, str]:
    """Of lines with their companies as many as are needed to tell of any set that holds these whether it is enough.

    Where they are enough by themselves, some that are; else of each company no more than the least number. What is left
    out is of a company that has this number here, so no union lacks a line or a company that it needs.
    """
    kept: dict[str, str] = {}
    count: dict[str, int] = defaultdict(int)
    for line, company in sorted(lines.items()):
        if count[company] < rules.LEAST_LINES:
            kept[line] = company
            count[company] += 1
    if not rules.enough(len(kept), len(count)):
        return kept
    firsts = {company: line for line, company in reversed(kept.items())}
    chosen = [firsts[company] for company in sorted(firsts)[: rules.LEAST_COMPANIES]]
    chosen += [line for line in kept if line not in chosen][: rules.LEAST_LINES - len(chosen)]
    return {line: kept[line] for line in chosen}


def _alike(resources: Iterable[Resource], known: Mapping[str, Bench]) -> Mapping[tuple[str, str], list[Resource]]:
    found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for resource in resources:
        if resource.id in known:
            found[resource.pool, resource.kind_id].append(resource)
    return found


def _lines(uses: Iterable[Iterable[Use]], part: Interval) -> dict[str, str]:
    """The lines that had a bench booked in this time."""
    return {use.line_id: use.company_id for each in uses for use in each if use.booked.overlaps(part)}


def _when_used(use: Use) -> Interval:
    """From its booked start to its end, however late it is."""
    end = min(use.used.end, use.booked.end + REACH) if use.used else use.booked.end
    return Interval(use.booked.start, max(use.booked.end, end))


def _by_month(
    given: Mapping[str, Iterable[Item]], parts: Sequence[Interval], when: Callable[[Item], Interval]
) -> Mapping[tuple[str, int], list[Item]]:
    """By resource and number of the month, everything that meets it."""
    starts, ends = [part.start for part in parts], [part.end for part in parts]
    found: dict[tuple[str, int], list[Item]] = defaultdict(list)
    for resource_id, items in given.items():
        for item in items:
            span = when(item)
            for number in range(bisect_right(ends, span.start), bisect_left(starts, span.end)):
                found[resource_id, number].append(item)
    return found


class _Windows:
    """Working windows by month; many benches share a calendar."""

    def __init__(self, parts: Sequence[Interval]) -> None:
        self._parts = parts
        self._known: dict[tuple[WorkingCalendar, int], list[Interval]] = {}

    def of(self, bench: Bench, number: int) -> list[Interval]:
        key = bench.calendar, number
        if key not in self._known:
            part = self._parts[number]
            self._known[key] = clip(bench.calendar.windows(part), part)
        return self._known[key]
