"""What files have the scheduler do: clear away bytes that became nobody's."""

from datetime import datetime, timedelta

import structlog

from app.files import queries
from app.files.settings import store

# An upload under way has its bytes before its row: only what is older than any request can be is nobody's.
GRACE = timedelta(hours=24)

log = structlog.stdlib.get_logger("yujian.files")


class ContentMissing(Exception):
    """Rows whose bytes are not in the store: the job fails, so that the list of jobs shows it."""


def sweep(now: datetime) -> int:
    """Remove bytes without a row that are older than a day; returns how many. Never touches younger ones.

    Raises ContentMissing afterwards, with the ids of files whose bytes are gone.
    """
    # Rows first: whatever they name lies in the store by then, unless it was removed since.
    named = queries.keys()
    lying = {each.key: each.at for each in store().stored()}
    nobodys = [key for key, at in lying.items() if key not in named and at < now - GRACE]
    for key in nobodys:
        store().remove(key)
    if gone := sorted((named.keys() - lying.keys()) & queries.keys().keys()):
        ids = [named[key] for key in gone]
        log.error("content missing", files=ids)
        raise ContentMissing(", ".join(ids))
    return len(nobodys)
