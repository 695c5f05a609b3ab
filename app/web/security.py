"""The locks of the house: forged forms, headers, rates."""

from flask import Flask, request
from flask_wtf import CSRFProtect

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Guard every form; the API needs none, as it never looks at the session."""
    # Checked by ourselves: an address that does not exist answers 404 before anything else.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    app.before_request(_check_csrf)


def _check_csrf() -> None:
    enabled = request.endpoint and not request.path.startswith("/api/")
    if enabled and request.method not in ("GET", "HEAD", "OPTIONS"):
        csrf.protect()
