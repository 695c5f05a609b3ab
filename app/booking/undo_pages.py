"""Taking back what a lab just did to a booking, from whatever page followed."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.accounts.rules import safe_path
from app.booking import queries, undoing
from app.booking.forms import StepForm
from app.booking.models import Booking
from app.booking.rules import UNDO, AnsweredSince
from app.clock import now
from app.errors import N_
from app.language import refusal
from app.undoing import forget_undo, offer_undo

bp = Blueprint("booking_undo", __name__)

SAID = {
    "move": N_("已向企业提议把 %(code)s 改期。"),
    "confirm": N_("已确认 %(code)s。"),
    "decline": N_("已婉拒 %(code)s。"),
    "cancel": N_("已取消 %(code)s。"),
}


def offer(booking: Booking, step: str) -> None:
    """Offer a lab to take back a step that it has just done, where it can be."""
    if viewer().is_lab and step in SAID:
        said = gettext(SAID[step], code=booking.code)
        offer_undo(said, url_for("booking_undo.undo", booking_id=booking.id), booking.version, now() + UNDO)


@bp.post("/bookings/<booking_id>/undo")
@login_required
def undo(booking_id: str) -> Response:
    """Take it back; then the page on which that was pressed, with a word of what became of it."""
    form = StepForm(booking_id)
    queries.visible_booking(viewer(), booking_id)
    undone = form.run(lambda command: undoing.undo(viewer(), command, now()))
    forget_undo()
    said = " ".join([form.refusal_text, *(text for errors in form.errors.values() for text in errors)]).strip()
    flash(gettext("已撤销，恢复原状。") if undone else said or refusal(AnsweredSince()))
    back = safe_path(request.form.get("next"))
    return redirect(back or url_for("booking.detail", booking_id=booking_id), 303)
