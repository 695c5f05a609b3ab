"""Fetching a file."""

from flask import Blueprint, Flask, Response, request

from app.accounts.current import login_required, viewer
from app.clock import now
from app.files import queries, settings, uploads
from app.files.sending import send

bp = Blueprint("files", __name__)
blueprints = (bp,)


def init_app(app: Flask) -> None:
    """Open the store and make room for uploads."""
    settings.init_app(app)
    uploads.init_app(app)


@bp.get("/files/<file_id>")
@login_required
def download(file_id: str) -> Response:
    """The file to keep; with `inline=1` an image is shown."""
    file = queries.visible_file(viewer(), file_id)
    return send(viewer(), file, now(), inline=request.args.get("inline") == "1")
