"""The schedule's page, and the fortnight of a bench for the page of a resource."""

from flask import Blueprint, render_template, request

from app.accounts.current import login_required, viewer
from app.booking.settings import limits
from app.clock import now
from app.language import refusal
from app.schedule import board, forms, words
from app.schedule.addresses import addresses
from app.schedule.choices import choices
from app.schedule.drawing import Drawing
from app.worktime import LAST_OFFICIAL_YEAR, local_date

bp = Blueprint("schedule", __name__)
blueprints = (bp,)


@bp.get("/schedule")
@login_required
def index() -> str:
    """Benches and days."""
    today = local_date(now())
    options, asked = choices(viewer(), forms.asked(request.args, today))
    sheet = board.sheet(viewer(), asked, now(), limits())
    to = addresses(asked)
    return render_template(
        "schedule/index.html",
        asked=asked,
        today=today,
        choices=options,
        sheet=sheet,
        drawing=Drawing(sheet.frame, to, limits()),
        remarks=[refusal(remark) for remark in asked.remarks],
        to=to,
        words=words,
        last_official_year=LAST_OFFICIAL_YEAR,
    )
