"""Steps of an order that carry its bookings along."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, request, url_for

from app.accounts.current import login_required, viewer
from app.accounts.policy import Viewer
from app.booking import ordering
from app.booking.ordering import LineStep, OrderStep
from app.clock import now
from app.errors import NotFound, YujianError
from app.forms import CommandForm
from app.language import refusal
from app.orders import queries
from app.orders.forms import ReviewForm
from app.orders.views import Refused, keep_terms, order_page
from app.typed import cleaned

bp = Blueprint("booking_ordering", __name__)


@bp.post("/orders/<order_id>/<step>")
@login_required
def step(order_id: str, step: str) -> Any:
    """`hold-all`, `submit`, `cancel`, `remove-line` or `reject`; a refusal shows the order as it is now."""
    row = queries.visible_order(viewer(), order_id)
    act = STEPS.get(step)
    if act is None:
        raise NotFound()
    if not CommandForm().validate_on_submit():
        return refused(order_id, "", 422)
    kept = keep_terms(row)
    if kept.errors or kept.refused:
        return order_page(row, Refused({"terms": kept})), kept.status
    try:
        act(viewer(), order_id, kept.version.data or 0)
    except YujianError as error:
        return refused(order_id, refusal(error), error.status)
    return redirect(url_for("orders.detail", order_id=order_id), 303)


@bp.post("/orders/<order_id>/reject")
@login_required
def reject(order_id: str) -> Any:
    """The lab's review ends without a contract."""
    form = ReviewForm(queries.visible_order(viewer(), order_id).order)
    if form.run(lambda command: ordering.reject(viewer(), command, now())):
        return redirect(url_for("orders.detail", order_id=order_id), 303)
    row = queries.visible_order(viewer(), order_id)
    return order_page(row, Refused({"review": form}, form.refusal_text)), form.status


def refused(order_id: str, text: str, status: int) -> Any:
    """The order as it is now, with what was refused."""
    return order_page(queries.visible_order(viewer(), order_id), Refused(text=text)), status


def _order_step(order_id: str, version: int) -> OrderStep:
    return OrderStep(order_id, version, cleaned(request.form.get("reason", ""))[:500])


def _remove(viewer: Viewer, order_id: str, version: int) -> object:
    command = LineStep(order_id, version, line_id=request.form.get("line", "")[:24])
    return ordering.remove_line(viewer, command, now())


STEPS: dict[str, Callable[[Viewer, str, int], object]] = {
    "hold-all": lambda viewer, order_id, version: ordering.hold_all(viewer, _order_step(order_id, version), now()),
    "submit": lambda viewer, order_id, version: ordering.submit(viewer, _order_step(order_id, version), now()),
    "cancel": lambda viewer, order_id, version: ordering.cancel(viewer, _order_step(order_id, version), now()),
    "remove-line": _remove,
}
