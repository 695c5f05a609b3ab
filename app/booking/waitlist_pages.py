"""Pages of the waiting list, and of requests that compete with it."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.accounts.current import login_required, viewer
from app.accounts.models import Role
from app.accounts.policy import Action, require
from app.booking import waiting
from app.booking.forms import StartField, needed
from app.booking.steps import Change
from app.booking.story import lab_name
from app.booking.waiting import Wait
from app.clock import now
from app.database import db
from app.errors import NotFound, YujianError
from app.forms import CommandForm, at_most, no_nul
from app.labs.models import Lab, Test
from app.labs.queries import test_of
from app.language import refusal
from app.typed import cleaned, whole

bp = Blueprint("booking_waitlist", __name__)


class WaitForm(CommandForm):
    test = StringField(_l("检测项目"), [InputRequired(_l("请先查找检测项目。")), no_nul, at_most(60)])
    lab = SelectField(_l("实验室"))
    earliest = StartField(_l("最早"), [needed])
    latest = StartField(_l("最晚"), [needed])

    def offer(self, labs: list[Lab]) -> "WaitForm":
        """Labs to choose from."""
        self.lab.choices = [SelectChoice("", gettext("任何实验室"))]
        self.lab.choices += [SelectChoice(lab.id, lab_name(lab)) for lab in labs]
        return self

    def command(self) -> Wait:
        assert self.earliest.data is not None
        assert self.latest.data is not None
        return Wait(self.test.data or "", self.earliest.data, self.latest.data, self.lab.data or None)


@bp.route("/bookings/waitlist", methods=["GET", "POST"])
@login_required
def waitlist() -> Any:
    """What the company waits for, and a form for more; `test`, `lab`, `earliest` and `latest` may be in the address."""
    require(viewer(), Action.BOOK)
    labs = list(db.session.scalars(select(Lab).where(Lab.retired_at.is_(None)).order_by(Lab.name_zh)))
    form = WaitForm(request.form if request.method == "POST" else request.args).offer(labs)
    if request.method == "GET" and form.earliest.data is None:
        form.earliest.data = now().replace(minute=0) + timedelta(hours=1)
    if form.run(lambda command: waiting.wait(viewer(), command, now())):
        return redirect(url_for(".waitlist"), 303)
    rows = waiting.entries(viewer(), now())
    named = select(Test).where(Test.id.in_({row.test_id for row in rows})).options(joinedload(Test.method))
    page = {
        "rows": rows,
        "tests": {test.id: test for test in db.session.scalars(named)},
        "labs": {lab.id: lab for lab in labs},
        "form": form,
        "wanted": test_of(cleaned(form.test.data or "")),
    }
    return render_template("booking/waitlist.html", **page), form.status


@bp.post("/bookings/waitlist/<entry_id>/leave")
@login_required
def leave(entry_id: str) -> Response:
    waiting.leave(viewer(), entry_id, now())
    return redirect(url_for(".waitlist"), 303)


@bp.route("/inbox/competing", methods=["GET", "POST"])
@login_required
def competing() -> Any:
    """Requests and those who wait for the same time, side by side."""
    if viewer().role is not Role.LAB_ADMIN:
        raise NotFound()
    refused, status = "", 200
    if request.method == "POST":
        booking, entry, version, reason = (
            cleaned(request.form.get(name, "")) for name in ("booking", "entry", "version", "reason")
        )
        change = Change(booking, whole(version) or 0, reason[:500])
        try:
            waiting.give(viewer(), change, entry, now())
            return redirect(url_for(".competing"), 303)
        except YujianError as error:
            refused, status = refusal(error), error.status
    return render_template("booking/competing.html", found=waiting.competing(viewer(), now()), refused=refused), status
