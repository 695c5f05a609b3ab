"""Home, language and appearance, and what else belongs to no single capability."""

from flask import Blueprint, Flask, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import service
from app.accounts.rules import safe_path
from app.web import errors, frame, logs, operation, security

bp = Blueprint("web", __name__)
blueprints = (bp,)


def init_app(app: Flask) -> None:
    """Put the frame and the locks round every page."""
    logs.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    operation.init_app(app)
    frame.init_app(app)


def _back() -> Response:
    return redirect(safe_path(request.args.get("next")) or url_for("web.home"), 303)


@bp.get("/")
def home() -> str:
    return render_template("web/home.html")


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
