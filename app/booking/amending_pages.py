"""Answering an amendment on the page of its order."""

from typing import Any

from flask import Blueprint, redirect, request, url_for

from app.accounts.current import login_required, viewer
from app.booking import amending
from app.booking.ordering_pages import refused
from app.clock import now
from app.errors import NotFound, YujianError
from app.forms import CommandForm, version_seen
from app.language import refusal
from app.orders import amending as orders
from app.orders import queries
from app.orders.amending import Answer

bp = Blueprint("booking_amending", __name__)
STEPS = {"accept": amending.accept, "refuse": orders.refuse, "withdraw": orders.withdraw}


@bp.post("/orders/<order_id>/amendments/<int:number>/<any(accept, refuse, withdraw):answer>")
@login_required
def step(order_id: str, number: int, answer: str) -> Any:
    """Accept or refuse what the other side proposed, or take back one's own."""
    queries.visible_order(viewer(), order_id)
    if not CommandForm().validate_on_submit():
        return refused(order_id, "", 422)
    command = Answer(order_id, number, version_seen(), request.form.get("reason", ""))
    try:
        STEPS[answer](viewer(), command, now())
    except NotFound:
        raise
    except YujianError as error:
        return refused(order_id, refusal(error), error.status)
    return redirect(url_for("orders.detail", order_id=order_id, _anchor="amendments"), 303)
