"""API of a report's versions: draft, review, approve, issue, withdraw; reading and fetching them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.accounts.policy import Viewer
from app.api import DayOrInstant, SentFile, Version, example, iso
from app.booking.schemas import BookingPath, Name
from app.clock import now
from app.database import db
from app.errors import NotFound
from app.files.models import StoredFile
from app.files.sending import send
from app.files.service import Upload
from app.files.uploads import takes_files
from app.orders.queries import visible_order
from app.orders.schemas import OrderPath
from app.testing import queries, reports
from app.testing.models import TestReport
from app.testing.queries import VersionRow
from app.testing.reports import Draft, Issue, ReportStep
from app.testing.rules import MOST_REASON, PDF, ReportState, Standing

bp = token_blueprint("reports_api", __name__, "reports")

CONTENT: dict[str, Any] = {
    "description": "The PDF",
    "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
}


class VersionModel(BaseModel):
    """`edition`: 1, 2, … of the line's report; `version`: to be given back with the next step. `standing`: what an
    issued edition is worth now, null before. `sha256`, `size` (bytes): null where the lab keeps the file itself.
    `comment`: why it was returned, for the lab alone.
    """

    id: str
    line: str
    edition: int
    version: int
    state: ReportState
    standing: Standing | None
    number: str | None
    issued_at: str | None
    size: int | None
    sha256: str | None
    verify_code: str
    replaces: str | None
    replaced_by: str | None
    drafted_at: str | None
    reviewed_at: str | None
    approved_at: str | None
    withdrawn_at: str | None
    withdrawn_reason: str
    comment: str

    @classmethod
    def of(cls, row: VersionRow) -> "VersionModel":
        report = row.report
        return cls(
            id=report.id,
            line=report.order_line_id,
            edition=report.edition,
            version=report.version,
            state=report.state,
            standing=row.standing,
            number=report.number,
            issued_at=iso(report.issued_at),
            size=report.size,
            sha256=report.sha256,
            verify_code=report.verify_code,
            replaces=report.replaces_id,
            replaced_by=row.replaced_by.id if row.replaced_by else None,
            drafted_at=iso(report.drafted_at),
            reviewed_at=iso(report.reviewed_at),
            approved_at=iso(report.approved_at),
            withdrawn_at=iso(report.withdrawn_at),
            withdrawn_reason=report.withdrawn_reason,
            comment="" if report.shown else report.comment,
        )


class VersionList(BaseModel):
    items: list[VersionModel]
    next: str | None


class NewDraft(BaseModel):
    """`version`: that of the line's newest report version as last seen; 0 where there is none."""

    model_config = example(file="JC-2026-0412.pdf", version=0)

    file: SentFile
    version: int = Field(0, ge=0, le=2**31 - 1)


class ReportStepBody(BaseModel):
    """`reason`: needed to return or withdraw."""

    model_config = example(version=2, reason="第 3 页温度曲线缺单位")

    version: Version
    reason: str = Field("", max_length=MOST_REASON)


class IssueBody(BaseModel):
    """`issued_at`: an instant with offset, or a local date; not before the approval."""

    model_config = example(version=3, number="JC-2026-0412", issued_at="2026-12-18")

    version: Version
    number: Name
    issued_at: DayOrInstant


class ReportPath(BaseModel):
    report_id: str = Field(max_length=24)


@bp.get("/orders/<string:order_id>/reports", responses={200: VersionList})
def list_reports(path: OrderPath) -> Any:
    """Versions of all lines of an order that the caller may open; a company those that were issued."""
    viewer = require_api_viewer()
    order = visible_order(viewer, path.order_id)
    found = queries.versions_of(viewer, [each.line.id for each in order.lines], now())
    rows = [row for each in order.lines for row in found.get(each.line.id, ())]
    return {"items": [VersionModel.of(row).model_dump(mode="json") for row in rows], "next": None}


@bp.get("/reports/<string:report_id>", responses={200: VersionModel})
def get_report(path: ReportPath) -> Any:
    """One version of a report."""
    return _shown(require_api_viewer(), path.report_id)


@bp.get("/reports/<string:report_id>/content", responses={200: CONTENT})
def get_report_content(path: ReportPath) -> Any:
    """The PDF of a version; the download is noted."""
    viewer = require_api_viewer()
    report = queries.visible_report(viewer, path.report_id, now()).report
    stored = db.session.get(StoredFile, report.file_id) if report.file_id else None
    if stored is None:
        raise NotFound()
    return send(viewer, stored, now())


@bp.post("/bookings/<string:booking_id>/reports", responses={201: VersionModel})
@takes_files
def draft_report(path: BookingPath, form: NewDraft) -> Any:
    """Hand in a PDF: a new version, or instead of what was drafted or returned."""
    viewer = require_api_viewer()
    upload = Upload(form.file.filename or "", form.file.stream)
    report = reports.draft(viewer, Draft(path.booking_id, form.version, upload), now())
    return _shown(viewer, report.id), 201


@bp.post("/reports/<string:report_id>/review", responses={200: VersionModel})
def review_report(path: ReportPath, body: ReportStepBody) -> Any:
    """The reviewer has checked it."""
    return _stepped(reports.review, path, body)


@bp.post("/reports/<string:report_id>/return", responses={200: VersionModel})
def return_report(path: ReportPath, body: ReportStepBody) -> Any:
    """Back to be drafted again, with the reason."""
    return _stepped(reports.give_back, path, body)


@bp.post("/reports/<string:report_id>/approve", responses={200: VersionModel})
def approve_report(path: ReportPath, body: ReportStepBody) -> Any:
    """The authorised signatory approves it."""
    return _stepped(reports.approve, path, body)


@bp.post("/reports/<string:report_id>/issue", responses={200: VersionModel})
def issue_version(path: ReportPath, body: IssueBody) -> Any:
    """Issue it under a number; the first issue of a line ends its turnaround."""
    viewer = require_api_viewer()
    command = Issue(path.report_id, body.version, number=body.number, issued_on=body.issued_at)
    return _shown(viewer, reports.issue(viewer, command, now()).id)


@bp.post("/reports/<string:report_id>/withdraw", responses={200: VersionModel})
def withdraw_report(path: ReportPath, body: ReportStepBody) -> Any:
    """An issued version is no longer valid, with the reason."""
    return _stepped(reports.withdraw, path, body)


def _stepped(act: Callable[[Viewer, ReportStep, datetime], TestReport], path: ReportPath, body: ReportStepBody) -> Any:
    viewer = require_api_viewer()
    return _shown(viewer, act(viewer, ReportStep(path.report_id, body.version, body.reason), now()).id)


def _shown(viewer: Viewer, report_id: str) -> dict[str, Any]:
    return VersionModel.of(queries.visible_report(viewer, report_id, now())).model_dump(mode="json")
