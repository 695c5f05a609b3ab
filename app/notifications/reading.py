"""Reading the log: each event that concerns somebody becomes a notice, once."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.booking import watching
from app.database import transaction
from app.events import log
from app.events.log import Cursor
from app.events.models import Event
from app.notifications import rules
from app.notifications.groups import REPORTERS, Side
from app.notifications.models import NoticeCursor
from app.notifications.subjects import Happening, happenings
from app.notifications.telling import Told, tell

READER, BATCH = "notices", 200


def read_events(now: datetime) -> int:
    """Tell all that has happened since the last time, in short transactions; returns how many notices were made."""
    count = 0
    while True:
        events, told = read_batch(now)
        count += told
        if events < BATCH:
            return count


def read_batch(now: datetime) -> tuple[int, int]:
    """How many events were read, and how many notices made of them.

    The reader's place moves in the transaction that tells: a crash in between tells nothing twice and skips nothing.
    Who waits for a time is looked at again where one may have been freed.
    """
    with transaction() as session:
        place = _place(session)
        events = log.after(Cursor(place.transaction_id, place.event_id), limit=BATCH)
        if not events:
            return 0, 0
        fresh = [event for event in events if now - event.at <= rules.TOLD_WITHIN]
        count = tell(session, _told(fresh, now), now)
        watching.mark(session, fresh, now)
        place.transaction_id, place.event_id = events[-1].transaction_id, events[-1].id
        return len(events), count


def _place(session: Session) -> NoticeCursor:
    """Locked, so that a second reader waits and then begins behind the first."""
    place = session.get(NoticeCursor, READER, with_for_update=True, populate_existing=True)
    if place is None:
        place = NoticeCursor(name=READER, transaction_id=0, event_id=0)
        session.add(place)
    return place


def _told(events: Sequence[Event], now: datetime) -> list[Told]:
    return [
        Told(
            one.kind,
            side,
            one.subject,
            source=f"event:{one.event.key}",
            at=one.event.at,
            by=one.event.actor_id,
        )
        for one in happenings(events, now)
        for side in rules.sides_told(one.kind, one.event.actor_role)
        if _meant_for(one, side)
    ]


def _meant_for(one: Happening, side: Side) -> bool:
    """Whether the event was written for this side at all."""
    if side is Side.COMPANY:
        return one.event.company_id is not None
    return side not in (Side.LAB, Side.CREW, *REPORTERS) or one.event.lab_id is not None
