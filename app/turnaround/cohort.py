"""Lines from their submission on: how long until the report, those that still wait included; how many come and go.

Figures of issued lines look back from the issue; these look forward from the submission.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, literal, select

from app.accounts.policy import Action, visible
from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine
from app.turnaround import region, rules, sql, summary, survival
from app.turnaround.queries import DAY_SECONDS, UNDER_WAY, Question, filters, sees_all

# A tenth of a day is fine enough for an estimate in days, and keeps its steps few.
STEP_SECONDS = DAY_SECONDS // 10
# Data from which arrivals and departures differ by more than this have changed too much for Little's law.
TOLERANCE = 0.2


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


def time_to_report(question: Question, now: datetime) -> TimeToReport | None:
    """None where the viewer may not be told, or no line was submitted. Raises Forbidden.

    Of all companies it is as of the summary, like all that is told of them.
    """
    kept = summary.kept(question.period) if sees_all(question.viewer) else None
    if kept is None:
        return _time_to_report(question, now)
    key = ("time to report", question.period, question.lab_id, question.domain_id, question.test_id, kept.made)
    return region.once(key, lambda: _time_to_report(question, kept.as_of))


def _time_to_report(question: Question, now: datetime) -> TimeToReport | None:
    until = func.coalesce(OrderLine.issued_at, literal(now, OrderLine.issued_at.type))
    tenths = sql.seconds_between(OrderLine.submitted_at, until) / STEP_SECONDS
    done = OrderLine.issued_at.is_not(None)
    query = select(case((done, 1), else_=0), tenths, OrderLine.company_id, func.count()).join(Test)
    query = query.where(*submitted(question, now)).group_by(done, tenths, OrderLine.company_id)
    issued, waiting, companies = Counter[float](), Counter[float](), set[str]()
    for is_issued, length, company_id, count in db.session.execute(query):
        (issued if is_issued else waiting)[int(length) / 10] += count
        companies.add(company_id)
    lines = issued.total() + waiting.total()
    if not lines or (sees_all(question.viewer) and not rules.enough(lines, len(companies))):
        return None
    steps = survival.kaplan_meier(issued.elements(), waiting.elements())
    reached = [survival.reached(steps, share) for share in (0.5, 0.8)]
    return TimeToReport(reached[0], reached[1], issued.total(), waiting.total())


def flow(question: Question, now: datetime) -> Flow | None:
    """Arrivals against what is under way, of the viewer's own lines; None without either. Two statements."""
    span = question.period.span
    end = min(span.end, now)
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
    arrived, gone, open_seconds, whole = db.session.execute(query.where(*_kept(question), *there)).one()
    if not arrived or not gone:
        return None
    length = (end - span.start).total_seconds()
    open_mean = float(open_seconds) / length
    by_law = open_mean / (arrived / (length / DAY_SECONDS))
    return Flow(int(arrived), int(gone), open_mean, by_law, float(whole) / gone / DAY_SECONDS)


def submitted(question: Question, now: datetime) -> Iterable[ColumnElement[bool]]:
    """The conditions on order_line and test for lines submitted in the period that have their report or wait for it."""
    span = question.period.span
    return (*_kept(question), OrderLine.submitted_at >= span.start, OrderLine.submitted_at < min(span.end, now))


def _kept(question: Question) -> Iterable[ColumnElement[bool]]:
    """Lines of the question that have their report or are on the way to it."""
    scope = Action.SEE_ALL_TURNAROUND if sees_all(question.viewer) else Action.SEE_TURNAROUND
    kept = OrderLine.issued_at.is_not(None) | OrderLine.state.in_(UNDER_WAY)
    return (visible(question.viewer, scope, OrderLine), kept, *filters(question))
