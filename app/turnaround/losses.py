"""What lines lost time to: stops of the clock and pauses of runs by cause, tests done again, late samples for which
they were moved.

Of lines that the summary knows it has also what they had lost by then. A stop or pause that ended since, even of a line
issued long ago, is read live: it ends at the instant of its recording. What was lost goes with the line: a lab to which
it has moved is told what was lost before, as in its share of waiting for the customer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select

from app.booking.models import MoveProposal
from app.booking.move_rules import MoveCause
from app.database import db
from app.labs.models import Test
from app.orders.models import ClockStop, OrderLine
from app.testing.models import RunPause
from app.turnaround import sql
from app.turnaround.cells import COUNTABLE, MONTH, WHOLE
from app.turnaround.chains import REPEATED
from app.turnaround.kept import Covered, losses_until
from app.turnaround.models import SummarisedMonth
from app.turnaround.own import Losses, Own
from app.turnaround.question import Question, complete, countable

Query = Select[*tuple[Any, ...]]
Ended = type[ClockStop] | type[RunPause]
# The one cause of a move whose time is counted.
_LATE = literal(MoveCause.SAMPLE_LATE, MoveProposal.cause.type)
ENDED: Mapping[str, Ended] = {"customer": ClockStop, "pause": RunPause}


def queries(question: Question) -> Mapping[str, Query]:
    """By kind of loss: cause, line, company and seconds of the lines of the question. Raises Forbidden."""
    return {kind: query.where(*complete(question)) for kind, query in _kinds()}


class Lost:
    """By cause of `causes.LABELS` the seconds lost to it, the lines that lost them, and how many of these each company
    has; companies are not told apart where all lines are the viewer's own.
    """

    def __init__(self) -> None:
        self.seconds = Counter[str]()
        self.lines = defaultdict[str, set[str]](set)
        self.companies = defaultdict[str, Counter[str]](Counter)

    def read(self, kind: str, query: Query) -> None:
        """Add what a query of `queries` finds."""
        for cause, line_id, company_id, lost in db.session.execute(query):
            key = f"{kind}:{cause.value}"
            self.seconds[key] += int(lost)
            if line_id not in self.lines[key]:
                self.lines[key].add(line_id)
                self.companies[key][company_id] += 1

    def add(self, kept: Losses) -> None:
        """Add what the summary keeps."""
        for cause, (lines, seconds) in kept.items():
            self.lines[cause].update(lines)
            self.seconds[cause] += sum(seconds)


def of_all(question: Question) -> Lost:
    """What the lines of the question lost, read now. Four statements. Raises Forbidden."""
    found = Lost()
    for kind, query in queries(question).items():
        found.read(kind, query)
    return found


def of_own(own: Own) -> Lost:
    """What the viewer's own lines lost, from the summary as far as it knows."""
    question, found, months = own.question, Lost(), dict(own.covered.months)
    for month, kept in own.losses():
        if kept is None:
            months.pop(month, None)
        else:
            found.add(kept)
    known, until = Covered(months), losses_until()
    for kind, query in _kinds():
        model = ENDED.get(kind)
        found.read(kind, query.where(*countable(question), known.beside(question.period.span)))
        if model and until and (ids := _ended_since(model, until)):
            of_known = query.where(*complete(question), model.id.in_(ids), *_not_summarised(model, known))
            found.read(kind, of_known.join(SummarisedMonth, SummarisedMonth.month == MONTH))
    return found


def of_month(inside: Sequence[ColumnElement[bool]], until: datetime) -> Iterator[tuple[str, str, str, str, int]]:
    """Company, lab, cause, line and seconds of all losses of lines for which the conditions hold, but for stops and
    pauses that had not ended before `until`. Four statements.
    """
    for kind, query in _kinds():
        ended = [ENDED[kind].ended_at < until] if kind in ENDED else []
        rows = query.add_columns(OrderLine.lab_id).where(*inside, *COUNTABLE, *ended)
        for cause, line_id, company_id, seconds, lab_id in db.session.execute(rows):
            yield company_id, lab_id, f"{kind}:{cause.value}", line_id, int(seconds)


def months_with_more(until: datetime) -> set[str]:
    """The summarised months in whose lines a stop or pause ended before `until`, but after they were made."""
    since, found = losses_until(), set[str]()
    for query, model in ((_stops(), ClockStop), (_pauses(), RunPause)):
        later = query.with_only_columns(MONTH).distinct().join(SummarisedMonth, SummarisedMonth.month == MONTH)
        ended = model.ended_at < until, model.ended_at >= SummarisedMonth.as_of
        found |= set(db.session.scalars(later.where(*ended, *([model.ended_at >= since] if since else []))))
    return found


def _kinds() -> Iterable[tuple[str, Query]]:
    return ("customer", _stops()), ("pause", _pauses()), ("retest", _retests()), ("move", _moves())


def _ended_since(model: Ended, until: datetime) -> list[str]:
    """The ids of those that ended since, and of runs that stand still; of whatever lines, and few."""
    later = [model.ended_at >= until] if model is ClockStop else [model.ended_at >= until, model.ended_at.is_(None)]
    return list(db.session.scalars(select(model.id).where(or_(*later))))


def _not_summarised(model: Ended, known: Covered) -> Iterable[ColumnElement[bool]]:
    """Of lines that the summary knows, what had not ended when it was made."""
    ended = or_(model.ended_at.is_(None), model.ended_at >= SummarisedMonth.as_of)
    return SummarisedMonth.month.in_(known.months), OrderLine.issued_at < SummarisedMonth.as_of, ended


def _stops() -> Query:
    """Stops of the order's clock, as far as they lie in the line's own time."""
    began = case((ClockStop.started_at > OrderLine.submitted_at, ClockStop.started_at), else_=OrderLine.submitted_at)
    ended = case((ClockStop.ended_at < OrderLine.issued_at, ClockStop.ended_at), else_=OrderLine.issued_at)
    return (
        select(ClockStop.cause, OrderLine.id, OrderLine.company_id, sql.seconds_between(began, ended))
        .join(OrderLine, OrderLine.order_id == ClockStop.order_id)
        .join(Test, Test.id == OrderLine.test_id)
        .where(ClockStop.started_at < OrderLine.issued_at, ClockStop.ended_at > OrderLine.submitted_at)
    )


def _pauses() -> Query:
    lost = sql.seconds_between(RunPause.started_at, func.coalesce(RunPause.ended_at, OrderLine.ended_at))
    return (
        select(RunPause.cause, OrderLine.id, OrderLine.company_id, lost)
        .join(OrderLine, OrderLine.id == RunPause.order_line_id)
        .join(Test, Test.id == OrderLine.test_id)
    )


def _moves() -> Query:
    """By how much late samples put the bench time off."""
    return (
        select(_LATE, OrderLine.id, OrderLine.company_id, OrderLine.sample_late_seconds)
        .join(Test, Test.id == OrderLine.test_id)
        .where(OrderLine.sample_late_seconds > 0)
    )


def _retests() -> Query:
    """A test that is done again costs all of its own time."""
    return (
        select(OrderLine.retest_cause, OrderLine.id, OrderLine.company_id, WHOLE)
        .join(Test, Test.id == OrderLine.test_id)
        .where(REPEATED, OrderLine.retest_cause.is_not(None))
    )
