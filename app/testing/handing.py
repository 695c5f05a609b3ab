"""What leaving staff answer for in testing: reports in work that they drafted, and the rights to review and sign."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from flask_babel import gettext
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.handing_over import Kind, provide
from app.accounts.models import Membership
from app.database import db
from app.errors import N_
from app.orders.models import OrderLine
from app.testing.models import LabRight, TestReport
from app.testing.rules import ReportState

IN_WORK = (ReportState.DRAFTED, ReportState.RETURNED, ReportState.REVIEWED, ReportState.APPROVED)


def init_app(app: Flask) -> None:
    """Tell what has an owner."""
    provide(
        app,
        Kind("reports", N_("在办报告"), _reports, _give_report, _order_of),
        Kind("rights", N_("审核和签字权限"), _rights, _give_right, lambda right: gettext(right.right.label)),
    )


def _reports(session: Session, member: Membership, _now: datetime) -> Sequence[TestReport]:
    own = TestReport.drafted_by_id == member.user_id, TestReport.lab_id.in_(member.lab_ids)
    query = select(TestReport).where(*own, TestReport.state.in_(IN_WORK))
    return session.scalars(query.order_by(TestReport.drafted_at)).all()


def _order_of(report: TestReport) -> str:
    return db.session.get_one(OrderLine, report.order_line_id).order.code


def _give_report(_session: Session, report: TestReport, _old: Membership, new: Membership) -> None:
    """Who uploaded it stays in its history; the colleague answers for it, and so can't review it himself."""
    report.drafted_by_id = new.user_id
    report.version += 1


def _rights(session: Session, member: Membership, _now: datetime) -> Sequence[LabRight]:
    return session.scalars(select(LabRight).where(LabRight.membership_id == member.id).order_by(LabRight.right)).all()


def _give_right(session: Session, right: LabRight, _old: Membership, new: Membership) -> None:
    """The colleague has it once."""
    has = select(LabRight.id).where(
        LabRight.lab_id == right.lab_id, LabRight.membership_id == new.id, LabRight.right == right.right
    )
    if session.scalar(has) is None:
        right.membership_id = new.id
    else:
        session.execute(delete(LabRight).where(LabRight.id == right.id))
