"""The lines of one's own that took longer than such lines do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import nlargest
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from app.database import db
from app.errors import Forbidden
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine
from app.turnaround import sql
from app.turnaround.cells import INSTANTS, WHOLE
from app.turnaround.queries import DAY_SECONDS, Question, complete, sees_all
from app.turnaround.tally import Tally, percentile


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


def of_ids(question: Question, ids: Sequence[str]) -> dict[str, LineRow]:
    """These of the viewer's own lines by id. Raises Forbidden."""
    return {row.line_id: row for row in _rows(_lines(question).where(OrderLine.id.in_(ids)))}


def costliest(question: Question, of_tests: Mapping[str, Tally], limit: int) -> list[tuple[LineRow, str, float]]:
    """The viewer's own lines that took most days more than the median of their test, with the test and those days.

    of_tests: the lines of the question by test. Raises Forbidden.
    """
    usual = {test_id: percentile(tally.whole, 0.5) for test_id, tally in of_tests.items()}
    query = select(OrderLine.id, OrderLine.test_id, WHOLE).join(Test, Test.id == OrderLine.test_id)
    rows = db.session.execute(query.where(*complete(question)))
    over = ((whole - usual.get(test_id, whole), test_id, line_id) for line_id, test_id, whole in rows)
    most = [row for row in nlargest(limit, over) if row[0] > 0]
    found = of_ids(question, [line_id for _over, _test_id, line_id in most])
    return [(found[line_id], test_id, seconds / DAY_SECONDS) for seconds, test_id, line_id in most]


def _lines(question: Question) -> Select[*tuple[Any, ...]]:
    if sees_all(question.viewer):
        raise Forbidden()
    spans = [sql.seconds_between(begin, end) for begin, end in pairwise(INSTANTS)]
    names = (Lab.name_zh, Lab.name_en, Test.name_zh, Test.name_en, OrderLine.submitted_at, OrderLine.issued_at)
    return (
        select(OrderLine.id, Order.id, Order.code, *names, WHOLE, *spans)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .where(*complete(question))
    )


def _rows(query: Select[*tuple[Any, ...]]) -> list[LineRow]:
    return [
        LineRow._make((*row[:9], *(seconds / DAY_SECONDS for seconds in row[9:]))) for row in db.session.execute(query)
    ]
