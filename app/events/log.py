"""Writing the log, and reading it so that no row is skipped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from app.database import db
from app.events.models import Event
from app.identifiers import new_id
from app.inserting import write


class Actor(Protocol):
    """Whoever acts: a viewer, or the system with both None."""

    @property
    def user_id(self) -> str | None: ...

    @property
    def role_name(self) -> str | None: ...


class System:
    """Time itself: lapsed holds, requests whose start passed."""

    user_id: str | None = None
    role_name: str | None = "system"


class Cursor(NamedTuple):
    """Where a reader stands; compares like the log is ordered."""

    transaction_id: int = 0
    id: int = 0


def record(
    session: Session,
    kind: str,
    subject: Any,
    *,
    by: Actor,
    at: datetime,
    for_lab: bool = True,
    for_company: bool = True,
    **data: Any,
) -> None:
    """Add one event about `subject` (a row with id; company_id and lab_id where it has them) to this transaction.

    for_lab, for_company: False where that side is not to read it, whatever the subject says. data: JSON values only;
    datetimes as ISO 8601 with offset.
    """
    # The log is only ever appended to: a plain insert, without a row object to keep track of.
    write(
        session,
        Event,
        {
            "key": new_id(),
            "at": at,
            "kind": kind,
            "subject_type": kind.partition(".")[0],
            "subject_id": subject.id,
            "company_id": getattr(subject, "company_id", None) if for_company else None,
            "lab_id": getattr(subject, "lab_id", None) if for_lab else None,
            "actor_id": by.user_id,
            "actor_role": by.role_name,
            "data": data,
        },
    )


def after(cursor: Cursor, *where: Any, limit: int = 100) -> Sequence[Event]:
    """Events behind the cursor in the order of the log, at most `limit`.

    On PostgreSQL only rows of transactions older than the oldest one still running: a row that commits late
    then still lies ahead of every cursor handed out. Writers of SQLite queue, so its ids are in order.
    """
    query = select(Event).where(*where).limit(limit)
    if db.engine.dialect.name == "sqlite":
        return db.session.scalars(query.where(Event.id > cursor.id).order_by(Event.id)).all()
    place = (Event.transaction_id, Event.id)
    settled = Event.transaction_id < text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return db.session.scalars(query.where(tuple_(*place) > tuple(cursor), settled).order_by(*place)).all()


def cursor_at(key: str) -> Cursor | None:
    """Where the event with this public key stands; None for an unknown one."""
    row = db.session.execute(select(Event.transaction_id, Event.id).where(Event.key == key)).one_or_none()
    return Cursor(*row) if row else None


def history(subject_id: str) -> Sequence[Event]:
    """All events of one subject, oldest first."""
    return db.session.scalars(select(Event).where(Event.subject_id == subject_id).order_by(Event.id)).all()
