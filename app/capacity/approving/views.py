"""The page of a lab's approval steps and deputies."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.capacity.access import own_lab
from app.capacity.approving import service
from app.capacity.approving.service import Step
from app.clock import now
from app.errors import YujianError
from app.labs.models import Lab
from app.language import refusal
from app.typed import cleaned, whole
from app.worktime import local_date

bp = Blueprint("capacity_approvals", __name__, url_prefix="/capacity/<lab_id>/approvals")
MOST_STEPS, MOST_HOURS = 4, 720


@bp.route("/", methods=["GET", "POST"])
@login_required
def index(lab_id: str) -> Any:
    """Steps in order, and who stands in for whom."""
    lab = own_lab(lab_id)
    if request.method == "GET":
        return _page(lab)
    try:
        service.set_steps(viewer(), lab.id, _typed(), now())
    except YujianError as error:
        return _page(lab, refusal(error)), error.status
    except ValueError:
        text = gettext("请填 %(least)d 到 %(most)d 的整数。", least=1, most=MOST_HOURS)
        return _page(lab, text), 422
    return redirect(url_for(".index", lab_id=lab.id), 303)


def _typed() -> list[Step]:
    """The steps of the form; those without a name are left out. Raises ValueError for hours that are none."""
    found: list[Step] = []
    for n in range(MOST_STEPS):
        name = cleaned(request.form.get(f"name-{n}", ""))[:40]
        if not name:
            continue
        hours = whole(request.form.get(f"hours-{n}", ""))
        if hours is None or not 1 <= hours <= MOST_HOURS:
            raise ValueError(hours)
        owner, following = request.form.get(f"owner-{n}", ""), request.form.get(f"next-{n}", "")
        found.append(Step(name, owner, following or None, hours))
    return found


def _page(lab: Lab, refused: str = "") -> str:
    people = service.people(lab.id)
    return render_template(
        "capacity/approvals/index.html",
        lab=lab,
        people=people,
        names={user.id: user.name for user in people},
        steps=service.steps_of(lab.id),
        most=MOST_STEPS,
        deputies=service.deputies_of(lab.id, local_date(now())),
        refused=refused,
    )


@bp.post("/deputies")
@login_required
def name_deputy(lab_id: str) -> Any:
    """Somebody stands in."""
    lab = own_lab(lab_id)
    given = {name: request.form.get(name, "") for name in ("user_id", "deputy_id", "first", "last")}
    try:
        dates = date.fromisoformat(given["first"]), date.fromisoformat(given["last"])
        service.name_deputy(viewer(), lab.id, given["user_id"], given["deputy_id"], *dates, now())
    except YujianError as error:
        return _page(lab, refusal(error)), error.status
    except ValueError:
        return _page(lab, gettext("请填日期，例如 2026-12-31。")), 422
    return redirect(url_for(".index", lab_id=lab.id), 303)


@bp.post("/deputies/<deputy_id>/drop")
@login_required
def drop_deputy(lab_id: str, deputy_id: str) -> Response:
    service.drop_deputy(viewer(), own_lab(lab_id).id, deputy_id, now())
    return redirect(url_for(".index", lab_id=lab_id), 303)
