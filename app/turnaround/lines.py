"""The lines of one's own that took longer than such lines do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import nlargest
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Select, select

from app.accounts.policy import Action, visible
from app.database import db
from app.errors import Forbidden
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine
from app.turnaround import sql
from app.turnaround.cells import INSTANTS, WHOLE
from app.turnaround.own import Own
from app.turnaround.question import DAY_SECONDS, Question, sees_all
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
    # Nothing else of the question goes along, or SQLite would read all of a company's lines to find ten by their ids.
    own = visible(question.viewer, Action.SEE_TURNAROUND, OrderLine)
    return {row.line_id: row for row in _rows(_lines(question, own, OrderLine.id.in_(ids)))}


def longest(own: Own, limit: int) -> list[LineRow]:
    """The viewer's own lines that took longest."""
    ids = own.longest(limit)
    found = of_ids(own.question, ids)
    return [found[line_id] for line_id in ids]


def costliest(own: Own, of_tests: Mapping[str, Tally], limit: int) -> list[tuple[LineRow, str, float]]:
    """The viewer's own lines that took most days more than the median of their test, with the test and those days.

    of_tests: the same lines by test.
    """
    table = own.lines
    usual = {test_id: percentile(tally.whole, 0.5) for test_id, tally in of_tests.items()}
    tests = table.tests
    # Filters can leave a test without lines.
    over = table.whole - np.array([usual.get(test_id, 0.0) for test_id in tests.keys])[tests.of]
    longer = [
        (seconds, tests.keys[tests.of[place]], table.line_id(place))
        for seconds, place in table.largest(over, limit)
        if seconds > 0
    ]
    most = nlargest(limit, longer)
    found = of_ids(own.question, [line_id for _over, _test_id, line_id in most])
    return [(found[line_id], test_id, seconds / DAY_SECONDS) for seconds, test_id, line_id in most]


def _lines(question: Question, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    if sees_all(question.viewer):
        raise Forbidden()
    spans = [sql.seconds_between(begin, end) for begin, end in pairwise(INSTANTS)]
    names = (Lab.name_zh, Lab.name_en, Test.name_zh, Test.name_en, OrderLine.submitted_at, OrderLine.issued_at)
    return (
        select(OrderLine.id, Order.id, Order.code, *names, WHOLE, *spans)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .where(*conditions)
    )


def _rows(query: Select[*tuple[Any, ...]]) -> list[LineRow]:
    return [
        LineRow._make((*row[:9], *(seconds / DAY_SECONDS for seconds in row[9:]))) for row in db.session.execute(query)
    ]
