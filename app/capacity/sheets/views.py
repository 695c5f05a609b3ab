"""The page that takes a lab's workbook out and in."""

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.capacity.access import own_lab
from app.capacity.sheets.workbook import Import, export, load
from app.clock import now
from app.errors import YujianError
from app.labs.models import Lab
from app.language import refusal
from app.workbooks import download

bp = Blueprint("capacity_sheets", __name__, url_prefix="/capacity/<lab_id>/sheets")


@bp.route("/", methods=["GET", "POST"])
@login_required
def index(lab_id: str) -> Any:
    """Take the workbook out, or one in: what it would change and what is wrong with it, then all or nothing."""
    lab = own_lab(lab_id)
    if request.method == "GET":
        return render_template("capacity/sheets/index.html", lab=lab, found=None, refused="")
    file = request.files.get("file")
    content = file.read() if file else b""
    try:
        found = load(viewer(), lab, content, request.form.get("do") == "save", now())
    except YujianError as error:
        return render_template("capacity/sheets/index.html", lab=lab, found=None, refused=refusal(error)), error.status
    if found.stored:
        return redirect(url_for(".index", lab_id=lab.id, stored=len(found.changes)), 303)
    return _shown(lab, found)


def _shown(lab: Lab, found: Import) -> tuple[str, int]:
    return render_template("capacity/sheets/index.html", lab=lab, found=found, refused=""), 422 if found.faults else 200


@bp.get("/workbook.xlsx")
@login_required
def workbook(lab_id: str) -> Response:
    """The workbook of the lab."""
    lab = own_lab(lab_id)
    return download(export(viewer(), lab), _file_name(lab, now()))


def _file_name(lab: Lab, at: datetime) -> str:
    return f"yujian-{lab.id}-{at:%Y%m%d}.xlsx"
