"""The page on which a lab says who reviews and who signs its reports."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from app.accounts.current import login_required, viewer
from app.capacity.access import own_lab
from app.clock import now
from app.database import db
from app.testing import rights
from app.testing.rights import SetRights
from app.testing.rules import Right

bp = Blueprint("capacity_reporting", __name__, url_prefix="/capacity/<lab_id>/reporting")


@bp.route("/", methods=["GET", "POST"])
@login_required
def index(lab_id: str) -> Any:
    """Members by right, and whether different people draft, review and approve."""
    lab = own_lab(lab_id)
    if request.method == "POST":
        chosen = frozenset((ident, right) for right in Right for ident in request.form.getlist(right.value))
        distinct = request.form.get("distinct_people") == "1"
        rights.set_rights(viewer(), SetRights(lab.id, chosen, distinct), now())
        return redirect(url_for(".index", lab_id=lab.id), 303)
    return render_template(
        "capacity/reporting/index.html",
        lab=lab,
        rights=list(Right),
        members=rights.members(db.session(), lab.id),
        given=rights.given(lab.id),
        distinct=rights.wants_distinct(db.session(), lab.id),
    )
