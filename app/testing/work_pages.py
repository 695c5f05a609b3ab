"""The page of the lists that people work from, the same as a spreadsheet, and the filters that they keep."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.accounts.policy import Viewer
from app.clock import now
from app.errors import NotFound, YujianError
from app.forms import row_cursor
from app.language import refusal
from app.testing import saved_filters, work_choices, work_sheet, worklists
from app.testing.saved_filters import Save
from app.testing.work_queries import Asked
from app.typed import cleaned
from app.workbooks import download

bp = Blueprint("work", __name__)
FILTERS = ("lab", "bench", "domain", "q")


@bp.get("/work/")
@login_required
def index() -> str:
    """What waits for the viewer; `list` is one of his role's, filtered by `lab`, `bench`, `domain` and `q`."""
    return _page(_worker())


@bp.get("/work/work.xlsx")
@login_required
def export() -> Response:
    """One of the lists, filtered as on the page."""
    what = worklists.list_asked(_worker(), request.args.get("list", ""))
    content = work_sheet.workbook(viewer(), what, _asked(), now())
    return download(content, f"yujian-{what.value}-{now():%Y%m%d}.xlsx")


@bp.post("/work/filters")
@login_required
def save() -> Any:
    """Keep the list as it is filtered."""
    what = worklists.list_asked(_worker(), request.form.get("list", ""))
    asked = {"list": what.value} | {name: request.form.get(name, "") for name in FILTERS}
    try:
        found = saved_filters.save(viewer(), Save(request.form.get("name", ""), url_for(".index"), asked), now())
    except YujianError as error:
        return _page(viewer(), refusal(error)), error.status
    return redirect(f"{found.path}?{found.query}", 303)


@bp.post("/work/filters/<filter_id>/remove")
@login_required
def remove(filter_id: str) -> Any:
    saved_filters.remove(_worker(), filter_id, now())
    return redirect(url_for(".index"), 303)


def _page(worker: Viewer, refused: str = "") -> str:
    asked, at = _asked(), now()
    what = worklists.list_asked(worker, request.values.get("list", ""))
    return render_template(
        "testing/work.html",
        listing=worklists.listing(worker, what, asked, at, row_cursor(request.args.get("after", ""))),
        lists=worklists.lists(worker),
        counts=worklists.counts(worker, at, asked),
        asked=asked,
        choices=work_choices.choices(worker),
        filters=saved_filters.saved(worker, url_for(".index")),
        refused=refused,
    )


def _worker() -> Viewer:
    """Who has lists. Raises NotFound for those who neither book nor test."""
    if not worklists.lists(viewer()):
        raise NotFound()
    return viewer()


def _asked() -> Asked:
    """The filter of the address, or of the form that keeps it."""
    return Asked(**{name: cleaned(request.values.get(name, ""))[:100] for name in FILTERS})
