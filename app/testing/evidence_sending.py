"""The evidence pack as an answer, for pages and API alike."""

from datetime import datetime

from flask import Response

from app.accounts.policy import Viewer
from app.files.settings import store
from app.testing import evidence

ZIP = "application/zip"


def send(viewer: Viewer, order_id: str, now: datetime) -> Response:
    """The archive, sent while it is written. Raises NotFound, ContentGone."""
    found = evidence.pack(viewer, order_id, now)
    response = Response(evidence.hand_out(viewer, found, store(), now), mimetype=ZIP)
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{found.code}.zip"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.private = True
    response.cache_control.no_store = True
    return response
