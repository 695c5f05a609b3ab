"""A test with its retests as one: from the first submission to the last report."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, literal_column, select
from sqlalchemy.orm import aliased

from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine
from app.turnaround import rules, sql
from app.turnaround.question import DAY_SECONDS, Question, complete
from app.turnaround.tally import percentile

# As a literal, so that the databases find the small index of what was done again.
REPEATED = OrderLine.attempt > literal_column("1")


@dataclass(frozen=True, slots=True)
class Chains:
    """Tests done more than once whose last report was issued in the period. median: days from the first submission.

    In all other figures each of these lines counts by itself.
    """

    count: int
    median: float | None


def chains(question: Question) -> Chains:
    """Of the viewer's own lines. One statement. Raises Forbidden."""
    first = aliased(OrderLine)
    query = (
        select(whole_chain(first))
        .select_from(OrderLine)
        .join(Test, Test.id == OrderLine.test_id)
        .join(first, same_test(first))
        .where(is_last(), *complete(question))
    )
    took = sorted(db.session.scalars(query))
    return Chains(len(took), rules.tenths(percentile(took, 0.5) / DAY_SECONDS) if took else None)


def same_test(first: type[OrderLine]) -> ColumnElement[bool]:
    """Whether `first`, an alias, is the first line of the chain in which order_line stands."""
    return and_(first.order_id == OrderLine.order_id, first.position == OrderLine.position, first.attempt == 1)


def is_last() -> ColumnElement[bool]:
    """Whether order_line is the last of several lines of one test."""
    later = aliased(OrderLine)
    after = (
        select(later.id)
        .where(later.order_id == OrderLine.order_id, later.position == OrderLine.position)
        .where(later.attempt > OrderLine.attempt)
    )
    return and_(REPEATED, ~after.exists())


def whole_chain(first: type[OrderLine]) -> ColumnElement[int]:
    """Seconds from the submission of the first line to the report of order_line."""
    return func.coalesce(sql.seconds_between(first.submitted_at, OrderLine.issued_at), 0)
