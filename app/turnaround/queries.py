"""Questions about turnaround: one function behind page, API, command and daily report.

A line counts once its report is issued, in the period of its issue. It has five instants, so its four phases
add up to its whole (ARCHITECTURE 2).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, select

from app.accounts.policy import GRANTS, Action, Viewer, allowed, visible
from app.database import db
from app.errors import Forbidden
from app.labs.models import Domain, Lab, Test
from app.orders.models import Order, OrderLine, OrderState
from app.turnaround import rules, sql
from app.turnaround.rules import SHARES, GroupBy, Period

DAY_SECONDS = 86_400
UNDER_WAY = (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.TESTING, OrderState.REPORTING)
TOTAL = "total"
KEYS: Mapping[GroupBy, ColumnElement[str]] = {
    GroupBy.LAB: OrderLine.lab_id.expression,
    GroupBy.DOMAIN: Test.domain_id.expression,
    GroupBy.TEST: OrderLine.test_id.expression,
    GroupBy.MONTH: func.substr(sql.local_date(OrderLine.issued_at), 1, 7),
}
NAMED: Mapping[GroupBy, type[Lab] | type[Domain] | type[Test]] = {
    GroupBy.LAB: Lab,
    GroupBy.DOMAIN: Domain,
    GroupBy.TEST: Test,
}
INSTANTS = (
    OrderLine.submitted_at,
    OrderLine.accepted_at,
    OrderLine.taken_at,
    OrderLine.ended_at,
    OrderLine.issued_at,
)
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines: of whom (`viewer`), issued when, and where wanted of one lab, domain or test only."""

    viewer: Viewer
    period: Period
    lab_id: str | None = None
    domain_id: str | None = None
    test_id: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """One cell. percentiles: P50, P80, P95 in calendar days; `working` the same in working days; one decimal.

    phases: means over the same lines in calendar days; they add up to `mean`. shares: means of what lies inside them,
    waiting for the customer and paused. Suppressed cells and cells
    without lines have no figures; of a suppressed one not even the count is told.
    """

    key: str
    name_zh: str
    name_en: str
    lines: int | None
    percentiles: Three | None = None
    working: Three | None = None
    mean: float | None = None
    phases: Mapping[str, float] | None = None
    shares: Mapping[str, float] | None = None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Turnaround:
    """An answer: the cells, the whole, and whether it contains others' lines (then cells may be suppressed)."""

    question: Question
    group_by: GroupBy | None
    items: Sequence[Figures]
    total: Figures
    of_all: bool
    as_of: datetime


class LineRow(NamedTuple):
    """An issued line behind a figure. days and phases: calendar days."""

    line_id: str
    order_id: str
    order_code: str
    lab_zh: str
    lab_en: str
    test_zh: str
    test_en: str
    submitted_at: datetime
    issued_at: datetime
    days: float
    review: float
    waiting: float
    testing: float
    reporting: float


def sees_all(viewer: Viewer) -> bool:
    """True for who sees all lines as statistics, False for who sees his own. Raises Forbidden for everybody else."""
    if allowed(viewer, Action.SEE_ALL_TURNAROUND):
        return True
    if viewer.role in GRANTS[Action.SEE_TURNAROUND]:
        return False
    raise Forbidden()


def turnaround(question: Question, group_by: GroupBy | None, now: datetime) -> Turnaround:
    """The figures of the lines in question, in cells and as a whole. Raises Forbidden."""
    if group_by is None:
        return tables(question, [], now)[None]
    return tables(question, [group_by], now)[group_by]


def tables(question: Question, groups: Sequence[GroupBy], now: datetime) -> dict[GroupBy | None, Turnaround]:
    """`turnaround` for several groupings, and for none. Raises Forbidden.

    Own figures are exact. Those of all companies cover whole months, and cells that are too small, or that
    could be told from the total, are suppressed.
    """
    of_all = sees_all(question.viewer)
    if of_all:
        question = replace(question, period=question.period.whole_months())
    hidden = of_all and _is_hidden(question)
    total = Figures(TOTAL, "", "", None, suppressed=True) if hidden else _total(question, of_all)
    answers = {None: Turnaround(question, None, [total], total, of_all, now)}
    return answers | {
        group_by: Turnaround(question, group_by, _items(question, group_by, of_all, hidden), total, of_all, now)
        for group_by in groups
    }


