"""Pages of a lab's calendars: months of a bench, patterns, single days; each change previewed before it is saved."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.capacity.access import own_lab
from app.capacity.calendars import board, queries, service
from app.capacity.calendars.forms import PRESETS, DaysForm, PatternForm, weekday_choices
from app.capacity.calendars.preview import Preview, calendar_of, preview
from app.capacity.house_rules.queries import companies_of
from app.clock import now
from app.database import db
from app.errors import NotFound, YujianError
from app.forms import CommandForm
from app.labs.labels import week_sentence
from app.labs.models import Lab, Resource
from app.labs.setup import setup_of
from app.language import span
from app.worktime import Interval, local_date

bp = Blueprint("capacity_calendars", __name__, url_prefix="/capacity/<lab_id>/calendars")
SPANS_TOLD = 3


def spans_told(spans: Sequence[Interval]) -> str:
    """The first few of many spans, and how long they are together."""
    if not spans:
        return "–"
    length = sum((each.duration for each in spans), timedelta(0))
    told = gettext("；").join(span(each.start, each.end) for each in spans[:SPANS_TOLD])
    if len(spans) > SPANS_TOLD:
        told = gettext("%(told)s；等 %(count)d 段", told=told, count=len(spans))
    return gettext("%(told)s，共 %(hours)s h", told=told, hours=f"{length / timedelta(hours=1):g}")


@bp.record_once
def words(state: BlueprintSetupState) -> None:
    """What the templates of calendars say."""
    state.app.jinja_env.filters.update(
        spans_told=spans_told, month_before=lambda first: _moved(first, -3), month_after=lambda first: _moved(first, 3)
    )
    state.app.jinja_env.globals.update(weekday_names=lambda: [choice.label for choice in weekday_choices()])


def _moved(first: date, months: int) -> date:
    number = 12 * first.year + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


@bp.get("/")
@login_required
def index(lab_id: str) -> str:
    """Benches with where their hours come from, and three months of the chosen one."""
    lab = own_lab(lab_id)
    resources, patterns, days = queries.resources(lab.id), queries.patterns(lab.id), queries.days(lab.id)
    today = local_date(now())
    first = board.month_asked(request.args.get("month", ""), today)
    chosen = _chosen(resources)
    page: dict[str, Any] = {"lab": lab, "resources": resources, "patterns": patterns, "chosen": chosen, "first": first}
    if chosen:
        own = [each for each in days if each.resource_id == chosen.id]
        whole = [each for each in days if each.resource_id is None]
        calendar = calendar_of(chosen, setup_of(db.session(), lab))
        page["months"] = board.months(first, board.MONTHS, calendar, [*own, *whole])
        page["sentence"] = week_sentence(calendar.patterns, today)
        page["days"] = [each for each in [*own, *whole] if each.date >= today]
    sources = {each.id: board.source_of(each, patterns, today) for each in resources}
    more = {"hours_of": board.hours_of, "today": today, "sources": sources}
    return render_template("capacity/calendars/index.html", **page, **more)


def _chosen(resources: list[Resource]) -> Resource | None:
    wanted = request.args.get("resource", "")
    return next((each for each in resources if each.id == wanted), next(iter(resources), None))


@bp.route("/patterns/new", methods=["GET", "POST"])
@bp.route("/patterns/<pattern_id>", methods=["GET", "POST"])
@login_required
def pattern(lab_id: str, pattern_id: str | None = None) -> Any:
    """One pattern: typed, looked at, stored."""
    lab = own_lab(lab_id)
    known = next((row for row in queries.patterns(lab.id) if row.id == pattern_id), None)
    if pattern_id and known is None:
        raise NotFound()
    form = PatternForm().offer(lab.id, pattern_id, queries.resources(lab.id))
    if not form.is_submitted():
        form.seen.data = lab.setup_version
        form.resource_id.data = request.args.get("resource", "")
        if known:
            form.show(known)
        elif request.args.get("preset") in PRESETS:
            form.fill(*PRESETS[request.args["preset"]][1:])
    answer = _saved(lab, form, service.set_pattern)
    if isinstance(answer, Response):
        return answer
    more = {"presets": PRESETS, "known": known}
    return render_template("capacity/calendars/pattern.html", lab=lab, form=form, preview=answer, **more), form.status


@bp.route("/days/new", methods=["GET", "POST"])
@login_required
def days(lab_id: str) -> Any:
    """Other hours on some dates: typed, looked at, stored."""
    lab = own_lab(lab_id)
    form = DaysForm().offer(lab.id, queries.resources(lab.id), companies_of(lab.id))
    if not form.is_submitted():
        form.seen.data, form.resource_id.data = lab.setup_version, request.args.get("resource", "")
        form.first.process_data(board.day_asked(request.args.get("date", "")))
    answer = _saved(lab, form, service.set_days)
    if isinstance(answer, Response):
        return answer
    return render_template("capacity/calendars/days.html", lab=lab, form=form, preview=answer), form.status


def _saved(lab: Lab, form: CommandForm, store: Any) -> Response | Preview | None:
    """Where a sent form leads: stored, it goes back to the calendar; else what it would do is shown first."""
    if not form.validate_on_submit():
        return None
    at = now()
    try:
        if request.form.get("do") != "save":
            return preview(lab, form.command(), at)
        store(viewer(), form.command(), at)
    except YujianError as error:
        form.refuse(error)
        form.seen.data = lab.setup_version
        return None
    return redirect(url_for(".index", lab_id=lab.id, resource=request.form.get("resource_id") or None), 303)


@bp.post("/patterns/<pattern_id>/drop")
@login_required
def drop_pattern(lab_id: str, pattern_id: str) -> Response:
    service.drop_pattern(viewer(), own_lab(lab_id).id, pattern_id, now())
    return redirect(url_for(".index", lab_id=lab_id), 303)


@bp.post("/days/<day_id>/drop")
@login_required
def drop_day(lab_id: str, day_id: str) -> Response:
    service.drop_day(viewer(), own_lab(lab_id).id, day_id, now())
    return redirect(url_for(".index", lab_id=lab_id, resource=request.form.get("resource") or None), 303)
