"""The months of a bench as its administrator sees them: when it is open, and why it is not."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.labs.capacity import LabDay, LabShiftPattern
from app.labs.models import Resource
from app.worktime import Day, DayKind, Interval, WorkingCalendar, day, local_day, merge

MONTHS = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A date. open: its windows in UTC; own: the lab's own entry for it."""

    date: date
    info: Day
    open: list[Interval]
    own: LabDay | None

    @property
    def holiday(self) -> bool:
        return self.info.kind is DayKind.HOLIDAY

    @property
    def make_up(self) -> bool:
        return self.info.kind is DayKind.MAKE_UP


@dataclass(frozen=True, slots=True)
class Month:
    """A month by weeks, Monday first; None before its first and behind its last day."""

    first: date
    weeks: list[list[Cell | None]]

    @property
    def provisional(self) -> bool:
        """Whether the holidays of the year are not published yet."""
        return day(self.first).provisional


def months(first: date, count: int, calendar: WorkingCalendar, own: Sequence[LabDay]) -> list[Month]:
    """So many months from that of `first`. own: entries for the bench and the lab, the bench's own first."""
    by_date: dict[date, LabDay] = {}
    for entry in own:
        by_date.setdefault(entry.date, entry)
    found: list[Month] = []
    begin = first.replace(day=1)
    for _ in range(count):
        found.append(_month(begin, calendar, by_date))
        begin = (begin + timedelta(days=31)).replace(day=1)
    return found


def _month(first: date, calendar: WorkingCalendar, own: dict[date, LabDay]) -> Month:
    _, length = monthrange(first.year, first.month)
    cells: list[Cell | None] = [None] * first.weekday()
    for number in range(length):
        on = first + timedelta(days=number)
        cells.append(Cell(on, day(on), merge(calendar.day_windows(on)), own.get(on)))
    cells += [None] * (-len(cells) % 7)
    return Month(first, [cells[n : n + 7] for n in range(0, len(cells), 7)])


def source_of(resource: Resource, patterns: Sequence[LabShiftPattern], on: date) -> LabShiftPattern | None:
    """The pattern that holds for the bench on a date: its own, else the lab's; None: the catalogue's."""

    def holds(row: LabShiftPattern) -> bool:
        return (row.valid_from is None or row.valid_from <= on) and (row.valid_until is None or on <= row.valid_until)

    own = [row for row in patterns if row.resource_id == resource.id and holds(row)]
    lab = [row for row in patterns if row.resource_id is None and row.replaces in ("", resource.shifts) and holds(row)]
    return next(iter([*own, *lab]), None)


def hours_of(cell: Cell) -> list[tuple[str, str]]:
    """The open hours of a date on the wall clock, ("08:30", "24:00")."""
    start = local_day(cell.date).start

    def clock(at: datetime) -> str:
        minutes = int((at - start).total_seconds() // 60)
        return f"{minutes // 60:02}:{minutes % 60:02}"

    return [(clock(window.start), clock(window.end)) for window in cell.open]


def month_asked(text: str, today: date) -> date:
    """The first day of `YYYY-MM`; of this month for anything else."""
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return asked if 2001 <= asked.year < 2100 else today.replace(day=1)


def day_asked(text: str) -> date | None:
    """A date of an address; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
