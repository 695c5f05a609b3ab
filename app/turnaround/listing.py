"""The lines behind every figure of one's own: which they are, in what order, and page by page.

Each address of a list has the conditions of the figure that leads to it, so that it holds as many lines as that says.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.accounts.policy import Action, visible
from app.database import db
from app.errors import N_, Forbidden, Invalid
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine, OrderState
from app.turnaround import causes, chains, cohort, rules, sql
from app.turnaround.cells import INSTANTS, MONTH, WHOLE
from app.turnaround.faults import LEFT_OUT, Fault, has
from app.turnaround.own import Own
from app.turnaround.question import DAY_SECONDS, UNDER_WAY, Question, complete, filters, sees_all
from app.turnaround.tally import percentile


class Of(enum.StrEnum):
    """Which lines. ISSUED: those that count in the figures of the period. SUBMITTED: in the period, those that were
    cancelled or rejected left out; OPEN: of these the ones without a report. LEFT: issued in the period, also those
    that count in no figure. RETESTED: the last of each test that was done again. LEFT_OUT: issued in the period and
    in no figure. UNDER_WAY: whatever the period.
    """

    ISSUED = "issued"
    SUBMITTED = "submitted"
    OPEN = "open"
    LEFT = "left"
    RETESTED = "retested"
    LEFT_OUT = "left_out"
    UNDER_WAY = "under_way"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {
    Of.ISSUED: N_("已签发的委托项"),
    Of.SUBMITTED: N_("这段时间提交的委托项"),
    Of.OPEN: N_("这段时间提交、还没有报告的委托项"),
    Of.LEFT: N_("这段时间签发的委托项，时间有疑问的也在内"),
    Of.RETESTED: N_("重做过的委托项"),
    Of.LEFT_OUT: N_("不计入统计的委托项"),
    Of.UNDER_WAY: N_("在途的委托项"),
}


class Sort(enum.StrEnum):
    """LATEST: newest first; the others: the longest, of the whole or of a part, first."""

    LATEST = "latest"
    LONGEST = "longest"
    REVIEW = "review"
    WAITING = "waiting"
    TESTING = "testing"
    REPORTING = "reporting"
    CUSTOMER = "customer"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list. over: only lines longer than this percentile of the question. cause: only lines that lost days to it.
    fault: only lines with it, whatever the period.
    """

    question: Question
    of: Of = Of.ISSUED
    month: str | None = None
    quarter: str | None = None
    over: int | None = None
    cause: str | None = None
    fault: Fault | None = None
    sort: Sort = Sort.LATEST

    def args(self, **changes: str | int | None) -> dict[str, str | int]:
        """What its address has beside the period and the filters, but for the changes."""
        own: dict[str, str | int | None] = {
            "of": self.of.value if self.of is not Of.ISSUED else None,
            "month": self.month,
            "quarter": self.quarter,
            "over": self.over,
            "cause": self.cause,
            "fault": self.fault.value if self.fault else None,
            "sort": self.sort.value if self.sort is not Sort.LATEST else None,
        }
        return {name: value for name, value in (own | changes).items() if value is not None}


class Listed(NamedTuple):
    """A line in a list; days: calendar days, None for what is not known yet. until now where there is no report.

    lost: days to the cause asked for; of a chain, from its first submission.
    """

    id: str
    order_id: str
    order_code: str
    lab_id: str
    lab_zh: str
    lab_en: str
    test_id: str
    test_zh: str
    test_en: str
    state: OrderState
    submitted_at: datetime | None
    issued_at: datetime | None
    days: float | None
    review: float | None
    waiting: float | None
    testing: float | None
    reporting: float | None
    customer: float
    paused: float
    lost: float | None


def wanted(question: Question, args: Mapping[str, str]) -> Wanted:
    """Parse `of`, `month`, `quarter`, `over`, `cause`, `fault`, `sort`. Raises Invalid."""
    over = _one_of(args, "over", [f"{round(share * 100)}" for share in rules.SHARES])
    fault = _one_of(args, "fault", list(Fault))
    return Wanted(
        question,
        Of(_one_of(args, "of", list(Of)) or Of.ISSUED),
        rules.month(args["month"]) if args.get("month") else None,
        rules.quarter_named(args["quarter"]) if args.get("quarter") else None,
        int(over) if over else None,
        _one_of(args, "cause", list(causes.LABELS)),
        Fault(fault) if fault else None,
        Sort(_one_of(args, "sort", list(Sort)) or Sort.LATEST),
    )


def _one_of(args: Mapping[str, str], name: str, known: list[str]) -> str | None:
    given = args.get(name)
    if given and given not in known:
        raise Invalid(N_("没有这一项。"), field=name)
    return given or None


def count(asked: Wanted, now: datetime) -> int:
    """How many lines the list has. Raises Forbidden for who sees all."""
    query, _lost = _chosen(asked, select(func.count()), now)
    return db.session.scalar(query) or 0


