"""Refusals and faults as people and programs get them: one handler for pages, one (RFC 9457) for the API."""

from typing import Any

from flask import Flask, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, TooManyRequests
from werkzeug.exceptions import NotFound as NoPage
from werkzeug.routing import RequestRedirect

from app.accounts.rules import safe_path
from app.api import FieldError, Problem, is_api_call
from app.booking.rules import SlotTaken
from app.clock import now
from app.database import db
from app.errors import N_, NotFound, Unauthenticated, YujianError
from app.language import refusal
from app.web import invalid, unsent
from app.web.logs import log, request_id
from app.workbooks import FaultyCells

RETRY_SECONDS = 5
MEGABYTE = 1024 * 1024
# A sheet that is wrong all over need not be told to its end.
MOST_FAULTS = 200

TITLES = {
    400: N_("请求不完整"),
    401: N_("请先登录"),
    403: N_("您的角色不能做这件事"),
    404: N_("这里没有您能看的内容"),
    409: N_("和现在的情况对不上"),
    413: N_("提交的内容太大"),
    422: N_("填写的内容有误"),
    429: N_("请求太多"),
    500: N_("出错了"),
    503: N_("暂时不可用"),
}
DETAILS = {
    400: N_("请求不完整，或者格式不对。"),
    403: N_("您的角色不能做这件事。"),
    404: NotFound.message,
    405: N_("这个地址不接受这种请求方法。"),
    413: N_("一次最多提交 %(most)d MB。"),
    429: N_("请求太多，请稍后再试。"),
    500: N_("服务器出错，已经记下。您刚才提交的内容没有保存。"),
    503: N_("数据库现在忙或不可用，您刚才提交的内容没有保存，请稍后再试。"),
}
FORGED = N_("表单不是从本站的页面提交的，或者您已在别处登录或退出。请回到页面再提交一次。")
CLASH = N_("刚刚有人提交了同样的内容，请看过现在的内容再改。")
CODES = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "stale", 429: "rate_limited"}


def init_app(app: Flask) -> None:
    """Register the handlers of pages and API."""
    app.register_error_handler(YujianError, _refused)
    app.register_error_handler(HTTPException, _http)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(IntegrityError, _clash)
    app.validation_error_callback = invalid_request  # type: ignore[attr-defined]  # OpenAPI, a Flask


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """The problem document of the contract."""
    document = Problem(
        type=f"urn:yujian:problem:{code}",
        title=gettext(TITLES.get(status) or TITLES[422 if status < 500 else 500]),
        status=status,
        detail=detail,
        code=code,
        errors=more.pop("errors", None),
    )
    body = current_app.json.dumps(document.model_dump(exclude_none=True) | more)
    answer = Response(body, status, mimetype="application/problem+json")
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def invalid_request(error: ValidationError) -> Response:
    """422 for a request that does not fit its schema; flask-openapi3 aborts with it."""
    faults = invalid.faults(error)
    return problem(422, "invalid", faults[0].message, errors=faults)


def _refused(error: YujianError) -> ResponseReturnValue:
    text = refusal(error)
    if not is_api_call():
        if isinstance(error, Unauthenticated):
            if unsent.ours():
                return unsent.page()
            target = safe_path(request.full_path.rstrip("?")) if request.method == "GET" else None
            return redirect(url_for("accounts.sign_in", next=target), 303)
        return _page(error.status, text)
    more: dict[str, Any] = {}
    if error.status == 422:
        more["errors"] = [FieldError(field=error.field or "", message=text)]
    if isinstance(error, FaultyCells):
        more["errors"] = [FieldError(field=each.cell, message=each.text) for each in error.faults[:MOST_FAULTS]]
    if isinstance(error, SlotTaken):
        more["offers"] = [current_app.extensions["yujian_offer_json"](offer) for offer in error.offers]
    return problem(error.status, error.code, text, **more)


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    text = _detail(error, status)
    if is_api_call():
        code = CODES.get(status) or ("internal" if status >= 500 else "invalid")
        answer = problem(status, code, text)
    elif isinstance(error, CSRFError) and unsent.ours():
        answer = current_app.make_response(unsent.page())
    elif isinstance(error, MethodNotAllowed) and request.method == "GET" and (page := _page_above()):
        return redirect(page, 303)
    else:
        answer = current_app.make_response(_page(status, text))
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    if isinstance(error, TooManyRequests):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _page_above() -> str | None:
    """The nearest page above an address that only takes posts: a step opened by its bare address, as when a tab is
    loaded again after a refusal, leads to what it belongs to. None where there is none.
    """
    adapter = current_app.create_url_adapter(request)
    path = request.path
    while adapter and (path := path.rpartition("/")[0]):
        try:
            adapter.match(path, "GET")
        except RequestRedirect:
            return f"{path}/"
        except (MethodNotAllowed, NoPage):
            continue
        return path
    return None


def _detail(error: HTTPException, status: int) -> str:
    if status == 413:
        return gettext(DETAILS[413], most=(request.max_content_length or 0) // MEGABYTE)
    return gettext(FORGED if isinstance(error, CSRFError) else DETAILS.get(status) or DETAILS[400])


def _clash(error: IntegrityError) -> ResponseReturnValue:
    """Two did the same at the same time, and the database kept one: the other looks again."""
    log.warning("clash", error=str(error.orig))
    db.session.rollback()
    text = gettext(CLASH)
    return problem(409, "stale", text) if is_api_call() else _page(409, text)


def _database_away(error: DBAPIError | PoolTimeout) -> ResponseReturnValue:
    """The file is locked for too long, read-only or gone, or the server can't be reached: try again later."""
    log.error("database_unavailable", error=str(getattr(error, "orig", error)))
    db.session.rollback()
    text = gettext(DETAILS[503])
    answer = problem(503, "unavailable", text) if is_api_call() else current_app.make_response(_page(503, text))
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _page(status: int, text: str) -> tuple[str, int]:
    """The error page; of a fault of ours it asks nothing of the database."""
    template = "errors/error.html" if status < 500 else "errors/fault.html"
    title = gettext(TITLES.get(status) or TITLES[422])
    facts = {"status": status, "heading": title, "text": text, "number": request_id(), "at": now(), "back": _back()}
    return render_template(template, **facts), status


def _back() -> str | None:
    """The page of ours that the visitor came from."""
    referrer = request.referrer or ""
    return safe_path(referrer.removeprefix(request.host_url.rstrip("/"))) if referrer else None
