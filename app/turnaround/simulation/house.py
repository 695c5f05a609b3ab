"""What is simulated: labs with their benches and writers of reports, and the tests that each bench can run."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate
from random import Random

from app.turnaround.simulation.agenda import Agenda
from app.turnaround.simulation.openings import NEVER, Openings, Task
from app.worktime import PATTERNS, WorkingCalendar

DAY = 1440
# Requests before and after the year that is counted: it begins with full benches and does not end with empty ones.
WARM_UP, YEAR, COOL_DOWN = 90, 365, 30
# What was asked late in the year still has to be tested and reported.
RUN_OUT = 420
DAYS = WARM_UP + YEAR + COOL_DOWN + RUN_OUT
COUNTED = (WARM_UP * DAY, (WARM_UP + YEAR) * DAY)
# A lab's day of writing reports: the length of the catalogue's day shift.
OFFICE = WorkingCalendar((PATTERNS["day"],), None, None)
OFFICE_DAY = 540
# How far ahead the benches are full while their capacity is reckoned.
QUEUE = 30 * DAY
MOST_UNITS = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Alike places of one lab: same calendar, grain and tests. units: their numbers in the house."""

    lab: int
    openings: int
    grain: int
    units: Sequence[int]


@dataclass(frozen=True, slots=True)
class Option:
    """A test on a group. report_minutes: planned office time from the end of the test to the issued report."""

    group: int
    lab: int
    task: Task
    report_minutes: int


@dataclass(frozen=True, slots=True)
class Item:
    """A test with all groups that can run it.

    sample: the kind of sample that it shares with others, '' where it needs samples of its own. destructive: nothing
    comes after it on its sample.
    """

    test_id: str
    domain: str
    options: Sequence[Option]
    sample: str = ""
    destructive: bool = False

    @property
    def labs(self) -> int:
        """How many labs can do it."""
        return len({option.lab for option in self.options})


@dataclass(frozen=True)
class House:
    """All of it. first: the local date of minute 0. writers: by lab, how many reports are written at once."""

    first: date
    labs: Sequence[str]
    openings: Sequence[Openings]
    office: Openings
    groups: Sequence[Group]
    items: Sequence[Item]
    writers: Sequence[int]
    _choices: dict[tuple[int, int | None], Sequence[Option]] = field(default_factory=dict, compare=False)

    @property
    def units(self) -> int:
        return sum(len(group.units) for group in self.groups)

    @property
    def year_begins(self) -> date:
        """First local date of the year that is counted."""
        return self.first + timedelta(days=WARM_UP)

    @cached_property
    def group_of(self) -> Sequence[int]:
        """The group of each unit."""
        of = {unit: number for number, group in enumerate(self.groups) for unit in group.units}
        return [of[unit] for unit in range(self.units)]

    @cached_property
    def on_group(self) -> Sequence[Sequence[tuple[int, Option]]]:
        """What each group can run, with the number of the item."""
        found: list[list[tuple[int, Option]]] = [[] for _ in self.groups]
        for number, item in enumerate(self.items):
            for option in item.options:
                found[option.group].append((number, option))
        return found

    def options(self, item: int, known: int, all_labs: bool) -> Sequence[Option]:
        """Where a company can have the test: at the lab that it knows, first of all or alone."""
        key = (item, known if all_labs else -1 - known)
        if key not in self._choices:
            own = [option for option in self.items[item].options if option.lab == known]
            others = [option for option in self.items[item].options if option.lab != known]
            self._choices[key] = (*own, *others) if all_labs else own
        return self._choices[key]

    def openings_of(self, unit: int) -> Openings:
        return self.openings[self.groups[self.group_of[unit]].openings]

    def agendas(self) -> list[Agenda]:
        """An empty agenda for each unit."""
        groups = [self.groups[number] for number in self.group_of]
        return [Agenda(self.openings[group.openings], group.grain) for group in groups]


def most_lines(house: House, weights: Sequence[Sequence[float]], seed: int) -> list[float]:
    """Lines a year that each group could run if there were always work waiting, tests drawn by their weights.

    Found by filling the group's agendas, a month ahead at any time: shifts, grain and runs that must not be cut leave
    time that nothing fits into, and this is not counted as capacity.
    """
    return [_filled(house, number, each, Random(f"{seed} {number}")) for number, each in enumerate(weights)]


def _filled(house: House, number: int, weights: Sequence[float], draw: Random) -> float:
    group, tasks = house.groups[number], [option.task for _item, option in house.on_group[number]]
    until, share, cumulated = COUNTED[1], 1.0, list(accumulate(weights))
    agendas = [Agenda(house.openings[group.openings], group.grain) for _unit in group.units[:MOST_UNITS]]
    latest, count = 0, 0
    while latest < until:
        task = tasks[bisect_left(cumulated, draw.random() * cumulated[-1])]
        found = [each.earliest(task, max(0, latest - QUEUE)) or (NEVER, NEVER) for each in agendas]
        start, end = min(found)
        if start == NEVER:
            break
        agendas[found.index((start, end))].take(start, end)
        latest = max(latest, start)
        count += start < until
    share = len(group.units) / len(agendas)
    return count * share * YEAR * DAY / until
