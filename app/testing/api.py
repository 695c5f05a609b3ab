"""API of reports: the lab records number and instant of issue."""

from typing import Any

from pydantic import BaseModel

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import DayOrInstant, Version, example, iso
from app.booking.schemas import BookingPath, Name
from app.clock import now
from app.testing import evidence_api, report_api, run_api, service

bp = token_blueprint("testing_api", __name__, "reports")
blueprints = (bp, report_api.bp, evidence_api.bp, run_api.bp, run_api.bench_bp)


class NewReport(BaseModel):
    """`version`: the booking's as last seen. `issued_at`: an instant with offset, or a local date."""

    model_config = example(number="JC-2026-0412", issued_at="2026-12-18", version=6)

    number: Name
    issued_at: DayOrInstant
    version: Version


class ReportModel(BaseModel):
    id: str
    booking: str
    number: str
    issued_at: str


@bp.post("/bookings/<string:booking_id>/report", responses={201: ReportModel})
def issue_report(path: BookingPath, body: NewReport) -> Any:
    """Record the issued report of a completed booking, which ends its turnaround."""
    command = service.IssueReport(path.booking_id, body.number, body.issued_at, body.version)
    report = service.issue_report(require_api_viewer(), command, now())
    number, issued_at = str(report.number), str(iso(report.issued_at))
    found = ReportModel(id=report.id, booking=path.booking_id, number=number, issued_at=issued_at)
    return found.model_dump(), 201
