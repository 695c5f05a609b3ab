"""Pages of accounts: signing in and out, one's own account."""

from datetime import timedelta

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from app.accounts import service
from app.accounts.current import login_required, viewer
from app.accounts.forms import SignInForm
from app.accounts.models import User
from app.accounts.rules import safe_path
from app.clock import now

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
blueprints = (bp,)

KEPT = ("language", "theme")


def lockout() -> service.Lockout:
    """The settings of the lock after wrong passwords."""
    config = current_app.config
    return service.Lockout(config["SIGN_IN_ATTEMPTS"], timedelta(minutes=config["SIGN_IN_LOCK_MINUTES"]))


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | tuple[str, int]:
    target = safe_path(request.args.get("next")) or url_for("web.home")
    if viewer().signed_in:
        return redirect(target, 303)
    form = SignInForm()
    if user := form.run(service.sign_in, lockout(), now()):
        begin_session(user)
        return redirect(target, 303)
    return render_template("accounts/sign_in.html", form=form), form.status


@bp.post("/sign-out")
def sign_out() -> Response:
    logout_user()
    end_session()
    return redirect(url_for("web.home"), 303)


@bp.get("/")
@login_required
def profile() -> str:
    return render_template("accounts/profile.html", me=viewer())


def begin_session(user: User) -> None:
    """A new session for this user: nothing of the visitor's is carried over but how pages look."""
    end_session()
    session.permanent = True
    session.setdefault("language", user.locale)
    login_user(user)


def end_session() -> None:
    """Forget everything but language and appearance."""
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
