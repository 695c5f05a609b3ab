"""Pages of testing: recording that a report was issued; reports as part of bookings and orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, Viewer, require
from app.booking.models import Booking
from app.booking.queries import visible_booking
from app.clock import now
from app.orders.models import OrderLine
from app.orders.parts import provide
from app.testing import (
    evidence_views,
    handing,
    queries,
    report_page,
    report_views,
    reuse,
    run_views,
    service,
    verify,
    work_pages,
    work_sheet,
)
from app.testing.forms import DraftForm, IssueForm
from app.testing.models import TestReport
from app.worktime import local_date

bp = Blueprint("testing", __name__)
blueprints = (bp, report_views.bp, evidence_views.bp, verify.bp, run_views.bp, work_pages.bp)


def init_app(app: Flask) -> None:
    """Hand reports to the pages of bookings and orders, and the form to the page of a booking."""
    provide(app, "report", reports_of_lines)
    run_views.init_app(app)
    handing.init_app(app)
    provide(app, "report_versions", report_page.parts_of_lines)
    provide(app, "report_events", report_page.events_of_lines)
    provide(app, "report_offered", reuse.offered)
    provide(app, "report_covering", reuse.covering)
    app.jinja_env.globals.update(reuse_rule=reuse.RULE)
    app.jinja_env.globals.update(issue_form=issue_form, draft_form=draft_form, report_section=report_section)
    app.jinja_env.globals.update(list_name=work_sheet.list_name)


def reports_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, TestReport]:
    """The newest issued report of each line that the viewer may know of."""
    return queries.reports_of(viewer, [line.id for line in lines])


def issue_form(booking: Booking) -> IssueForm:
    """The form for a booking, with today's date."""
    return IssueForm(booking.id, local_date(now()), booking.version)


def draft_form(booking: Booking, version: int) -> DraftForm:
    """The form for a booking's report; version: of the newest as the page shows it."""
    return DraftForm(booking.id, version)


def report_section(booking: Booking) -> report_page.Section | None:
    """The versions of a booking's report as its page shows them."""
    return report_page.section(viewer(), booking, now())


@bp.route("/bookings/<booking_id>/report", methods=["GET", "POST"])
@login_required
def issue(booking_id: str) -> Any:
    """Record the report of a completed booking; a refusal keeps what was typed."""
    booking = visible_booking(viewer(), booking_id)
    require(viewer(), Action.ISSUE_REPORT, booking)
    form = issue_form(booking)
    if form.run(lambda command: service.issue_report(viewer(), command, now())):
        return redirect(url_for("booking.detail", booking_id=booking_id), 303)
    return render_template("testing/issue.html", booking=booking, form=form), form.status
