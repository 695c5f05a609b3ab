"""What is asked about turnaround: whose lines, issued when, and which of them count."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from app.accounts.policy import GRANTS, Action, Viewer, allowed, visible
from app.errors import Forbidden
from app.labs.models import Test
from app.orders.models import OrderLine, OrderState
from app.turnaround.cells import COUNTABLE
from app.turnaround.figures import DAY_SECONDS as DAY_SECONDS
from app.turnaround.rules import Period

UNDER_WAY = (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.TESTING, OrderState.REPORTING)


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines: of whom (`viewer`), issued when, and where wanted of one lab, domain or test only."""

    viewer: Viewer
    period: Period
    lab_id: str | None = None
    domain_id: str | None = None
    test_id: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether only some of the viewer's lines are asked for."""
        return bool(self.lab_id or self.domain_id or self.test_id)


def sees_all(viewer: Viewer) -> bool:
    """True for who sees all lines as statistics, False for who sees his own. Raises Forbidden for everybody else."""
    if allowed(viewer, Action.SEE_ALL_TURNAROUND):
        return True
    if viewer.role in GRANTS[Action.SEE_TURNAROUND]:
        return False
    raise Forbidden()


def complete(question: Question) -> list[ColumnElement[bool]]:
    """The conditions on order_line and test for the lines of the question that count in its figures."""
    span = question.period.span
    return [*countable(question), OrderLine.issued_at >= span.start, OrderLine.issued_at < span.end]


def countable(question: Question) -> list[ColumnElement[bool]]:
    """The same without the period."""
    viewer = question.viewer
    scope = Action.SEE_ALL_TURNAROUND if sees_all(viewer) else Action.SEE_TURNAROUND
    return [visible(viewer, scope, OrderLine), *COUNTABLE, *filters(question)]


def filters(question: Question) -> list[ColumnElement[bool]]:
    """Of one lab, domain or test only."""
    wanted = (
        (OrderLine.lab_id, question.lab_id),
        (Test.domain_id, question.domain_id),
        (OrderLine.test_id, question.test_id),
    )
    return [column == value for column, value in wanted if value]
