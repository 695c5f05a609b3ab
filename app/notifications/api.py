"""API of notices."""

from datetime import datetime
from typing import Any

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import decode_cursor, page
from app.clock import now
from app.errors import N_, Invalid
from app.forms import row_cursor
from app.notifications import queries, service
from app.notifications.schemas import NoticeList, NoticeModel, NoticePath, NoticeQuery

bp = token_blueprint("notices_api", __name__, "notices")
blueprints = (bp,)


@bp.get("/notices", responses={200: NoticeList})
def list_notices(query: NoticeQuery) -> Any:
    """The caller's notices, newest first."""
    found = queries.listed(require_api_viewer(), query.unread, _after(query.cursor), query.limit + 1)
    shown = page(found, query.limit, lambda notice: (notice.created_at.isoformat(), notice.id))
    return {**shown, "items": [NoticeModel.of(notice).model_dump() for notice in shown["items"]]}


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    """The notice behind which a page begins. Raises Invalid."""
    parts = decode_cursor(cursor, 2)
    if parts is None:
        return None
    found = row_cursor(f"{parts[0]}|{parts[1]}")
    if found is None:
        raise Invalid(N_("cursor 无效，请用上一页给出的值。"), field="cursor")
    return found


@bp.post("/notices/<string:notice_id>/read", responses={200: NoticeModel})
def read_notice(path: NoticePath) -> Any:
    """The caller has read it; a second time changes nothing."""
    return NoticeModel.of(service.read(require_api_viewer(), path.notice_id, now())).model_dump()
