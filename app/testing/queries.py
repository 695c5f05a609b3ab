"""Questions about reports."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, visible
from app.database import db
from app.testing.models import TestReport


def reports_of(viewer: Viewer, line_ids: Iterable[str]) -> dict[str, TestReport]:
    """Issued reports that the viewer may see, by order line."""
    query = select(TestReport).where(
        TestReport.order_line_id.in_(list(line_ids)), visible(viewer, Action.SEE_BOOKING, TestReport)
    )
    return {report.order_line_id: report for report in db.session.scalars(query)}


def report_of_line(session: Session, line_id: str) -> TestReport | None:
    """The report of a line, whoever asks: for services."""
    return session.scalar(select(TestReport).where(TestReport.order_line_id == line_id))


def number_in_use(session: Session, lab_id: str, number: str) -> bool:
    """Whether the lab has a report of this number."""
    query = select(TestReport.id).where(TestReport.lab_id == lab_id, TestReport.number == number)
    return session.scalar(query) is not None
