"""Pages of recurring bookings: a preview of every occurrence, and cancelling from one of them on."""

import secrets
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, require
from app.booking import queries, series
from app.booking.forms import StartField, needed
from app.booking.rules import NOTE_LENGTH, SAMPLE_LENGTH
from app.booking.series import MOST, BookSeries, Occurrence, OnConflict, Rhythm
from app.booking.steps import Change
from app.clock import now
from app.errors import NotFound, YujianError
from app.forms import CommandForm, WholeField, at_most, no_nul
from app.labs import queries as labs
from app.language import refusal
from app.typed import cleaned

bp = Blueprint("booking_series", __name__)
COUNT = [
    InputRequired(_l("请填整数。")),
    NumberRange(1, MOST, _l("请填 %(least)d 到 %(most)d 的整数。", least=1, most=MOST)),
]


class SeriesForm(CommandForm):
    test = HiddenField(validators=[no_nul, at_most(60)])
    resource = HiddenField(validators=[no_nul, at_most(64)])
    starts_at = StartField(_l("第一次上台"), [needed])
    rhythm = RadioField(_l("怎样重复"), default=Rhythm.WEEKLY.value)
    every = WholeField(_l("间隔（周，或工作日）"), COUNT, default=1)
    times = WholeField(_l("共几次（连续占用时是几周）"), COUNT, default=4)
    on_conflict = RadioField(_l("遇到节假日或已占用"), default=OnConflict.SKIP.value)
    sample = StringField(_l("样品"), [no_nul, at_most(SAMPLE_LENGTH)])
    note = TextAreaField(_l("备注"), [no_nul, at_most(NOTE_LENGTH)])
    # One form sent twice by a nervous finger is one series.
    key = HiddenField(validators=[no_nul, at_most(40)])

    def offer(self) -> "SeriesForm":
        """The rhythms and what to do about conflicts; a form that is new gets its key."""
        self.key.data = self.key.data or secrets.token_hex(8)
        self.rhythm.choices = [SelectChoice(each.value, gettext(each.label)) for each in Rhythm]
        self.on_conflict.choices = [SelectChoice(each.value, gettext(each.label)) for each in OnConflict]
        return self

    def command(self) -> BookSeries:
        assert self.starts_at.data is not None
        command = BookSeries(
            test_id=self.test.data or "",
            resource=self.resource.data or "",
            starts_at=self.starts_at.data,
            rhythm=Rhythm(self.rhythm.data),
            every=self.every.data or 1,
            times=self.times.data or 1,
            on_conflict=OnConflict(self.on_conflict.data),
            sample=(self.sample.data or "").strip(),
            note=(self.note.data or "").strip(),
        )
        return replace(command, idempotency_key=f"series:{self.key.data}:{command.fingerprint}")


@bp.route("/bookings/series/new", methods=["GET", "POST"])
@login_required
def new() -> Any:
    """The form of a series, what it would book, and booking it."""
    require(viewer(), Action.BOOK)
    form = SeriesForm(request.form if request.method == "POST" else request.args).offer()
    if request.method == "GET":
        form.rhythm.data = form.rhythm.data or Rhythm.WEEKLY.value
        form.on_conflict.data = form.on_conflict.data or OnConflict.SKIP.value
        form.every.data, form.times.data = form.every.data or 1, form.times.data or 4
    test, units = labs.test_of(form.test.data or ""), labs.units_of(form.resource.data or "")
    if test is None or not units:
        raise NotFound()
    planned: list[Occurrence] | None = None
    if form.validate_on_submit():
        if request.form.get("do") == "save":
            if form.run(lambda command: series.book(viewer(), command, now())):
                return redirect(url_for("booking.index"), 303)
        else:
            planned = form.run(lambda command: series.preview(viewer(), command, now()))
    page = {"form": form, "test": test, "unit": units[0], "planned": planned, "why": _why}
    return render_template("booking/series.html", **page), form.status


def _why(occurrence: Occurrence) -> str:
    """Why an occurrence is not at its time."""
    return refusal(occurrence.reason) if occurrence.reason else ""


@bp.post("/bookings/<booking_id>/cancel-following")
@login_required
def cancel_following(booking_id: str) -> Response:
    """Cancel a booking of a series and all that follow it, or say why one of them can't be."""
    booking = queries.visible_booking(viewer(), booking_id)
    require(viewer(), Action.CHANGE_OWN_BOOKING, booking)
    reason = cleaned(request.form.get("reason", ""))[:500]
    try:
        series.cancel_from(viewer(), Change(booking.id, booking.version, reason), now())
    except YujianError as error:
        flash(refusal(error))
        return redirect(url_for("booking.detail", booking_id=booking_id), 303)
    return redirect(url_for("booking.index"), 303)
