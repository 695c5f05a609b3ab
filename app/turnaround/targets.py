"""Targets: what labs and coordinators want half of the lines to keep to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.policy import Action, Viewer, allowed, require
from app.database import db, transaction
from app.errors import N_, Invalid
from app.events import log
from app.turnaround.models import TurnaroundTarget

MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class SetTarget:
    """days: calendar days; None takes the target away. lab_id: None for all labs together."""

    lab_id: str | None
    days: int | None


def target(viewer: Viewer, lab_id: str | None) -> int | None:
    """Days that apply to what the viewer looks at: of the lab asked for, of his own one, else of all labs."""
    own = next(iter(viewer.lab_ids)) if len(viewer.lab_ids) == 1 else None
    for wanted in (lab_id or own, None):
        found = _of(wanted)
        if found:
            return found.days
    return None


def settable(viewer: Viewer, lab_id: str | None) -> tuple[bool, str | None]:
    """Whether the viewer may set a target for what he looks at, and of which lab."""
    own = next(iter(viewer.lab_ids)) if len(viewer.lab_ids) == 1 else None
    subject = TurnaroundTarget(lab_id=lab_id or own)
    return bool(allowed(viewer, Action.SET_TARGET, subject)), subject.lab_id


def set_target(viewer: Viewer, command: SetTarget, now: datetime) -> None:
    """Set, change or take away. Raises Forbidden, Invalid."""
    require(viewer, Action.SET_TARGET, TurnaroundTarget(lab_id=command.lab_id))
    if command.days is not None and not 1 <= command.days <= MOST_DAYS:
        raise Invalid(N_("目标是 1 到 %(most)d 天之间的整数；清空表示不设目标。"), field="days", most=MOST_DAYS)
    try:
        _store(viewer, command, now)
    except IntegrityError:
        # Two set the first one at once: the second changes it.
        _store(viewer, command, now)


def _store(viewer: Viewer, command: SetTarget, now: datetime) -> None:
    with transaction() as session:
        row = _of(command.lab_id) or TurnaroundTarget(lab_id=command.lab_id, version=0)
        if command.days is not None:
            row.days, row.version = command.days, row.version + 1
            row.set_by_id, row.set_at = viewer.user_id or "", now
            session.add(row)
            session.flush()
        elif row.version:
            session.delete(row)
        if row.version:
            log.record(session, "turnaround.target_set", row, by=viewer, at=now, days=command.days)


def _of(lab_id: str | None) -> TurnaroundTarget | None:
    same = TurnaroundTarget.lab_id == lab_id if lab_id else TurnaroundTarget.lab_id.is_(None)
    return db.session.scalar(select(TurnaroundTarget).where(same))
