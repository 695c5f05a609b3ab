"""A test with its retests as one: from the first submission to the last report."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine
from app.turnaround import rules, sql
from app.turnaround.queries import DAY_SECONDS, Question, complete
from app.turnaround.tally import percentile


@dataclass(frozen=True, slots=True)
class Chains:
    """Tests done more than once whose last report was issued in the period. median: days from the first submission.

    In all other figures each of these lines counts by itself.
    """

    count: int
    median: float | None


def chains(question: Question) -> Chains:
    """Of the viewer's own lines. One statement. Raises Forbidden."""
    first, later = aliased(OrderLine), aliased(OrderLine)
    same = (first.order_id == OrderLine.order_id, first.position == OrderLine.position, first.attempt == 1)
    is_last = ~(
        select(later.id)
        .where(later.order_id == OrderLine.order_id, later.position == OrderLine.position)
        .where(later.attempt > OrderLine.attempt)
        .exists()
    )
    query = (
        select(func.coalesce(sql.seconds_between(first.submitted_at, OrderLine.issued_at), 0))
        .select_from(OrderLine)
        .join(Test, Test.id == OrderLine.test_id)
        .join(first, same[0] & same[1] & same[2])
        .where(OrderLine.attempt > 1, is_last, *complete(question))
    )
    took = sorted(db.session.scalars(query))
    return Chains(len(took), rules.tenths(percentile(took, 0.5) / DAY_SECONDS) if took else None)
