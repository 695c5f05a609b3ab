"""What stands around every page: navigation, appearance, demo strip, addresses of static files."""

import hashlib
import os
import stat
from collections.abc import Hashable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request, session, url_for
from markupsafe import Markup

from app.accounts import queries as accounts
from app.accounts.current import viewer
from app.booking.story import lab_name
from app.language import lang
from app.notifications import queries as notifications
from app.notifications.queries import Header
from app.web import labels, navigation, queries

THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600
FILES = (
    "mark.svg",
    "css/tokens.css",
    "css/dark.css",
    "css/base.css",
    "css/grid.css",
    "css/product.css",
    "js/keys.js",
)


def init_app(app: Flask) -> None:
    """Give templates their globals and static files their version."""
    app.jinja_env.globals.update(
        viewer=viewer,
        url_for=address,
        once=once,
        frame_files=frame_files,
        any_demo=any_demo,
        theme=theme,
        here=here,
        navigation=navigation_items,
        glimpse=queries.glimpse,
        account_items=navigation.account_items,
        admin_items=navigation.admin_items,
        lab_name=lab_name,
        more_items=navigation.more,
        notice_count=notice_count,
        state_class=labels.state_class,
        state_label=labels.state_label,
    )
    app.extensions[accounts.LABS] = queries.all_labs
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.url_defaults(_version)
    app.after_request(_cache)
    app.after_request(_put_off_end)


def once(template: str, macro: str, *facts: Hashable) -> Markup:
    """Template global: what a macro of `template` makes of these facts, drawn once for each language.

    It may ask for texts and addresses, but for nothing that depends on who looks, or when: that are its facts.
    """
    return _drawn(lang(), request.script_root, template, macro, *facts)


@lru_cache(maxsize=4096)
def _drawn(_language: str, _mounted: str, template: str, macro: str, *facts: Hashable) -> Markup:
    html: Markup = getattr(current_app.jinja_env.get_template(f"{template}.html").module, macro)(*facts)
    return html


def frame_files() -> tuple[str, ...]:
    """Addresses of the files of every page."""
    return tuple(address("static", filename=name) for name in FILES)


def any_demo() -> bool:
    """Whether demo organisations are there."""
    return _header().demo


def notice_count() -> str:
    """Unread notices of this viewer as the header says them: empty for none, `99+` beyond."""
    count, most = _header().unread, notifications.MOST_COUNTED
    return "" if not count else str(count) if count < most else f"{most - 1}+"


def _header() -> Header:
    if "header" not in g:
        g.header = notifications.header(viewer())
    found: Header = g.header
    return found


def navigation_items() -> tuple[navigation.Item, ...]:
    """The main navigation of this viewer."""
    return navigation.items(viewer())


def theme() -> str:
    """`auto`, `light` or `dark`: what the visitor chose."""
    chosen = session.get("theme")
    return chosen if chosen in THEMES else "auto"


def here() -> str:
    """The address to come back to: this page, or the home page where it can't be opened by a link."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return url_for("web.home")
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def address(endpoint: str, **values: Any) -> str:
    """Template global `url_for`; an address that depends on nothing but where we are mounted is kept."""
    if endpoint == "static":
        _version(endpoint, values)
    if endpoint.startswith(".") or not has_request_context() or not all(map(_plain, values, values.values())):
        return url_for(endpoint, **values)
    return _kept(request.script_root, endpoint, **values)


def _plain(name: str, value: object) -> bool:
    """Whether the value is written out as it is: none of Flask's own options, no list."""
    return not name.startswith("_") and (value is None or type(value) in (str, int))


@lru_cache(maxsize=4096)
def _kept(_mounted: str, endpoint: str, **values: Any) -> str:
    return url_for(endpoint, **values)


def _version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values and "v" not in values:
        path = f"{current_app.static_folder}/{values['filename']}"
        try:
            found = os.stat(path)
        except OSError:
            return
        if stat.S_ISREG(found.st_mode):
            values["v"] = _digest(path, found.st_mtime_ns)


@cache
def _digest(path: str, _changed: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def _cache(response: Response) -> Response:
    """A versioned static file never changes; a page is nobody else's business."""
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.cache_control.public = True
        response.cache_control.no_cache = None
        response.cache_control.max_age = YEAR
        response.cache_control.immutable = True
    elif response.mimetype == "text/html" and "Cache-Control" not in response.headers:
        response.cache_control.private = True
        response.cache_control.no_store = True
    return response


def _put_off_end(response: Response) -> Response:
    """Who goes on looking at pages stays signed in."""
    if response.mimetype == "text/html" and session.permanent:
        session.modified = True
    return response
