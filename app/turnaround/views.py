"""Pages of turnaround: figures, the lines behind them, the sheet, daily reports."""

import csv
import io
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for

from app.accounts import queries as accounts
from app.accounts.current import login_required, viewer
from app.booking.forecast import EXTENSION
from app.clock import now
from app.errors import Invalid, NotFound
from app.language import refusal
from app.turnaround import listing, meeting, naming, page, presenting, quality, queries, reports, rules, targets
from app.turnaround import why as reasons
from app.turnaround.asking import LINES_A_PAGE, MONTHS, Asked, asked, page_number
from app.turnaround.bottlenecks import page as bottlenecks
from app.turnaround.forecast import Forecast
from app.turnaround.forecasting import page as forecasting
from app.turnaround.forms import TargetForm
from app.turnaround.listing import Of, Sort
from app.turnaround.rules import GroupBy
from app.turnaround.scheduled import views as scheduled
from app.turnaround.simulation import page as simulation
from app.turnaround.why import Against

bp = Blueprint("turnaround", __name__, url_prefix="/turnaround")
blueprints = (bp, forecasting.bp, simulation.bp, bottlenecks.bp, scheduled.bp)
PROJECTED, ALL_ROWS = "projected", "all"
# Excel takes a CSV file for UTF-8 only with this mark.
BOM = "\ufeff"


def init_app(app: Flask) -> None:
    """Hand the forecast to the room of offers, which lies above this one; name phases and months in templates."""
    app.extensions[EXTENSION] = Forecast(timedelta(minutes=app.config["FORECAST_MINUTES"]))
    app.jinja_env.filters.update(
        cause_label=page.cause_label,
        cause_name=page.cause_name,
        phase_label=page.phase_label,
        month_label=page.month_label,
        axis_labels=page.axis_labels,
        longest_phase=page.longest_phase,
    )
    scheduled.provide_enclosures(app)


def _asked() -> Asked:
    return asked(request.args, viewer(), now())


@bp.get("/")
@login_required
def index() -> Any:
    """The figures; what an address asks for in vain is said above the usual ones."""
    wanted, refused = _asked_or_usual()
    shown = request.args.get("view") == PROJECTED and not refused and queries.sees_all(viewer())
    return (_projected(wanted) if shown else None) or _index(wanted, refused, TargetForm(formdata=None))


@bp.post("/target")
@login_required
def target() -> Any:
    """Set the target of what the address shows."""
    wanted, _refused = _asked_or_usual()
    form = TargetForm()
    form.lab_id = targets.settable(viewer(), wanted.question.lab_id)[1]
    form.run(lambda command: targets.set_target(viewer(), command, now()))
    if form.status == 200:
        address: Any = wanted.args()
        return redirect(url_for("turnaround.index", **address), HTTPStatus.SEE_OTHER)
    return _index(wanted, form.refusal_text or " ".join(map(str, form.days.errors)), form)


def _asked_or_usual() -> tuple[Asked, str]:
    queries.sees_all(viewer())
    try:
        return _asked(), ""
    except Invalid as error:
        return asked({}, viewer(), now()), refusal(error)


def _projected(wanted: Asked) -> str | None:
    """The page as it is shown in a meeting; None where there is nothing to tell."""
    found = meeting.meeting(wanted, now())
    if not found.page.total.percentiles:
        return None
    return render_template("turnaround/meeting.html", meeting=found, main_phase=page.main_phase)


def _index(wanted: Asked, refused: str, form: TargetForm) -> Any:
    html = render_template(
        "turnaround/index.html",
        page=page.page(wanted, now(), all_rows=request.args.get("rows") == ALL_ROWS),
        refused=refused,
        target_form=form,
        month_choices=MONTHS,
        groups=rules.GROUPS_OF_ALL if queries.sees_all(viewer()) else rules.GROUPS_OF_OWN,
        domains=queries.choices(GroupBy.DOMAIN),
        labs=queries.choices(GroupBy.LAB),
        main_phase=page.main_phase,
        phases=rules.PHASES,
        grains=rules.OF_TIME,
        all_rows=ALL_ROWS,
    )
    return html, Invalid.status if refused else 200


@bp.get("/why")
@login_required
def why() -> Any:
    """What changed since another period, which lines cost most, and what days were lost to."""
    wanted, refused = _asked_or_usual()
    given = request.args.get("against", Against.BEFORE.value)
    against = Against(given) if given in set(Against) else Against.BEFORE
    html = render_template(
        "turnaround/why.html",
        page=reasons.why(wanted, against, now()),
        refused=refused,
        month_choices=MONTHS,
        domains=queries.choices(GroupBy.DOMAIN),
        labs=queries.choices(GroupBy.LAB),
        phases=rules.PHASES,
    )
    return html, Invalid.status if refused else 200


@bp.get("/quality", endpoint="quality")
@login_required
def quality_page() -> Any:
    """Lines whose times can't be right."""
    wanted, refused = _asked_or_usual()
    found = quality.quality(wanted.question, now())
    html = render_template(
        "turnaround/quality.html",
        asked=wanted,
        refused=refused,
        faults=found.faults,
        lines=found.lines,
        own=not queries.sees_all(viewer()),
        listed=quality.LISTED,
    )
    return html, Invalid.status if refused else 200


@bp.get("/turnaround.csv")
@login_required
def sheet() -> Response:
    """The table of the page as a sheet."""
    wanted = _asked()
    found = queries.turnaround(wanted.question, wanted.group_by or GroupBy.LAB, now())
    header, rows = presenting.sheet(found, accounts.any_demo())
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    response = Response(BOM + text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="turnaround.csv"'
    response.cache_control.private = True
    response.cache_control.no_store = True
    return response


@bp.get("/lines")
@login_required
def lines() -> str:
    """The lines behind a figure of one's own."""
    asked, number = _asked(), page_number(request.args)
    wanted = listing.wanted(asked.question, request.args)
    return render_template(
        "turnaround/lines.html",
        asked=asked,
        wanted=wanted,
        filtered=naming.filtered(asked.question.lab_id, asked.question.domain_id, asked.question.test_id),
        count=listing.count(wanted, now()),
        lines=listing.listed(wanted, LINES_A_PAGE, number * LINES_A_PAGE, now()),
        number=number,
        a_page=LINES_A_PAGE,
        of=Of,
        sorts=Sort,
        phases=rules.PHASES,
    )


@bp.get("/reports/", endpoint="reports")
@login_required
def report_list() -> str:
    return render_template("turnaround/reports.html", reports=reports.visible_reports(viewer()))


@bp.get("/reports/<report_id>")
@login_required
def report(report_id: str) -> str:
    if len(report_id) > 24:
        raise NotFound()
    found, name_zh, name_en = reports.visible_report(viewer(), report_id)
    return render_template(
        "turnaround/report.html",
        report=found,
        name={"zh": name_zh, "en": name_en},
        groups=reports.TABLES,
        phases=rules.PHASES,
    )
