"""Questions about turnaround: one function behind page, API, command and daily report.

A line counts once its report is issued, in the period of its issue. It has five instants, so its four phases
add up to its whole (ARCHITECTURE 2).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import func, select

from app.accounts.policy import Action, Viewer, visible
from app.database import db
from app.errors import Forbidden
from app.orders.models import OrderLine
from app.turnaround import region, rules, summary
from app.turnaround.cells import OF_WAYS, Cells, grouped, kinds_of, live_cells, node
from app.turnaround.figures import Figures as Figures
from app.turnaround.figures import Three as Three
from app.turnaround.figures import figures
from app.turnaround.naming import STORED, names_of
from app.turnaround.own import Own
from app.turnaround.published import Published, published
from app.turnaround.question import DAY_SECONDS, UNDER_WAY, complete
from app.turnaround.question import Question as Question
from app.turnaround.question import sees_all as sees_all
from app.turnaround.rules import GroupBy
from app.turnaround.suppression import Suppression
from app.turnaround.tally import Tally, percentile, together

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Turnaround:
    """An answer: the cells, the whole, and whether it contains others' lines (then cells may be suppressed).

    items: all `count` cells, or the first of them where only so many were asked for.
    """

    question: Question
    group_by: GroupBy | None
    items: Sequence[Figures]
    count: int
    total: Figures
    of_all: bool
    as_of: datetime


def turnaround(question: Question, group_by: GroupBy | None, now: datetime) -> Turnaround:
    """The figures of the lines in question, in cells and as a whole. Raises Forbidden."""
    if group_by is None:
        return tables(question, [], now)[None]
    return tables(question, [group_by], now)[group_by]


def tables(question: Question, groups: Sequence[GroupBy], now: datetime) -> dict[GroupBy | None, Turnaround]:
    """`turnaround` for several groupings, and for none. Raises Forbidden."""
    found = Answer(question, now)
    return {group_by: found.table(group_by) for group_by in (None, *groups)}


class Answer:
    """What a question's tables are put together from, read once. Raises Forbidden.

    Own figures are exact. Those of all companies cover whole months, and cells that are too small, or that
    could be told from others, are suppressed.
    """

    def __init__(self, question: Question, now: datetime) -> None:
        self.of_all = of_all = sees_all(question.viewer)
        question = replace(question, period=question.period.whole_months()) if of_all else question
        self.question = question
        self._suppression: Suppression | None = None
        self._cells = Cells([], [])
        self.own: Own | None = None
        self.published: Published | None = None
        if of_all and not question.narrowed:
            self.published = published(question.period)
        if self.published:
            self.as_of = self.published.as_of
        elif of_all:
            every, self._suppression, self.as_of = _of_all(question, now)
            self._cells = _narrowed(every, question)
        else:
            self.own, self.as_of = Own(question), now

    @cached_property
    def total(self) -> Figures:
        """All lines of the question."""
        if self.published:
            return self.published.total
        every = self.own.total if self.own else together(cell.tally for cell in self._cells.labs)
        return self._figures(None, TOTAL, every)

    @property
    def told(self) -> bool:
        """Whether the whole may be told."""
        return self.own is not None or not self.total.suppressed

    def table(self, group_by: GroupBy | None, most: int | None = None) -> Turnaround:
        """most: only the first so many cells, None for all."""
        count, items = self._items(group_by, most) if group_by else (1, [self.total])
        return Turnaround(self.question, group_by, items, count, self.total, self.of_all, self.as_of)

    def monthly(self, group_by: GroupBy) -> dict[str, dict[str, float]]:
        """P50 in days by key and month, for small charts; never of all companies. Raises Forbidden."""
        if self.own is None:
            raise Forbidden()
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for (key, month), tally in self.own.monthly(group_by).items():
            found[key][month] = rules.tenths(percentile(tally.whole, 0.5) / DAY_SECONDS)
        return found

    def kinds(self) -> dict[tuple[str, str], tuple[int, Sequence[int]]]:
        """Of each test and lab how many lines, and their seconds by part together. Nothing of it is told as it is."""
        if self.published:
            return self.published.kinds()
        return self.own.kinds() if self.own else kinds_of(self._cells)

    def provinces(self) -> list[Figures]:
        """The lines of each province's companies: only where all their ways may be told, or one would be left."""
        if self.published:
            return self.published.provinces
        ways, parts = self.table(GroupBy.ROUTE).items, defaultdict[str, list[Tally]](list)
        for route, tally in self._tallies(GroupBy.ROUTE).items():
            parts[route.partition(">")[0]].append(tally)
        hidden = {way.key.partition(">")[0] for way in ways if way.suppressed}
        return [
            Figures(province, "", "", None, suppressed=True)
            if province in hidden
            else figures(province, together(parts[province]))
            for province in sorted(parts)
        ]

    def _items(self, group_by: GroupBy, most: int | None) -> tuple[int, list[Figures]]:
        """How many cells there are, and the first of them with their names."""
        cells = self.published.table(group_by) if self.published else self._cells_of(group_by)
        count, shown = len(cells), cells[:most]
        known = names_of(group_by, [cell.key for cell in shown])
        return count, [replace(cell, name_zh=known[cell.key][0], name_en=known[cell.key][1]) for cell in shown]

    def _cells_of(self, group_by: GroupBy) -> list[Figures]:
        """In their order, without names."""
        cells = [self._figures(group_by, key, tally) for key, tally in self._tallies(group_by).items()]
        # Where hardly any company sits, that there are lines at all would tell of it.
        items = [cell for cell in cells if not (cell.suppressed and group_by is GroupBy.CITY)]
        # Labs are not ranked before others' eyes.
        if group_by in rules.OF_TIME or (self.of_all and group_by is GroupBy.LAB):
            return sorted(items, key=lambda item: item.key)
        return sorted(items, key=lambda item: (-(item.lines or 0), item.key))

    def _tallies(self, group_by: GroupBy) -> dict[str, Tally]:
        if self.own is None:
            return grouped(self._cells, group_by)
        return grouped(self._ways, group_by) if group_by in OF_WAYS else self.own.tallies(group_by)

    @cached_property
    def _ways(self) -> Cells:
        """One's own lines by way; the summary knows ways of all companies together only."""
        return _live(self.question)

    def _figures(self, group_by: GroupBy | None, key: str, tally: Tally) -> Figures:
        asked = self.question
        where = node((asked.lab_id, asked.domain_id, asked.test_id), group_by, key)
        if self._suppression and (where is None or not tally.lines or self._suppression.hides(where)):
            return Figures(key, "", "", None, suppressed=True)
        return figures(key, tally)