def monthly(question: Question, group_by: GroupBy) -> dict[str, dict[str, float]]:
    """P50 by key and month of the viewer's own lines, for small charts; never of all companies."""
    if sees_all(question.viewer):
        raise Forbidden()
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (key, month), cell in _cells(question, [KEYS[group_by], KEYS[GroupBy.MONTH]]).items():
        if cell.percentiles:
            found[key][month] = cell.percentiles[0]
    return found


def lines(question: Question, month: str | None, longest_first: bool, limit: int, offset: int = 0) -> list[LineRow]:
    """The viewer's own lines behind a figure, newest or longest first; never those of all. Raises Forbidden."""
    if sees_all(question.viewer):
        raise Forbidden()
    whole = sql.seconds_between(OrderLine.submitted_at, OrderLine.issued_at)
    spans = [sql.seconds_between(begin, end) for begin, end in pairwise(INSTANTS)]
    names = (Lab.name_zh, Lab.name_en, Test.name_zh, Test.name_en, OrderLine.submitted_at, OrderLine.issued_at)
    query = (
        select(OrderLine.id, Order.id, Order.code, *names, whole, *spans)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .where(*_where(question))
        .order_by(whole.desc() if longest_first else OrderLine.issued_at.desc(), OrderLine.id)
        .limit(limit)
        .offset(offset)
    )
    if month:
        query = query.where(KEYS[GroupBy.MONTH] == month)
    return [
        LineRow._make((*row[:9], *(seconds / DAY_SECONDS for seconds in row[9:]))) for row in db.session.execute(query)
    ]


def choices(group_by: GroupBy) -> list[tuple[str, str, str]]:
    """(id, Chinese, English name) of all live labs or domains, for filters."""
    model = NAMED[group_by]
    query = select(model.id, model.name_zh, model.name_en).where(model.retired_at.is_(None)).order_by(model.name_zh)
    return [(ident, name_zh, name_en) for ident, name_zh, name_en in db.session.execute(query)]


def under_way(viewer: Viewer) -> int:
    """The viewer's own lines that were submitted and whose report is not issued."""
    query = (
        select(func.count())
        .select_from(OrderLine)
        .where(visible(viewer, Action.SEE_TURNAROUND, OrderLine), OrderLine.state.in_(UNDER_WAY))
    )
    return db.session.scalar(query) or 0


def _where(question: Question) -> list[ColumnElement[bool]]:
    """Complete lines of the question; all columns are NOT NULL together only once a report is issued."""
    viewer, span = question.viewer, question.period.span
    scope = Action.SEE_ALL_TURNAROUND if sees_all(viewer) else Action.SEE_TURNAROUND
    conditions = [
        visible(viewer, scope, OrderLine),
        OrderLine.issued_at >= span.start,
        OrderLine.issued_at < span.end,
        OrderLine.submitted_at.is_not(None),
        OrderLine.accepted_at.is_not(None),
    ]
    if question.lab_id:
        conditions.append(OrderLine.lab_id == question.lab_id)
    if question.domain_id:
        conditions.append(Test.domain_id == question.domain_id)
    if question.test_id:
        conditions.append(OrderLine.test_id == question.test_id)
    return conditions


def _total(question: Question, of_all: bool) -> Figures:
    total = _cells(question, []).get((), Figures(TOTAL, "", "", 0))
    if of_all and not rules.enough(total.lines or 0, len(_companies(question, None).get(TOTAL, {}))):
        return Figures(TOTAL, "", "", None, suppressed=True)
    return total


def _is_hidden(question: Question) -> bool:
    """Whether the filters pick a cell that the table of its neighbours suppresses: a filter is no way round it."""
    filters = (
        (question.lab_id, GroupBy.LAB, replace(question, lab_id=None)),
        (question.domain_id, GroupBy.DOMAIN, replace(question, domain_id=None)),
        (question.test_id, GroupBy.TEST, replace(question, test_id=None)),
    )
    return any(
        key in rules.hidden(_companies(wider, group_by)) or _is_hidden(wider)
        for key, group_by, wider in filters
        if key is not None
    )


def _items(question: Question, group_by: GroupBy, of_all: bool, hidden: bool) -> list[Figures]:
    cells = _cells(question, [KEYS[group_by]])
    keys = [key for (key,) in cells]
    gone = rules.hidden(_companies(question, group_by)) if of_all else frozenset()
    gone = frozenset(keys) if hidden else gone
    names = _names(group_by, keys)
    items = []
    for (key,), cell in cells.items():
        name_zh, name_en = names[key]
        if key in gone:
            items.append(Figures(key, name_zh, name_en, None, suppressed=True))
        else:
            items.append(replace(cell, key=key, name_zh=name_zh, name_en=name_en))
    # Labs are not ranked before others' eyes.
    if group_by is GroupBy.MONTH or (of_all and group_by is GroupBy.LAB):
        return sorted(items, key=lambda item: item.key)
    return sorted(items, key=lambda item: (-(item.lines or 0), item.key))


