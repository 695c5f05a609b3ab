"""Orders as spreadsheets: the list out, drafts in."""

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, require
from app.clock import now
from app.errors import YujianError
from app.labs import browse
from app.language import refusal
from app.orders import exporting, importing
from app.orders.queries import Group
from app.workbooks import download

bp = Blueprint("orders_sheet", __name__)


@bp.get("/orders/orders.xlsx")
@login_required
def export() -> Response:
    """The list of orders; `state` is one of its groups, as on the page."""
    group = Group.of(request.args.get("state", ""))
    return download(exporting.workbook(viewer(), group, now()), f"yujian-orders-{group.value}-{now():%Y%m%d}.xlsx")


@bp.route("/orders/import", methods=["GET", "POST"])
@login_required
def load() -> Any:
    """Take a sheet of orders in: what it would make and what is wrong with it, then all or nothing."""
    require(viewer(), Action.BOOK)
    if request.method == "GET":
        return _page()
    file = request.files.get("file")
    content = file.read() if file else b""
    try:
        found = importing.load(viewer(), content, request.form.get("do") == "save", now())
    except YujianError as error:
        return _page(refused=refusal(error)), error.status
    return _page(found=found), 422 if found.faults else 200


def _page(found: importing.Import | None = None, refused: str = "") -> str:
    return render_template("orders/import.html", labs=browse.labs(), found=found, refused=refused)


@bp.get("/orders/template.xlsx")
@login_required
def template() -> Response:
    """The sheet to fill in, with the tests of a lab."""
    require(viewer(), Action.BOOK)
    lab = browse.lab(request.args.get("lab", ""))
    return download(importing.template(lab), f"yujian-orders-{lab.id}.xlsx")
