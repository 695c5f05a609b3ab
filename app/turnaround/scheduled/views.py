"""Pages of reports on a schedule: subscribe, make one now, read one, take its tables."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app import enclosures
from app.accounts import queries as accounts
from app.accounts.current import login_required, viewer
from app.clock import now
from app.errors import Invalid, NotFound
from app.language import refusal
from app.turnaround import rules
from app.turnaround.scheduled import enclosing, queries, service
from app.turnaround.scheduled.periods import Every, last_complete
from app.turnaround.scheduled.report import Report
from app.turnaround.scheduled.report import report as reckoned
from app.turnaround.scheduled.wording import sentences
from app.turnaround.workbook import workbook_of

bp = Blueprint("turnaround_scheduled", __name__, url_prefix="/turnaround/subscriptions")
ID_LENGTH = 24
# The kinds of notice whose mails enclose a report.
KINDS = ("turnaround_week", "turnaround_month")


def provide_enclosures(app: Flask) -> None:
    """Hand mails what they enclose: their room does not know this one."""
    for kind in KINDS:
        enclosures.provide(app, kind, lambda report_id, reader: enclosing.enclosure(reader, report_id, now()))


@bp.get("/")
@login_required
def index() -> Any:
    """What is subscribed to, and the reports made."""
    return _index("")


def _index(refused: str) -> Any:
    me = viewer()
    html = render_template(
        "turnaround/subscriptions.html",
        offered=queries.offered(me),
        periods={every: last_complete(every, now()) for every in Every},
        subscribed=queries.subscribed(me),
        reports=queries.reports(me),
        refused=refused,
    )
    return html, Invalid.status if refused else 200


@bp.post("/")
@login_required
def change() -> Any:
    """Subscribe, or with `wanted` empty no more."""
    act = service.subscribe if request.form.get("wanted") else service.unsubscribe
    try:
        act(viewer(), _every(), now())
    except Invalid as error:
        return _index(refusal(error))
    flash(_("已保存。"))
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@bp.post("/make")
@login_required
def make() -> Any:
    """The report of the last complete period, at once."""
    try:
        made = service.make_now(viewer(), _every(), now())
    except Invalid as error:
        return _index(refusal(error))
    return redirect(url_for(".report", report_id=made.id), HTTPStatus.SEE_OTHER)


def _every() -> Every:
    """Raises NotFound for what no button of ours sends."""
    given = request.form.get("every", "")
    if given not in set(Every):
        raise NotFound()
    return Every(given)


@bp.get("/<report_id>")
@login_required
def report(report_id: str) -> str:
    """One report, with the figures as they are now."""
    found = _reckoned(report_id)
    return render_template(
        "turnaround/scheduled.html",
        report=found,
        report_id=report_id,
        sentences=sentences(found.facts),
        phases=rules.PHASES,
    )


@bp.get("/<report_id>/turnaround.xlsx")
@login_required
def workbook(report_id: str) -> Response:
    """The tables of a report."""
    found = _reckoned(report_id)
    response = Response(workbook_of(found.tables, accounts.any_demo()), content_type=enclosing.XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{enclosing.file_name(found)}"'
    response.cache_control.private = True
    response.cache_control.no_store = True
    return response


@bp.post("/<report_id>/send")
@login_required
def send(report_id: str) -> Any:
    service.send(viewer(), _known(report_id), now())
    flash(_("已放进您的通知；要收邮件的，一两分钟内发出。"))
    return redirect(url_for(".report", report_id=report_id), HTTPStatus.SEE_OTHER)


def _reckoned(report_id: str) -> Report:
    kept = queries.report(viewer(), _known(report_id))
    return reckoned(viewer(), kept.every, kept.period, now())


def _known(report_id: str) -> str:
    if len(report_id) > ID_LENGTH:
        raise NotFound()
    return report_id
