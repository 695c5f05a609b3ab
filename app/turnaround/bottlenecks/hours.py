"""How the open hours of benches were spent: of a lab by pool, of all labs together by kind of bench."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.booking.settings import limits
from app.capacity.utilisation import queries as utilisation
from app.capacity.utilisation.rules import NOTHING, Loss, Use
from app.labs.models import Resource
from app.labs.queries import Bench, benches
from app.turnaround import rules
from app.turnaround.asking import MONTHS
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.spent import Spent, added, spent
from app.turnaround.rules import Period
from app.worktime import Interval, WorkingCalendar, clip

# Below so many labs what was lost, and why, would be told of one of them.
LEAST_LABS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A pool of a lab, or a kind of bench of all labs. key: its id; spent: None where it may not be told."""

    key: str
    name_zh: str
    name_en: str
    lab_id: str
    lab_zh: str
    lab_en: str
    units: int
    spent: Spent | None

    @property
    def share(self) -> int | None:
        """Whole per cent of the open time that was booked; of a pool, of what was not closed."""
        return self.spent.full_share if self.spent else None


@dataclass(frozen=True, slots=True)
class Told:
    """The rows, the tightest first, and hours lost by cause of all of them together."""

    rows: Sequence[Row]
    lost: Sequence[tuple[str, timedelta]]


@dataclass
class _Cell:
    """What is added up of one kind or cause: in each block of months whose lines, and which labs."""

    labs: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    lines: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def enough(self) -> bool:
        """Whether there are lines enough in every block that has any: two periods differ by whole blocks."""
        return all(rules.enough(len(lines), len(set(lines.values()))) for lines in self.lines.values())

    def several_labs(self) -> bool:
        return all(len(labs) >= LEAST_LABS for labs in self.labs.values())


def finished(count: int, now: datetime) -> Period:
    """The last `count` months that are over: what is told of them no longer grows by single lines."""
    this = rules.last_months(1, now).first
    return Period(rules.last_months(count + 1, now).first, this - timedelta(days=1))


def blocks(count: int, now: datetime) -> list[Interval]:
    """The months asked for, cut where a shorter period begins, newest first."""
    spans = [finished(months, now).span for months in MONTHS if months <= count]
    starts = [span.start for span in spans]
    ends = [spans[0].end, *starts[:-1]]
    return [Interval(start, end) for start, end in zip(starts, ends, strict=True)]


def by_pool(lab_ids: Collection[str], count: int, now: datetime) -> Told:
    """Pools of these labs, for those who may see everything of them."""
    span = finished(count, now).span
    labs = {lab.id: lab for lab in queries.labs(lab_ids)}
    house = _House.of(labs, span, now)
    rows = []
    for units in _grouped(house.resources, lambda unit: unit.pool).values():
        first, lab = units[0], labs[units[0].lab_id]
        suffix = f" {first.unit}#" if first.unit else ""
        names = first.name_zh.removesuffix(suffix), first.name_en.removesuffix(suffix)
        found = house.spent(units)
        of_lab = lab.id, lab.name_zh, lab.name_en
        rows.append(Row(first.pool, *names, *of_lab, len(units), found))
    lost = added(*(row.spent.lost for row in rows if row.spent))
    return Told(_tightest_first(rows), _costliest_first(lost))


def by_kind(count: int, now: datetime) -> Told:
    """Kinds of benches of all labs, for coordinators: cells of five lines of three companies, causes of three labs."""
    parts = blocks(count, now)
    span = Interval(parts[-1].start, parts[0].end)
    labs = {lab.id: lab for lab in queries.labs(None)}
    house = _House.of(labs, span, now)
    rows, lost, causes = [], dict[str, timedelta](), defaultdict[str, _Cell](_Cell)
    for units in _grouped(house.resources, lambda unit: unit.kind_id).values():
        kind, cell = units[0].kind, _Cell()
        for unit in units:
            for number, part in enumerate(parts):
                cell.lines[number].update(_lines(house.uses.get(unit.id, ()), part))
                for cause in {loss.cause for loss in house.losses.get(unit.id, ()) if loss.when.overlaps(part)}:
                    causes[cause].labs[number].add(unit.lab_id)
        cell.lines = {number: lines for number, lines in cell.lines.items() if lines}
        found = house.spent(units)
        lost = added(lost, found.lost)
        told = _without_losses(found) if cell.enough() else None
        rows.append(Row(kind.id, kind.name_zh, kind.name_en, "", "", "", len(units), told))
    lost = {cause: length for cause, length in lost.items() if causes[cause].several_labs()}
    return Told(_tightest_first(rows), _costliest_first(lost))


def _without_losses(spent: Spent) -> Spent:
    """Of a kind that one lab alone has, what was lost would be that lab's."""
    hours = replace(spent.hours, lost=NOTHING)
    return replace(spent, hours=hours, free=spent.free + spent.lost_all, lost={})


def _lines(uses: Iterable[Use], part: Interval) -> dict[str, str]:
    """The lines that had the bench in this time, with their companies."""
    return {use.line_id: use.company_id for use in uses if use.booked.overlaps(part)}


def _grouped(resources: Iterable[Resource], key: Callable[[Resource], str]) -> Mapping[str, list[Resource]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        found[key(resource)].append(resource)
    return found


def _costliest_first(lost: Mapping[str, timedelta]) -> list[tuple[str, timedelta]]:
    return sorted(lost.items(), key=lambda item: -item[1])


def _tightest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.share is None, -(row.share or 0), row.key))


@dataclass(frozen=True)
class _House:
    """What is known of all benches of some labs over a span."""

    span: Interval
    resources: Sequence[Resource]
    benches: Mapping[str, Bench]
    uses: Mapping[str, Sequence[Use]]
    losses: Mapping[str, Sequence[Loss]]
    windows: dict[WorkingCalendar, list[Interval]] = field(default_factory=dict)

    @classmethod
    def of(cls, lab_ids: Collection[str], span: Interval, now: datetime) -> "_House":
        known = {bench.resource_id: bench for bench in benches() if bench.lab_id in lab_ids}
        return cls(
            span,
            [resource for resource in queries.resources(lab_ids) if resource.id in known],
            known,
            utilisation.uses(lab_ids, span, now),
            queries.losses(lab_ids, span, known, limits()),
        )

    def spent(self, units: Iterable[Resource]) -> Spent:
        """All of these together."""
        return sum((self._bench(self.benches[unit.id]) for unit in units), Spent())

    def _bench(self, bench: Bench) -> Spent:
        # Many benches share a calendar.
        if bench.calendar not in self.windows:
            self.windows[bench.calendar] = clip(bench.calendar.windows(self.span), self.span)
        uses, losses = self.uses.get(bench.resource_id, ()), self.losses.get(bench.resource_id, ())
        return spent(self.span, self.windows[bench.calendar], bench.places, uses, losses)
