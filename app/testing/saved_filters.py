"""Filters that people keep for themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import turns
from app.accounts.policy import Action, Viewer, require
from app.database import db, transaction
from app.errors import N_, Invalid, NotFound, YujianError
from app.events import log
from app.testing.filter_models import SavedFilter
from app.turns import Counted
from app.typed import cleaned

MOST, NAME_LENGTH, QUERY_LENGTH = 20, 60, 500


class TooManyFilters(YujianError):
    field = "name"
    message = N_("最多保存 %(limit)d 个筛选，请先删一个。")


@dataclass(frozen=True, slots=True)
class Save:
    """path: of the list; asked: what its address says behind the question mark."""

    name: str
    path: str
    asked: Mapping[str, str]


def saved(viewer: Viewer, path: str) -> list[SavedFilter]:
    """The viewer's own filters of a list, by name."""
    query = select(SavedFilter).where(SavedFilter.membership_id == viewer.membership_id, SavedFilter.path == path)
    return list(db.session.scalars(query.order_by(SavedFilter.name)))


def save(viewer: Viewer, command: Save, now: datetime) -> SavedFilter:
    """Keep a filter; one of the same name is replaced. Raises Invalid, TooManyFilters, Forbidden."""
    require(viewer, Action.KEEP_FILTER)
    name = cleaned(command.name)
    query = _query(command.asked.items())
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(N_("请给筛选起个名字，最多 %(most)d 个字符。"), field="name", most=NAME_LENGTH)
    if len(query) > QUERY_LENGTH:
        raise Invalid(N_("筛选太长，请缩短查找的词。"), field="name")
    with transaction() as session:
        found = _of_name(session, viewer, name)
        if found is None:
            found = SavedFilter(membership_id=viewer.membership_id, name=name, created_at=now)
            session.add(found)
            _check_number(session, viewer)
        found.path, found.query = command.path, query
        session.flush()
        log.record(session, "saved_filter.saved", found, by=viewer, at=now)
        return found


def remove(viewer: Viewer, filter_id: str, now: datetime) -> None:
    """Raises NotFound for a missing or a foreign one, Forbidden."""
    require(viewer, Action.KEEP_FILTER)
    with transaction() as session:
        found = session.get(SavedFilter, filter_id)
        if found is None or found.membership_id != viewer.membership_id:
            raise NotFound()
        session.delete(found)
        log.record(session, "saved_filter.removed", found, by=viewer, at=now)


def _query(asked: Iterable[tuple[str, str]]) -> str:
    return urlencode([(name, value) for name, value in asked if value])


def _of_name(session: Session, viewer: Viewer, name: str) -> SavedFilter | None:
    query = select(SavedFilter).where(SavedFilter.membership_id == viewer.membership_id, SavedFilter.name == name)
    return session.scalar(query.with_for_update())


def _check_number(session: Session, viewer: Viewer) -> None:
    turns.wait(session, Counted.USER, viewer.user_id or "")
    query = select(func.count()).select_from(SavedFilter).where(SavedFilter.membership_id == viewer.membership_id)
    with session.no_autoflush:
        if (session.scalar(query) or 0) >= MOST:
            raise TooManyFilters(limit=MOST)
