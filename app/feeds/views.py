"""Calendar addresses: their page, the feeds themselves, and the download of one booking."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.accounts import queries as accounts
from app.accounts.current import login_required, viewer
from app.clock import now
from app.feeds import calendar, queries, service
from app.feeds.forms import FeedForm, RenewForm
from app.feeds.programs import program
from app.language import speaking

bp = Blueprint("feeds", __name__)
blueprints = (bp,)


@bp.get("/calendar/<token>.ics", endpoint="calendar")
def feed(token: str) -> Response:
    """The calendar behind a secret address; unchanged it is a 304 and no body is built."""
    at = now()
    found = queries.feed_by_token(token)
    edition = queries.edition(found, at)
    response = _file("yujian.ics", "inline")
    response.set_etag(edition.etag)
    response.last_modified = edition.changed_at
    response.make_conditional(request)
    if response.status_code != 304:
        with speaking(found.subscription.language):
            response.data = calendar.feed_text(found, queries.entries(found, at), edition.busy, at, _page)
    service.note_fetch(found.subscription, program(request.user_agent.string), at)
    return response


@bp.get("/bookings/<booking_id>.ics")
@login_required
def booking(booking_id: str) -> Response:
    """One booking as a file for a calendar that doesn't subscribe."""
    entry = queries.entry(viewer(), booking_id)
    response = _file(f"{entry.code}.ics", "attachment")
    response.data = calendar.booking_text(entry, accounts.any_demo(), _page(entry.booking_id))
    return response


@bp.route("/feeds/", methods=["GET", "POST"])
@login_required
def index() -> Any:
    """The viewer's addresses. A new one is shown in the answer to its form and never again."""
    service.check_may_subscribe(viewer())
    form = FeedForm(request.form or request.args).offer(viewer())
    made = form.run(lambda command: service.subscribe(viewer(), command, now()))
    return _index(form, made[1] if made else None), 201 if made else form.status


@bp.post("/feeds/<feed_id>/renew")
@login_required
def renew(feed_id: str) -> Any:
    """Another address in place of one that got into wrong hands, shown in this answer and never again."""
    renewing = RenewForm()
    made = renewing.run(lambda version: service.renew(viewer(), feed_id, now(), version))
    form = FeedForm(formdata=None).offer(viewer())
    return _index(form, made[1] if made else None, renewing), renewing.status


@bp.post("/feeds/<feed_id>/revoke")
@login_required
def revoke(feed_id: str) -> Any:
    service.revoke(viewer(), feed_id, now())
    return redirect(url_for(".index"), 303)


def _index(form: FeedForm, token: str | None, renewing: RenewForm | None = None) -> str:
    """The page of addresses. token: of the one that was made just now. renewing: what was asked of one in the list."""
    shown = address(token) if token else None
    page = {"form": form, "renewing": renewing, "feeds": queries.feeds_of(viewer()), "address": shown}
    return render_template("feeds/index.html", **page)


def address(token: str) -> str:
    """The secret address, absolute."""
    return url_for("feeds.calendar", token=token, _external=True)


def _page(booking_id: str) -> str:
    return url_for("booking.detail", booking_id=booking_id, _external=True)


def _file(name: str, disposition: str) -> Response:
    response = Response(content_type=calendar.MIME)
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    response.cache_control.private = True
    response.cache_control.no_cache = True
    return response