def _companies(question: Question, group_by: GroupBy | None) -> dict[str, dict[str, int]]:
    """Lines of each company in each cell: what suppression is decided by, and nobody is shown."""
    key = KEYS[group_by] if group_by else literal(TOTAL)
    each = select(key.label("cell"), OrderLine.company_id).join(Test, Test.id == OrderLine.test_id)
    line = each.where(*_where(question)).subquery()
    query = select(line.c.cell, line.c.company_id, func.count()).group_by(line.c.cell, line.c.company_id)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for cell, company_id, count in db.session.execute(query):
        found[cell][company_id] = count
    return found


def _cells(question: Question, keys: Sequence[ColumnElement[str]]) -> dict[tuple[str, ...], Figures]:
    """Figures by key; one statement. Percentiles by window functions: each line is ranked within its cell."""
    base = _lines_with_times(question, keys).subquery()
    names = [base.c[f"key{place}"] for place in range(len(keys))]
    ranked = select(
        base,
        sql.rank(base.c.whole, names).label("place"),
        sql.rank(base.c.working, names).label("working_place"),
        sql.size(names).label("size"),
    ).subquery()
    by = [ranked.c[f"key{place}"] for place in range(len(keys))]
    percentiles = [sql.percentile(share, ranked.c.whole, ranked.c.place, ranked.c.size) for share in SHARES]
    working = [sql.percentile(share, ranked.c.working, ranked.c.working_place, ranked.c.size) for share in SHARES]
    means = [func.avg(ranked.c[part]) for part in (*rules.PHASES, *rules.INSIDE)]
    query = select(*by, func.count(), *percentiles, *working, *means).group_by(*by).having(func.count() > 0)
    return {tuple(row[: len(by)]): _figures(row[len(by) :]) for row in db.session.execute(query)}


def _lines_with_times(question: Question, keys: Sequence[ColumnElement[str]]) -> Select[*tuple[Any, ...]]:
    """Each line with its keys, its whole and its phases in seconds, and its working days."""
    spans = [
        sql.seconds_between(begin, end).label(phase)
        for phase, (begin, end) in zip(rules.PHASES, pairwise(INSTANTS), strict=True)
    ]
    whole = sql.seconds_between(OrderLine.submitted_at, OrderLine.issued_at).label("whole")
    working = sql.working_days(OrderLine.submitted_at, OrderLine.issued_at, question.period.first, question.period.last)
    return (
        select(
            *(key.label(f"key{place}") for place, key in enumerate(keys)),
            whole,
            *spans,
            working.label("working"),
            OrderLine.customer_seconds.label("customer"),
            OrderLine.paused_seconds.label("paused"),
        )
        .join(Test, Test.id == OrderLine.test_id)
        .where(*_where(question))
    )


def _figures(row: Sequence[Any]) -> Figures:
    count, *numbers = row
    days = [float(seconds) / DAY_SECONDS for seconds in numbers[:3]]
    phases = {phase: float(mean) / DAY_SECONDS for phase, mean in zip(rules.PHASES, numbers[6:10], strict=True)}
    mean = sum(phases.values())
    return Figures(
        key=TOTAL,
        name_zh="",
        name_en="",
        lines=count,
        percentiles=_three(days),
        working=_three(numbers[3:6]),
        mean=rules.tenths(mean),
        phases=rules.split(mean, phases),
        shares={
            part: rules.tenths(float(seconds) / DAY_SECONDS)
            for part, seconds in zip(rules.INSIDE, numbers[10:], strict=True)
        },
    )


def _three(numbers: Iterable[float]) -> Three:
    low, middle, high = (rules.tenths(float(number)) for number in numbers)
    return low, middle, high


def _names(group_by: GroupBy, keys: Collection[str]) -> Mapping[str, tuple[str, str]]:
    if group_by is GroupBy.MONTH:
        return {key: (key, key) for key in keys}
    model = NAMED[group_by]
    query = select(model.id, model.name_zh, model.name_en).where(model.id.in_(keys))
    return {key: (name_zh, name_en) for key, name_zh, name_en in db.session.execute(query)}
