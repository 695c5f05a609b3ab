"""Lines from their submission on: how long until the report, those that still wait included; how many come and go.

Figures of issued lines look back from the issue; these look forward from the submission.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, case, func, literal, select, true

from app.accounts.policy import Action, visible
from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine
from app.turnaround import region, rules, sql, summary, survival
from app.turnaround.columns import Column
from app.turnaround.own import Own
from app.turnaround.queries import Answer
from app.turnaround.question import DAY_SECONDS, UNDER_WAY, Question, filters, sees_all
from app.turnaround.rules import Period
from app.turnaround.table import NONE
from app.worktime import local_date

# A tenth of a day is fine enough for an estimate in days, and keeps its steps few.
STEP_SECONDS = DAY_SECONDS // 10
# Data from which arrivals and departures differ by more than this have changed too much for Little's law.
TOLERANCE = 0.2
# How many lines took so many tenths of a day.
Lengths = Counter[int]
# Of lines the submissions (seconds since 1970) and the seconds until the issue.
Lines = tuple[Column, Column]
# Lines that came and that left, seconds that all were open, and seconds that those took that left.
Flows = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class TimeToReport:
    """Kaplan-Meier over the lines submitted in the period: days until half and 80 % have their report, None while not
    so many have. issued, still_open: lines. Cancelled and rejected ones are left out.
    """

    median: float | None
    p80: float | None
    issued: int
    still_open: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What came, went and waited in the period (Little, 1961: lines under way = arrivals a day × days each takes).

    open_mean: lines under way at a time. by_law: days a line takes by that law; measured: mean days of those issued.
    """

    arrived: int
    left: int
    open_mean: float
    by_law: float
    measured: float

    @property
    def holds(self) -> bool:
        """Whether the law's days and the measured ones agree; if not, the backlog grows or shrinks."""
        return abs(self.by_law - self.measured) <= TOLERANCE * max(self.measured, 1.0)


def time_to_report(answer: Answer, now: datetime) -> TimeToReport | None:
    """None where the viewer may not be told, or no line was submitted.

    Of all companies it is as of the summary, like all that is told of them.
    """
    question = answer.question
    if answer.own:
        return _estimate(*_own_lengths(answer.own, now))
    if answer.published:
        reached = answer.published.facts["reached"]
        return TimeToReport(*reached) if reached else None
    kept = summary.kept(question.period)
    if kept is None:
        return _of_all(question, now)
    key = ("time to report", question.period, question.lab_id, question.domain_id, question.test_id, kept.made)
    return region.once(key, lambda: _of_all(question, kept.as_of))


def _of_all(question: Question, now: datetime) -> TimeToReport | None:
    issued, waiting, companies = Lengths(), Lengths(), set[str]()
    for is_issued, length, company_id, count in _lengths(question, now, true()):
        (issued if is_issued else waiting)[length] += count
        companies.add(company_id)
    return _estimate(issued, waiting) if rules.enough(issued.total() + waiting.total(), len(companies)) else None


