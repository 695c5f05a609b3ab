"""Who is asking: the signed-in user of a page, the bearer of an API token. For views only."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Request, Response, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager
from flask_openapi3 import APIBlueprint

from app.accounts import queries
from app.accounts.models import User
from app.accounts.policy import ANONYMOUS, Viewer
from app.api import api_blueprint
from app.database import db
from app.errors import Unauthenticated

View = TypeVar("View", bound=Callable[..., Any])
MEMBERSHIP = "membership"
# Where Flask-Login keeps what `User.get_id` gave.
SIGNED_IN = "_user_id"


class Logins(LoginManager):
    """Flask-Login without "remember me": looking for it makes every answer, of the API too, hang on the cookie."""

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


login_manager = Logins()


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie. Programs send none: nothing is made ready to check it then."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if "HTTP_COOKIE" in request.environ else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing to be kept and nothing that the answer hangs on: it is left as it is."""
        if session.accessed or session.modified or session.permanent:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Bind Flask-Login."""
    app.session_interface = Sessions()
    # Templates ask for `viewer()`: the user's row need not be read for each of them.
    login_manager.init_app(app, add_context_processor=False)
    login_manager.session_protection = None


@login_manager.user_loader
def load_user(key: str) -> User | None:
    """The user of a session, unless switched off or signed out everywhere by a new password."""
    user_id, _, version = key.partition(":")
    user = db.session.get(User, user_id)
    return user if user and user.active and str(user.session_version) == version else None


def viewer() -> Viewer:
    """The viewer of this page request; ANONYMOUS without sign-in or membership. Asked once per request."""
    if "viewer" not in g:
        g.viewer = _session_viewer()
    found: Viewer = g.viewer
    return found


def _session_viewer() -> Viewer:
    """By one statement; the user's own row is only read where a page asks Flask-Login for it."""
    user_id, _, version = str(session.get(SIGNED_IN, "")).partition(":")
    seats = queries.viewers_of(user_id, int(version)) if version.isdecimal() else []
    chosen = session.get(MEMBERSHIP)
    return next((seat for seat in seats if seat.membership_id == chosen), seats[0] if seats else ANONYMOUS)


def login_required(view: View) -> View:
    """Sends a visitor to the sign-in page, which leads back; what he had typed is not sent away with him."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not viewer().signed_in:
            raise Unauthenticated()
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]  # wraps keeps the signature


def api_viewer() -> Viewer:
    """The viewer of this API request. Raises Unauthenticated for a wrong token; ANONYMOUS without one."""
    if "viewer" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = ANONYMOUS
        if scheme:
            bearer = queries.viewer_by_token(token.strip()) if scheme.lower() == "bearer" else None
            if bearer is None:
                raise Unauthenticated()
            found = bearer
        g.viewer = found
    known: Viewer = g.viewer
    return known


def token_needed() -> None:
    """Before a request is looked at any closer: who asks without a valid token is told nothing but that."""
    require_api_viewer()
    if request.mimetype == "multipart/form-data":
        # A slow upload must not keep the connection on which its token was asked for.
        db.session.rollback()


def require_api_viewer() -> Viewer:
    """The viewer of this API request. Raises Unauthenticated without a valid token."""
    found = api_viewer()
    if not found.signed_in:
        raise Unauthenticated()
    return found


def token_blueprint(name: str, module: str, tag: str) -> APIBlueprint:
    """Calls of the API, under this tag of its document, that need a valid token."""
    blueprint = api_blueprint(name, module, tag)
    blueprint.before_request(token_needed)
    return blueprint
