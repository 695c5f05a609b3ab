"""Lines whose recorded times can't be right: found, listed, and where a figure would be wrong left out of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nsmallest
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.accounts.policy import Action, visible
from app.database import db
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine
from app.turnaround.faults import LEFT_OUT, Fault, FaultyLine, has
from app.turnaround.kept import covered, theirs
from app.turnaround.models import SummarisedLines
from app.turnaround.own import wants
from app.turnaround.queries import Answer
from app.turnaround.question import Question, filters, sees_all

LISTED = 50


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A line with what is wrong with it."""

    fault: Fault
    order_id: str
    order_code: str
    lab_zh: str
    lab_en: str
    test_zh: str
    test_en: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How many lines have each fault, and the viewer's own of them; of all companies no line."""

    faults: Mapping[Fault, int]
    lines: Sequence[Doubtful]


def quality(question: Question, now: datetime) -> Quality:
    """The viewer's lines whose times can't be right, at most LISTED of each fault.

    Who sees all is told their counts, of all labs and tests together: the count of a cell would tell of lines there
    whose figures are hidden.
    """
    if sees_all(question.viewer):
        question = replace(question, lab_id=None, domain_id=None, test_id=None)
    known, beside = _known(question)
    counts = {fault: len(known[fault]) + _count(question, has(fault, now), beside) for fault in Fault}
    if sees_all(question.viewer):
        return Quality(counts, [])
    lines = []
    for fault, count in counts.items():
        if count:
            live = _first(question, has(fault, now), beside)
            codes = nsmallest(LISTED, [*((line.code, line.line_id) for line in known[fault]), *live])
            lines += [Doubtful(fault, *row) for row in _named([line_id for _code, line_id in codes])]
    return Quality(counts, lines)


def _first(question: Question, *conditions: ColumnElement[bool]) -> Iterable[tuple[str, str]]:
    """Order and id of the first lines by order."""
    query = select(Order.code, OrderLine.id).select_from(OrderLine).join(Order, Order.id == OrderLine.order_id)
    query = query.join(Test, Test.id == OrderLine.test_id).where(*_seen(question), *conditions)
    return [(code, line_id) for code, line_id in db.session.execute(query.order_by(Order.code).limit(LISTED))]


def _named(line_ids: Sequence[str]) -> Iterable[Any]:
    """Order and names of lines that are the viewer's."""
    query = (
        select(Order.id, Order.code, Lab.name_zh, Lab.name_en, Test.name_zh, Test.name_en)
        .select_from(OrderLine)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .where(OrderLine.id.in_(line_ids))
        .order_by(Order.code)
    )
    return db.session.execute(query)


def left_out(answer: Answer, now: datetime) -> int | None:
    """Lines that would count in the answer's period but for their times; of a cell that holds others' lines None."""
    if answer.published:
        return int(answer.published.facts["left_out"])
    question, own = answer.question, answer.own
    if answer.of_all and filters(question):
        return None
    span = question.period.span
    issued = and_(OrderLine.issued_at >= span.start, OrderLine.issued_at < span.end)
    known = 0
    if own:
        issued, known = own.covered.beside(span), sum(1 for _line in own.left_out())
    return known + _count(question, issued, or_(*(has(fault, now) for fault in LEFT_OUT)))


def _known(question: Question) -> tuple[Mapping[Fault, Sequence[FaultyLine]], ColumnElement[bool]]:
    """The lines with faults that the summary knows, and the condition for all that it does not."""
    known = covered(question.viewer)
    query = select(SummarisedLines.faulty).where(theirs(question.viewer), SummarisedLines.month.in_(known.months))
    found: dict[Fault, list[FaultyLine]] = defaultdict(list)
    for kept in db.session.scalars(query):
        for fault, lines in kept.items():
            found[Fault(fault)] += (line for line in (FaultyLine(*each) for each in lines) if wants(question, line))
    return found, or_(OrderLine.issued_at.is_(None), known.beside(None))


def _count(question: Question, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(OrderLine)
    if question.domain_id:
        query = query.join(Test, Test.id == OrderLine.test_id)
    return db.session.scalar(query.where(*_seen(question), *conditions)) or 0


def _seen(question: Question) -> list[ColumnElement[bool]]:
    scope = Action.SEE_ALL_TURNAROUND if sees_all(question.viewer) else Action.SEE_TURNAROUND
    return [visible(question.viewer, scope, OrderLine), *filters(question)]