def listed(asked: Wanted, limit: int, offset: int, now: datetime, after: str | None = None) -> list[Listed]:
    """A page of the list. after: the line, by id, behind which it begins.

    Raises Forbidden for who sees all: single lines are nobody's but their own; Invalid where there is no such line.
    """
    spans = _spans(now)
    shares = (OrderLine.customer_seconds, OrderLine.paused_seconds)
    names = (Order.id, Order.code, Lab.id, Lab.name_zh, Lab.name_en, Test.id, Test.name_zh, Test.name_en)
    facts = (OrderLine.state, OrderLine.submitted_at, OrderLine.issued_at)
    query, lost = _chosen(asked, select(OrderLine.id, *names, *facts, *spans.values(), *shares), now)
    keys = _keys(asked, spans, lost)
    if after:
        query = query.where(_behind(asked, keys, after, now))
    query = query.add_columns(literal(None) if lost is None else lost)
    query = query.order_by(*(key.desc() for key in keys), OrderLine.id)
    return [
        Listed._make((*row[:12], *(None if seconds is None else seconds / DAY_SECONDS for seconds in row[12:])))
        for row in db.session.execute(query.limit(limit).offset(offset))
    ]


def _spans(now: datetime) -> Mapping[Sort, ColumnElement[int]]:
    """Seconds of a line and of its parts, by the sort that goes by them."""
    end = func.coalesce(OrderLine.issued_at, literal(now, OrderLine.issued_at.type))
    return {Sort.LONGEST: sql.seconds_between(OrderLine.submitted_at, end)} | {
        Sort(phase): sql.seconds_between(begin, end)
        for phase, (begin, end) in zip(rules.PHASES, pairwise(INSTANTS), strict=True)
    }


def _keys(
    asked: Wanted, spans: Mapping[Sort, ColumnElement[int]], lost: ColumnElement[int] | None
) -> list[ColumnElement[Any]]:
    """What the list is sorted by, each the largest first."""
    if asked.sort is not Sort.LATEST:
        shares = {Sort.CUSTOMER: OrderLine.customer_seconds, Sort.PAUSED: OrderLine.paused_seconds}
        return [func.coalesce({**spans, **shares}[asked.sort], 0)]
    begun = func.coalesce(OrderLine.issued_at, OrderLine.submitted_at, OrderLine.taken_at, Order.created_at)
    return [lost, begun] if asked.cause and lost is not None else [begun]


def _behind(asked: Wanted, keys: Sequence[ColumnElement[Any]], after: str, now: datetime) -> ColumnElement[bool]:
    """Which lines stand behind this one."""
    query, _lost = _chosen(asked, select(*keys), now)
    last = db.session.execute(query.where(OrderLine.id == after)).first()
    if last is None:
        raise Invalid(N_("cursor 无效，请用上一页给出的值。"), field="cursor")
    behind: ColumnElement[bool] = OrderLine.id > after
    for key, value in reversed(list(zip(keys, last, strict=True))):
        behind = or_(key < value, and_(key == value, behind))
    return behind


def _chosen(
    asked: Wanted, query: Select[*tuple[Any, ...]], now: datetime
) -> tuple[Select[*tuple[Any, ...]], ColumnElement[int] | None]:
    """The query with the conditions of the list, and the seconds that each line lost."""
    if sees_all(asked.question.viewer):
        raise Forbidden()
    query = (
        query.select_from(OrderLine)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .where(*_conditions(asked, now))
    )
    if asked.cause:
        lost: Subquery = causes.lost_by_line(asked.question, asked.cause)
        return query.join(lost, lost.c.line_id == OrderLine.id), lost.c.seconds
    if asked.of is Of.RETESTED:
        first = aliased(OrderLine)
        return query.join(first, chains.same_test(first)).where(chains.is_last()), chains.whole_chain(first)
    return query, None


def _conditions(asked: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    question = asked.question
    own = [visible(question.viewer, Action.SEE_TURNAROUND, OrderLine), *filters(question)]
    span = question.period.span
    issued = and_(OrderLine.issued_at >= span.start, OrderLine.issued_at < span.end)
    if asked.fault:
        return [*own, has(asked.fault, now)]
    match asked.of:
        case Of.UNDER_WAY:
            return [*own, OrderLine.state.in_(UNDER_WAY)]
        case Of.SUBMITTED:
            return list(cohort.submitted(question, now))
        case Of.OPEN:
            return [*cohort.submitted(question, now), OrderLine.issued_at.is_(None)]
        case Of.LEFT:
            return [*own, issued, OrderLine.submitted_at < span.end]
        case Of.LEFT_OUT:
            return [*own, issued, or_(*(has(fault, now) for fault in LEFT_OUT))]
        case _:
            return [*complete(question), *_of_time(asked), *_over(asked)]


def _of_time(asked: Wanted) -> list[ColumnElement[bool]]:
    if asked.month:
        return [MONTH == asked.month]  # noqa: SIM300 - a column
    if asked.quarter:
        return [MONTH.in_(rules.days_of(asked.quarter).months())]
    return []


def _over(asked: Wanted) -> list[ColumnElement[bool]]:
    """Longer than the percentile of the whole question, as it is before rounding."""
    if asked.over is None:
        return []
    whole = Own(asked.question).total.whole
    return [percentile(whole, asked.over / 100) < WHOLE] if len(whole) else []
