"""Lines of the database as `LineFacts`: what is reckoned of single lines, read now."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from sqlalchemy import ColumnElement, literal, select

from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine
from app.turnaround import sql
from app.turnaround.cells import INSTANTS, WHOLE
from app.turnaround.columns import Kind, LineFacts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUBMITTED = sql.seconds_between(literal(EPOCH, OrderLine.submitted_at.type), OrderLine.submitted_at)
ISSUED_ON = sql.local_date(OrderLine.issued_at)
# Of a month, of a company.
Found = tuple[str, str, LineFacts]


def facts(conditions: Sequence[ColumnElement[bool]], first_year: int, last_year: int) -> Iterator[Found]:
    """The countable lines for which the conditions on order_line and test hold, with month and company. One statement.

    The years are those of issue.
    """
    spans = [sql.seconds_between(begin, end) for begin, end in pairwise(INSTANTS)]
    working = sql.working_days(OrderLine.submitted_at, OrderLine.issued_at, first_year, last_year)
    query = (
        select(
            ISSUED_ON,
            OrderLine.company_id,
            OrderLine.id,
            OrderLine.lab_id,
            OrderLine.test_id,
            Test.domain_id,
            WHOLE,
            working,
            SUBMITTED,
            *spans,
            OrderLine.customer_seconds,
            OrderLine.paused_seconds,
        )
        .join(Test, Test.id == OrderLine.test_id)
        .where(*conditions)
    )
    for day, company_id, line_id, lab, test, domain, whole, worked, submitted, *parts in db.session.execute(query):
        kind = Kind(lab, test, domain)
        yield day[:7], company_id, LineFacts(line_id, kind, whole, worked, submitted, int(day[8:]), tuple(parts))
