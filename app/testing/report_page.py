"""What stands on the page of a report's version, and in the sections of bookings and orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, allowed
from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine
from app.orders.queries import visible_order
from app.testing import queries, rights
from app.testing.downloads import Fetched, Kept, fetched, files_by_id
from app.testing.models import TestReport
from app.testing.queries import VersionRow
from app.testing.rights import Holder
from app.testing.rules import NEXT_RIGHT, OPEN, ReportState, Right, Step
from app.worktime import local_date


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next with a version. need: whether the reader must act."""

    text: str
    need: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The reports of one line as a booking or an order shows them. may_draft: the reader may hand in a PDF now."""

    versions: Sequence[VersionRow]
    next: Next | None
    may_draft: bool
    newest_version: int


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Everything on `/reports/<id>`. company: None where the reader may not know it."""

    row: VersionRow
    versions: Sequence[VersionRow]
    order: Order
    line: OrderLine
    test: Test
    lab: Lab
    company: Organisation | None
    booking: Booking | None
    names: Mapping[str, str]
    next: Next | None
    steps: Sequence[Step]
    may_draft: bool
    downloads: Sequence[Fetched]


def next_of(viewer: Viewer, row: VersionRow, may: Sequence[Holder], now: datetime) -> Next | None:
    """Who does what next with a version that is under way. may: who holds rights at its lab today."""
    state = row.report.state
    if state not in OPEN:
        return None
    right = NEXT_RIGHT.get(state)
    holders = [each for each in may if each.right is right]
    names = "、".join(dict.fromkeys(each.name for each in holders)) or gettext("业务受理")
    mine = bool(steps_of(viewer, row, may)) or (state is ReportState.RETURNED and viewer.is_lab)
    texts = {
        ReportState.DRAFTED: gettext("待审核：%(names)s。", names=names),
        ReportState.RETURNED: gettext("审核退回，请改好再传：%(comment)s", comment=row.report.comment),
        ReportState.REVIEWED: gettext("已审核，待批准：%(names)s。", names=names),
        ReportState.APPROVED: gettext("已批准，待签发：业务受理填编号和日期。"),
    }
    return Next(texts[state], need=mine)


def steps_of(viewer: Viewer, row: VersionRow, may: Sequence[Holder]) -> list[Step]:
    """The steps that the viewer's rights allow now; whether somebody else must do one is told when he tries."""
    report = row.report
    desk = rights.is_desk(viewer, report.lab_id)

    def has(right: Right) -> bool:
        holders = {each.user_id for each in may if each.right is right}
        return viewer.user_id in holders if holders else desk

    if not viewer.is_lab:
        return []
    match report.state:
        case ReportState.DRAFTED:
            return [Step.REVIEW, Step.RETURN] if has(Right.REVIEWER) else []
        case ReportState.REVIEWED:
            return [Step.APPROVE, Step.RETURN] if has(Right.SIGNATORY) else []
        case ReportState.APPROVED:
            return [Step.ISSUE] if desk or any(each.user_id == viewer.user_id for each in may) else []
        case ReportState.ISSUED:
            return [Step.WITHDRAW] if has(Right.SIGNATORY) else []
    return []


def section(viewer: Viewer, booking: Booking, now: datetime) -> Section | None:
    """The reports of a completed booking's line; None before, and for those who may not open any."""
    if booking.state is not State.COMPLETED:
        return None
    versions = queries.versions_of(viewer, [booking.order_line_id], now).get(booking.order_line_id, [])
    may = rights.holders(db.session(), booking.lab_id, local_date(now)) if viewer.is_lab else []
    may_draft = _may_draft(viewer, booking.lab_id, versions, may)
    if not versions and not may_draft:
        return None
    return Section(
        versions,
        next_of(viewer, versions[-1], may, now) if versions else None,
        may_draft,
        versions[-1].report.version if versions else 0,
    )


def _may_draft(viewer: Viewer, lab_id: str, versions: Sequence[VersionRow], may: Sequence[Holder]) -> bool:
    works = rights.is_desk(viewer, lab_id) or any(each.user_id == viewer.user_id for each in may)
    state = versions[-1].report.state if versions else None
    return works and state not in (ReportState.REVIEWED, ReportState.APPROVED)


def page(viewer: Viewer, report_id: str, now: datetime) -> ReportPage:
    """The page of one version that the viewer may open. Raises NotFound."""
    row = queries.visible_report(viewer, report_id, now)
    report = row.report
    versions = queries.versions_of(viewer, [report.order_line_id], now)[report.order_line_id]
    line = db.session.get_one(OrderLine, report.order_line_id)
    order = visible_order(viewer, line.order_id)
    may = rights.holders(db.session(), report.lab_id, local_date(now)) if viewer.is_lab else []
    newest = versions[-1].report.id == report.id
    return ReportPage(
        row=row,
        versions=versions,
        order=order.order,
        line=line,
        test=next(each.test for each in order.lines if each.line.id == line.id),
        lab=order.lab,
        company=order.company if allowed(viewer, Action.SEE_BOOKING_COMPANY, report) else None,
        booking=queries.booking_of_line(db.session(), line.id),
        names=queries.names_of(each.report for each in versions),
        next=next_of(viewer, row, may, now),
        steps=steps_of(viewer, row, may),
        may_draft=newest and _may_draft(viewer, report.lab_id, versions, may),
        downloads=_downloads(viewer, report),
    )


def _downloads(viewer: Viewer, report: TestReport) -> list[Fetched]:
    stored = files_by_id([report.file_id]).values()
    return fetched(viewer, [Kept(file, report) for file in stored])


def parts_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, Any]:
    """The versions of each line that the viewer may open."""
    return queries.versions_of(viewer, [line.id for line in lines], now)


def events_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, Any]:
    """What happened to the reports of each line."""
    return queries.events_of([line.id for line in lines])
