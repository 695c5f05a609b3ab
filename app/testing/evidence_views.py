"""Fetching the evidence pack of an order, and taking a report that covers one of its lines."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from app.accounts.current import login_required, viewer
from app.clock import now
from app.errors import YujianError
from app.files.settings import store
from app.forms import CommandForm
from app.language import refusal
from app.orders.queries import visible_order
from app.orders.views import Refused, order_page
from app.testing import evidence, reuse
from app.testing.reuse import Reuse

bp = Blueprint("evidence", __name__)


@bp.get("/orders/<order_id>/evidence.zip")
@login_required
def pack(order_id: str) -> Response:
    """Reports, scope, samples and deviations of an order as one archive with its hashes."""
    found = evidence.pack(viewer(), order_id, now())
    response = Response(evidence.hand_out(viewer(), found, store(), now()), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{found.code}.zip"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.private = True
    response.cache_control.no_store = True
    return response


@bp.post("/orders/<order_id>/reuse")
@login_required
def take(order_id: str) -> Any:
    """The company takes a report for a drafted line; a refusal shows the order as it is now."""
    row = visible_order(viewer(), order_id)
    if not CommandForm().validate_on_submit():
        return order_page(row, Refused()), 422
    text = request.form.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    line_id, report_id = (request.form.get(name, "").replace("\x00", "")[:24] for name in ("line", "report"))
    try:
        reuse.take(viewer(), Reuse(order_id, line_id, version, report_id), now())
    except YujianError as error:
        return order_page(visible_order(viewer(), order_id), Refused(text=refusal(error))), error.status
    return redirect(url_for("orders.detail", order_id=order_id), 303)
