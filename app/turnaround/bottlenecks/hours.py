"""How the open hours of benches were spent: of a lab by pool, of all labs together by kind of bench."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from app.capacity.utilisation.rules import NOTHING
from app.turnaround import rules
from app.turnaround.asking import MONTHS
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.kept import read
from app.turnaround.bottlenecks.months import Cell, finished
from app.turnaround.bottlenecks.spent import Spent, added

Item = TypeVar("Item")
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
    """The rows, the tightest first, and hours lost by cause of all of them together. as_of: of the oldest month that
    the nightly table gave, None where none was.
    """

    rows: Sequence[Row]
    lost: Sequence[tuple[str, timedelta]]
    as_of: datetime | None


@dataclass
class _Told:
    """What is added up of one kind or cause: in each block of months whose lines, and which labs."""

    labs: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    lines: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def enough(self) -> bool:
        """Whether there are lines enough in every block that has any: two periods differ by whole blocks."""
        return all(rules.enough(len(lines), len(set(lines.values()))) for lines in self.lines.values())

    def several_labs(self) -> bool:
        return all(len(labs) >= LEAST_LABS for labs in self.labs.values())


def blocks(count: int, now: datetime) -> dict[str, int]:
    """The number of the block that each month of the period is in: it is cut where a shorter period begins."""
    periods = [finished(months, now).months() for months in MONTHS if months <= count]
    return {month: number for number, months in reversed(list(enumerate(periods))) for month in months}


def by_pool(lab_ids: Collection[str], count: int, now: datetime) -> Told:
    """Pools of these labs, for those who may see everything of them."""
    kept = read(lab_ids, finished(count, now), now)
    labs = {lab.id: lab for lab in queries.labs(lab_ids)}
    cells = _grouped(kept.cells, lambda cell: cell.pool)
    rows = []
    for pool, units in _grouped(queries.resources(labs.keys()), lambda unit: unit.pool).items():
        first, lab = units[0], labs[units[0].lab_id]
        of_lab = lab.id, lab.name_zh, lab.name_en
        rows.append(Row(pool, *queries.pool_names(first), *of_lab, len(units), _all(cells[pool])))
    lost = added(*(row.spent.lost for row in rows if row.spent))
    return Told(_tightest_first(rows), _costliest_first(lost), kept.as_of)


def by_kind(count: int, now: datetime) -> Told:
    """Kinds of benches of all labs, for coordinators: cells of five lines of three companies, causes of three labs."""
    block = blocks(count, now)
    labs = [lab.id for lab in queries.labs(None)]
    kept = read(labs, finished(count, now), now)
    cells = _grouped(kept.cells, lambda cell: cell.kind_id)
    rows, causes = [], defaultdict[str, _Told](_Told)
    for kind_id, units in _grouped(queries.resources(labs), lambda unit: unit.kind_id).items():
        kind, told = units[0].kind, _Told()
        for cell in cells[kind_id]:
            if cell.lines:
                told.lines[block[cell.month]].update(cell.lines)
            for cause in cell.spent.lost:
                causes[cause].labs[block[cell.month]].add(cell.lab_id)
        spent = _without_losses(_all(cells[kind_id])) if told.enough() else None
        rows.append(Row(kind_id, kind.name_zh, kind.name_en, "", "", "", len(units), spent))
    lost = _all(kept.cells).lost
    lost = {cause: length for cause, length in lost.items() if causes[cause].several_labs()}
    return Told(_tightest_first(rows), _costliest_first(lost), kept.as_of)


def _all(cells: Iterable[Cell]) -> Spent:
    """All of these together."""
    return sum((cell.spent for cell in cells), Spent())


def _without_losses(spent: Spent) -> Spent:
    """Of a kind that one lab alone has, what was lost would be that lab's."""
    hours = replace(spent.hours, lost=NOTHING)
    return replace(spent, hours=hours, free=spent.free + spent.lost_all, lost={})


def _grouped(items: Iterable[Item], key: Callable[[Item], str]) -> Mapping[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _costliest_first(lost: Mapping[str, timedelta]) -> list[tuple[str, timedelta]]:
    return sorted(lost.items(), key=lambda item: -item[1])


def _tightest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.share is None, -(row.share or 0), row.key))
