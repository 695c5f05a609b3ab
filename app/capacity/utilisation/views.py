"""The page of a lab's utilisation."""

from datetime import timedelta

from flask import Blueprint, render_template
from flask_babel import gettext

from app.accounts.current import login_required
from app.booking.models import ClosureKind
from app.capacity.access import own_lab
from app.capacity.utilisation.board import board
from app.capacity.utilisation.queries import NO_SHOW
from app.clock import now
from app.errors import N_

bp = Blueprint("capacity_use", __name__, url_prefix="/capacity/<lab_id>/use")

CAUSES = {kind.value: kind.label for kind in ClosureKind} | {NO_SHOW: N_("委托方未到场")}
# The load of a week is drawn in steps of ten per cent.
STEPS = 10


def cause(key: str) -> str:
    """Why time was lost, in the reader's language."""
    return gettext(CAUSES[key])


def whole_hours(length: timedelta) -> str:
    """Hours without a fraction, `1,240`."""
    return f"{length / timedelta(hours=1):,.0f}"


def step(share: int | None) -> int:
    """The class of a load: 0 to 10."""
    return min(STEPS, -(-(share or 0) // STEPS))


@bp.get("/")
@login_required
def index(lab_id: str) -> str:
    """Open, booked and used hours, load, losses, gaps."""
    lab = own_lab(lab_id)
    words = {"cause": cause, "whole_hours": whole_hours, "step": step}
    return render_template("capacity/use/index.html", lab=lab, board=board(lab, now()), **words)
