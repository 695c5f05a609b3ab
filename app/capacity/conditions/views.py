"""Pages on which a lab says what its tests need of samples, and what they leave of them."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from app.accounts.current import login_required, viewer
from app.capacity.access import own_lab
from app.capacity.conditions.forms import DemandForm
from app.clock import now
from app.errors import NotFound
from app.labs.queries import tests_at
from app.samples import condition_words, conditions

bp = Blueprint("capacity_conditions", __name__, url_prefix="/capacity/<lab_id>/conditions")


@bp.get("/")
@login_required
def index(lab_id: str) -> str:
    """All tests of the lab with what is set."""
    lab = own_lab(lab_id)
    found = conditions.demands(lab.id)
    told = {ident: condition_words.told(row.demand) for ident, row in found.items()}
    return render_template("capacity/conditions/index.html", lab=lab, tests=tests_at(lab.id), told=told)


@bp.route("/<test_id>", methods=["GET", "POST"])
@login_required
def demand(lab_id: str, test_id: str) -> Any:
    """One test."""
    lab = own_lab(lab_id)
    test = next((each for each in tests_at(lab.id) if each.id == test_id), None)
    if test is None:
        raise NotFound()
    form = DemandForm(lab.id, test.id, conditions.demands(lab.id, [test.id]).get(test.id))
    if form.run(lambda command: conditions.set_demand(viewer(), command, now())):
        return redirect(url_for(".index", lab_id=lab.id), 303)
    return render_template("capacity/conditions/demand.html", lab=lab, test=test, form=form), form.status
