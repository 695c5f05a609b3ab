"""The small form behind a drop on a lab's timeline: when, where, and why; a page of its own without a script."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, require
from app.accounts.rules import safe_path
from app.booking import moves, queries, reading, undo_pages
from app.booking.choices import choices
from app.booking.forms import MoveForm
from app.booking.placing import placing
from app.booking.preview import expected_reports
from app.booking.rules import MOVABLE, SlotTaken, WrongState
from app.clock import now
from app.labs.queries import resources
from app.language import refusal

bp = Blueprint("booking_placing", __name__)


@bp.route("/bookings/<booking_id>/place", methods=["GET", "POST"])
@login_required
def place(booking_id: str) -> Any:
    """Propose to move a booking to where it was dropped. `back`: the timeline to return to."""
    booking, at = queries.visible_booking(viewer(), booking_id), now()
    require(viewer(), Action.DECIDE_BOOKING, booking)
    if booking.state not in MOVABLE:
        raise WrongState(state=booking.state, wanted=booking.state)
    back = safe_path(request.values.get("back")) or url_for("booking.detail", booking_id=booking_id)
    form = MoveForm.of(booking) if request.method == "POST" else MoveForm.asked(booking, request.args)
    moved = form.run(lambda command: moves.move(viewer(), command, at))
    if moved is not None:
        undo_pages.offer(moved, "move")
        return redirect(back, 303)
    lost = list(form.refused.offers) if isinstance(form.refused, SlotTaken) else []
    booking = queries.visible_booking(viewer(), booking_id)
    start, bench_id = form.starts_at.data, form.resource.data or booking.resource_id
    there = placing(booking, bench_id, start, at) if start and not form.errors and not form.refused else None
    dates = expected_reports([booking], at)[booking.id]
    return render_template(
        "booking/place.html",
        booking=booking,
        company=reading.companies(viewer(), [booking]).get(booking.company_id),
        form=form,
        back=back,
        bench=next(iter(resources([bench_id])), booking.resource),
        there=there.slot if there else None,
        warning=refusal(there.refused) if there and there.refused else "",
        lost=choices([each for each in lost if each.slot.bench.lab_id == booking.lab_id], booking.resource_id, dates),
    ), form.status
