"""Pages of a report's versions: drafting, the steps, the file, the cover sheet."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import segno
from flask import Blueprint, Response, redirect, render_template, url_for

from app.accounts.current import login_required, viewer
from app.accounts.policy import Viewer
from app.booking.queries import visible_booking
from app.clock import now
from app.database import db
from app.errors import NotFound
from app.files.models import StoredFile
from app.files.sending import send
from app.files.uploads import takes_files
from app.forms import CommandForm
from app.testing import queries, report_page, reports, rights, rules
from app.testing.cover import cover
from app.testing.cover_pdf import cover_pdf
from app.testing.forms import DraftForm, IssueVersionForm, StepForm
from app.testing.models import TestReport
from app.testing.rules import Step
from app.worktime import local_date

bp = Blueprint("reports", __name__)

STEPS: dict[Step, Callable[[Viewer, Any, datetime], TestReport]] = {
    Step.REVIEW: reports.review,
    Step.RETURN: reports.give_back,
    Step.APPROVE: reports.approve,
    Step.ISSUE: reports.issue,
    Step.WITHDRAW: reports.withdraw,
}


@bp.route("/bookings/<booking_id>/report/draft", methods=["GET", "POST"])
@login_required
@takes_files
def draft(booking_id: str) -> Any:
    """Hand in a PDF for the report of a completed booking."""
    booking = visible_booking(viewer(), booking_id)
    rights.check_worker(viewer(), booking.lab_id, now())
    section = report_page.section(viewer(), booking, now())
    form = DraftForm(booking.id, section.newest_version if section else 0)
    if made := form.run(lambda command: reports.draft(viewer(), command, now())):
        return redirect(url_for(".detail", report_id=made.id), 303)
    return render_template("testing/draft.html", booking=booking, form=form), form.status


@bp.get("/reports/<report_id>")
@login_required
def detail(report_id: str) -> Any:
    return _page(report_id, None, None)


@bp.post("/reports/<report_id>/<report_step>")
@login_required
def step(report_id: str, report_step: str) -> Any:
    """`review`, `return`, `approve`, `issue` or `withdraw`; a refusal shows the report as it is now."""
    report = queries.visible_report(viewer(), report_id, now()).report
    if report_step not in set(Step):
        raise NotFound()
    form = _form(Step(report_step), report)
    if form.run(lambda command: STEPS[Step(report_step)](viewer(), command, now())):
        return redirect(url_for(".detail", report_id=report_id), 303)
    return _page(report_id, Step(report_step), form), form.status


def _form(step: Step, report: TestReport) -> StepForm | IssueVersionForm:
    if step is not Step.ISSUE:
        return StepForm(report)
    first = queries.first_number(db.session(), report.order_line_id)
    return IssueVersionForm(report, rules.next_number(first, report.edition), local_date(now()))


def _page(report_id: str, refused: Step | None, form: CommandForm | None) -> str:
    page = report_page.page(viewer(), report_id, now())
    forms = {each: form if form and each is refused else _form(each, page.row.report) for each in page.steps}
    draft_form = DraftForm(page.booking.id, page.row.report.version) if page.booking and page.may_draft else None
    return render_template("testing/report.html", page=page, forms=forms, draft_form=draft_form, refused_form=form)


@bp.get("/reports/<report_id>/file")
@login_required
def file(report_id: str) -> Response:
    """The PDF of a version; the download is noted."""
    report = queries.visible_report(viewer(), report_id, now()).report
    stored = db.session.get(StoredFile, report.file_id) if report.file_id else None
    if stored is None:
        raise NotFound()
    return send(viewer(), stored, now())


@bp.get("/reports/<report_id>/cover")
@login_required
def cover_sheet(report_id: str) -> str:
    """The cover sheet from the order's data, to be printed."""
    return render_template("testing/cover.html", page=cover(viewer(), report_id, now()))


@bp.get("/reports/<report_id>/cover.pdf")
@login_required
def cover_file(report_id: str) -> Response:
    """The same as PDF, where the extra for it is installed."""
    page = cover(viewer(), report_id, now())
    report = page.report.row.report
    address = url_for("verify.code", code=report.verify_code, _external=True)
    response = Response(cover_pdf(page, address), mimetype=rules.PDF)
    name = f"cover-{page.report.order.code}-{report.edition}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.cache_control.no_store = True
    return response


@bp.get("/reports/<report_id>/qr.svg")
@login_required
def qr(report_id: str) -> Response:
    """The address of the public page of a version as a QR code (ISO/IEC 18004)."""
    report = queries.visible_report(viewer(), report_id, now()).report
    drawn = io.BytesIO()
    address = url_for("verify.code", code=report.verify_code, _external=True)
    segno.make(address, error="m").save(drawn, kind="svg", border=2)
    return Response(drawn.getvalue(), mimetype="image/svg+xml")
