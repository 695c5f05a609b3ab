"""Fetching the evidence pack of an order, who fetched what of it, and taking a report that covers one of its lines."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.accounts.current import login_required, viewer
from app.clock import now
from app.errors import YujianError
from app.forms import CommandForm, version_seen
from app.language import refusal
from app.orders.queries import visible_order
from app.orders.views import Refused, order_page
from app.testing import downloads, reuse
from app.testing.evidence_sending import send
from app.testing.reuse import Reuse
from app.typed import cleaned

bp = Blueprint("evidence", __name__)


@bp.get("/orders/<order_id>/evidence.zip")
@login_required
def pack(order_id: str) -> Response:
    """Reports, scope, samples and deviations of an order as one archive with its hashes."""
    return send(viewer(), order_id, now())


@bp.get("/orders/<order_id>/downloads")
@login_required
def download_log(order_id: str) -> str:
    """Who fetched which file of an order, and when."""
    log = downloads.of_order(viewer(), order_id, now())
    return render_template("testing/downloads.html", log=log, most=downloads.MOST)


@bp.post("/orders/<order_id>/reuse")
@login_required
def take(order_id: str) -> Any:
    """The company takes a report for a drafted line; a refusal shows the order as it is now."""
    row = visible_order(viewer(), order_id)
    if not CommandForm().validate_on_submit():
        return order_page(row, Refused()), 422
    line_id, report_id = (cleaned(request.form.get(name, ""))[:24] for name in ("line", "report"))
    try:
        reuse.take(viewer(), Reuse(order_id, line_id, version_seen(), report_id), now())
    except YujianError as error:
        return order_page(visible_order(viewer(), order_id), Refused(text=refusal(error))), error.status
    return redirect(url_for("orders.detail", order_id=order_id), 303)
