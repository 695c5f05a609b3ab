"""The locks of the house: headers, forged forms, rates, and whom to believe about the visitor's address."""

import hashlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, request
from flask_wtf import CSRFProtect
from limits import parse_many
from limits.strategies import FixedWindowRateLimiter
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.exceptions import TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix

from app.accounts.views import bp as accounts
from app.api import is_api_call
from app.testing.verify import bp as verify
from app.web.rates import Counters

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Headers = tuple[tuple[str, str], ...]

OPENAPI = "/openapi"
HSTS_SECONDS = 365 * 24 * 3600

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Guard every form and every answer."""
    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's manual does
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask's manual does
    # Checked by ourselves: an address that does not exist answers 404 before anything else.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    app.before_request(_check_csrf)
    _limit(app)


def _policy() -> ContentSecurityPolicy:
    return (
        ContentSecurityPolicy()
        .default_src("'self'")
        .base_uri("'none'")
        .form_action("'self'")
        .frame_ancestors("'none'")
        .object_src("'none'")
    )


def _headers(policy: ContentSecurityPolicy, hsts: bool) -> Headers:
    headers = Secure(
        csp=policy,
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(HSTS_SECONDS) if hsts else None,
        permissions=PermissionsPolicy().camera().geolocation().microphone().payment().usb(),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions(),
        xfo=XFrameOptions().deny(),
    ).headers
    return tuple(headers.items())


# The page of the API document comes from a library and brings its own inline script and style.
LOOSE = {
    hsts: _headers(
        _policy()
        .script_src("'self'", "'unsafe-inline'")
        .style_src("'self'", "'unsafe-inline'")
        .img_src("'self'", "data:"),
        hsts,
    )
    for hsts in (False, True)
}
STRICT = {hsts: _headers(_policy(), hsts) for hsts in (False, True)}


def _with_headers(inner: "WSGIApplication") -> Any:
    """The application, with the headers in each of its answers. No answer has any of them before."""

    def outer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        kind = LOOSE if environ["PATH_INFO"].startswith(OPENAPI + "/") else STRICT
        fixed = kind[environ["wsgi.url_scheme"] == "https"]

        def begin(status: str, headers: list[tuple[str, str]], *fault: Any) -> Callable[[bytes], object]:
            return start_response(status, [*headers, *fixed], *fault)

        return inner(environ, begin)

    return outer


# What mail programs post (RFC 8058): the address itself is signed, and nobody is signed in.
SIGNED = frozenset({"notifications.unsubscribe"})


def _check_csrf() -> None:
    """Every form of ours carries a token; the API needs none, as it never looks at the session."""
    guarded = request.endpoint and request.endpoint not in SIGNED and not is_api_call()
    enabled = current_app.config["WTF_CSRF_ENABLED"] and guarded
    if enabled and request.method not in ("GET", "HEAD", "OPTIONS"):
        csrf.protect()


def _caller() -> str:
    """Who is counted: the bearer of a token, else the address."""
    token = request.headers.get("Authorization")
    return hashlib.sha256(token.encode()).hexdigest() if token else _address()


def _address() -> str:
    return request.remote_addr or ""


def _limit(app: Flask) -> None:
    """Rates of the API per token, and per address of what checks or sets a password and of what confirms a report."""
    names = ("API_RATE", "SIGN_IN_RATE", "VERIFY_RATE")
    rates = {name: parse_many(str(app.config[name])) for name in names}
    counters = FixedWindowRateLimiter(Counters())

    def count() -> None:
        if is_api_call():
            name, counted = "API_RATE", ("", _caller())
        elif request.blueprint == accounts.name and request.method == "POST":
            name, counted = "SIGN_IN_RATE", (request.endpoint or "", _address())
        elif request.blueprint == verify.name:
            name, counted = "VERIFY_RATE", (request.endpoint or "", _address())
        else:
            return
        for rate in rates[name]:
            if not counters.hit(rate, name, *counted):
                raise TooManyRequests(retry_after=rate.get_expiry())

    app.before_request(count)