def _own_lengths(own: Own, now: datetime) -> tuple[Lengths, Lengths]:
    issued, waiting, begin = Lengths(), Lengths(), _seconds(own.question.period.span.start)
    end, since = _seconds(own.question.period.span.end), _since(own, now)
    came, whole = _known(since)
    lengths, counts = np.unique(whole[(begin <= came) & (came < end)] // STEP_SECONDS, return_counts=True)
    issued.update(dict(zip(lengths.tolist(), counts.tolist(), strict=True)))
    for condition in _read_live(since):
        for is_issued, length, _company, count in _lengths(own.question, now, condition):
            (issued if is_issued else waiting)[length] += count
    return issued, waiting


def _lengths(question: Question, now: datetime, condition: ColumnElement[bool]) -> Iterator[tuple[bool, int, str, int]]:
    """Of the lines submitted in the period: whether it is issued, tenths of a day, company, and how many such lines."""
    until = func.coalesce(OrderLine.issued_at, literal(now, OrderLine.issued_at.type))
    tenths = sql.seconds_between(OrderLine.submitted_at, until) / STEP_SECONDS
    done = OrderLine.issued_at.is_not(None)
    query = select(case((done, 1), else_=0), tenths, OrderLine.company_id, func.count()).join(Test)
    query = query.where(*submitted(question, now), condition).group_by(done, tenths, OrderLine.company_id)
    for is_issued, length, company_id, count in db.session.execute(query):
        yield bool(is_issued), int(length), company_id, count


def _estimate(issued: Lengths, waiting: Lengths) -> TimeToReport | None:
    """From tenths of days."""
    if not issued.total() + waiting.total():
        return None
    steps = survival.kaplan_meier(
        *({tenths / 10: lines for tenths, lines in each.items()} for each in (issued, waiting))
    )
    reached = [survival.reached(steps, share) for share in (0.5, 0.8)]
    return TimeToReport(reached[0], reached[1], issued.total(), waiting.total())


def flow(own: Own, now: datetime) -> Flow | None:
    """Arrivals against what is under way, of the viewer's own lines; None without either."""
    question, since = own.question, _since(own, now)
    span = question.period.span
    end = min(span.end, now)
    sums = [_flow_known(since, _seconds(span.start), _seconds(end))]
    sums += [_flow_live(question, end, condition) for condition in _read_live(since)]
    arrived, gone, open_seconds, whole = (sum(column) for column in zip(*sums, strict=True))
    if not arrived or not gone:
        return None
    length = (end - span.start).total_seconds()
    open_mean = open_seconds / length
    by_law = open_mean / (arrived / (length / DAY_SECONDS))
    return Flow(arrived, gone, open_mean, by_law, whole / gone / DAY_SECONDS)


def _flow_known(since: Own | None, begin: int, end: int) -> Flows:
    came, whole = _known(since)
    left = came + whole
    there = (came < end) & (left >= begin)
    gone = there & (left <= end)
    open_seconds = np.minimum(left[there], end) - np.maximum(came[there], begin)
    return int((there & (came >= begin)).sum()), int(gone.sum()), int(open_seconds.sum()), int(whole[gone].sum())


def _flow_live(question: Question, end: datetime, condition: ColumnElement[bool]) -> Flows:
    span = question.period.span
    begin = literal(span.start, OrderLine.issued_at.type)
    until = literal(end, OrderLine.issued_at.type)
    left = case((OrderLine.issued_at < until, OrderLine.issued_at), else_=until)
    came = case((OrderLine.submitted_at > begin, OrderLine.submitted_at), else_=begin)
    inside = OrderLine.issued_at.between(span.start, end)
    query = select(
        func.sum(case((OrderLine.submitted_at >= span.start, 1), else_=0)),
        func.sum(case((inside, 1), else_=0)),
        func.sum(sql.seconds_between(came, left)),
        func.sum(case((inside, sql.seconds_between(OrderLine.submitted_at, OrderLine.issued_at)), else_=0)),
    ).join(Test)
    there = (OrderLine.submitted_at < end, (OrderLine.issued_at.is_(None)) | (OrderLine.issued_at >= span.start))
    row = db.session.execute(query.where(*_counted(question), *there, condition)).one()
    arrived, gone, open_seconds, whole = (int(each or 0) for each in row)
    return arrived, gone, open_seconds, whole


def _since(own: Own, now: datetime) -> Own | None:
    """The lines of the question issued since its period began, until now; None where that is too long ago for one."""
    first, today = own.question.period.first, local_date(now)
    if own.question.period.last >= today:
        return own
    if today.year - first.year > rules.LONGEST_YEARS:
        return None
    return Own(replace(own.question, period=Period(first, today)))


def submitted(question: Question, now: datetime) -> Iterable[ColumnElement[bool]]:
    """The conditions on order_line and test for lines submitted in the period that have their report or wait for it."""
    span = question.period.span
    return (*_counted(question), OrderLine.submitted_at >= span.start, OrderLine.submitted_at < min(span.end, now))


def _known(since: Own | None) -> Lines:
    """The lines that the summary knows, those that count in no other figure too."""
    if since is None:
        return NONE, NONE
    table = since.known
    left_out = [
        (line.submitted, line.whole)
        for line in since.left_out()
        if line.submitted is not None and line.whole is not None
    ]
    if not left_out:
        return table.submitted, table.whole
    came, whole = np.array(left_out, np.int64).T
    return np.concatenate([table.submitted, came]), np.concatenate([table.whole, whole])


def _read_live(since: Own | None) -> list[ColumnElement[bool]]:
    """The conditions for all other lines, so that each finds its index."""
    issued = since.covered.beside(since.question.period.span) if since else OrderLine.issued_at.is_not(None)
    return [issued, OrderLine.issued_at.is_(None)]


def _counted(question: Question) -> Iterable[ColumnElement[bool]]:
    """Lines of the question that have their report or are on the way to it."""
    scope = Action.SEE_ALL_TURNAROUND if sees_all(question.viewer) else Action.SEE_TURNAROUND
    kept = OrderLine.issued_at.is_not(None) | OrderLine.state.in_(UNDER_WAY)
    return (visible(question.viewer, scope, OrderLine), kept, *filters(question))


def _seconds(at: datetime) -> int:
    """Whole seconds since 1970."""
    return int(at.timestamp())
