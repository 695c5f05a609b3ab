"""Home, language and appearance, and what else belongs to no single capability."""

from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import members, queries, service
from app.accounts.current import login_required, viewer
from app.accounts.models import Role
from app.accounts.policy import Action, require
from app.accounts.rules import safe_path
from app.booking.settings import limits
from app.clock import now
from app.web import errors, frame, logs, operation, reading, security
from app.web.home import company_home, lab_home
from app.worktime import local_date

bp = Blueprint("web", __name__)
blueprints = (bp,)


def init_app(app: Flask) -> None:
    """Put the frame and the locks round every page."""
    logs.init_app(app)
    reading.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    operation.init_app(app)
    frame.init_app(app)


def _back() -> Response:
    return redirect(safe_path(request.args.get("next")) or url_for("web.home"), 303)


@bp.get("/")
def home() -> str | Response:
    """Each role's own; a coordinator's is the turnaround of the region, an administrator's the administration."""
    me, at = viewer(), now()
    if me.is_company:
        return render_template(
            "web/home_company.html", home=company_home(me, at, limits()), at=at, today=local_date(at)
        )
    if me.is_lab:
        return render_template("web/home_lab.html", home=lab_home(me, at, limits()), at=at, today=local_date(at))
    leads = {Role.COORDINATOR: "turnaround.index", Role.SYSTEM_ADMIN: "web.admin"}
    if me.role in leads:
        return redirect(url_for(leads[me.role]), 303)
    return render_template("web/home.html")


@bp.get("/favicon.ico")
def favicon() -> Response:
    """Asked for by browsers where an answer of ours is no page."""
    return current_app.send_static_file("mark.svg")


@bp.get("/more")
def more() -> str:
    return render_template("web/more.html")


@bp.get("/language/<any(zh, en):language>")
def language(language: str) -> Response:
    session["language"] = language
    if current_user.is_authenticated:
        service.choose_language(current_user.id, language)
    return _back()


@bp.get("/theme/<any(auto, light, dark):theme>")
def theme(theme: str) -> Response:
    session["theme"] = theme
    return _back()


@bp.get("/admin/")
@login_required
def admin() -> str:
    """Organisations, accounts and where to look when something is wrong."""
    require(viewer(), Action.ADMINISTER)
    return render_template("web/admin.html", organisations=queries.organisations(), users=queries.all_users())


@bp.post("/admin/users/<user_id>/<any(on, off):state>")
@login_required
def switch_user(user_id: str, state: str) -> Response:
    members.switch(viewer(), user_id, state == "on", now())
    return redirect(url_for(".admin"), 303)