def _of_all(question: Question, now: datetime) -> tuple[Cells, Suppression, datetime]:
    """The cells of all companies, what of them is hidden, and as of when: as of the summary where it can be used."""
    kept = summary.kept(question.period)
    if kept is None:
        cells = _live(replace(question, lab_id=None, domain_id=None, test_id=None))
        return cells, _suppression(cells), now

    def reckon() -> tuple[Cells, Suppression, datetime]:
        cells = kept.cells()
        return cells, _suppression(cells), kept.as_of

    return region.once(("cells", question.period, kept.made), reckon)


def _live(question: Question) -> Cells:
    return live_cells(complete(question), question.period.first.year, question.period.last.year)


def _narrowed(cells: Cells, question: Question) -> Cells:
    """Those that the filters leave. Ways are not known by lab or test: nobody is told of them."""
    by_way = question.lab_id is None and question.test_id is None
    return Cells(
        [
            cell
            for cell in cells.labs
            if question.lab_id in (None, cell.lab_id)
            and question.domain_id in (None, cell.domain_id)
            and question.test_id in (None, cell.test_id)
        ],
        [way for way in cells.ways if by_way and question.domain_id in (None, way.domain_id)],
    )


def _suppression(cells: Cells) -> Suppression:
    return Suppression(
        ((*cell.paths, cell.tally.companies) for cell in cells.labs),
        ((*way.paths, way.tally.companies) for way in cells.ways),
    )


def choices(group_by: GroupBy) -> list[tuple[str, str, str]]:
    """(id, Chinese, English name) of all live labs or domains, for filters."""
    model = STORED[group_by]
    query = select(model.id, model.name_zh, model.name_en).where(model.retired_at.is_(None)).order_by(model.name_zh)
    return [(ident, name_zh, name_en) for ident, name_zh, name_en in db.session.execute(query)]


def under_way(viewer: Viewer) -> int:
    """The viewer's own lines that were submitted and whose report is not issued."""
    waiting = (OrderLine.issued_at.is_(None), OrderLine.state.in_(UNDER_WAY))
    query = (
        select(func.count()).select_from(OrderLine).where(visible(viewer, Action.SEE_TURNAROUND, OrderLine), *waiting)
    )
    return db.session.scalar(query) or 0
