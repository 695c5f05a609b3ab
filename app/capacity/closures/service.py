"""Limitations and calibration: what a bench does less for a time, and until when it may be relied on."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.accounts.policy import Action, Viewer, require_visible
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import Limitation, touch
from app.labs.models import Resource
from app.labs.quantities import QUANTITIES


@dataclass(frozen=True, slots=True)
class Limit:
    """Over [starts_at, ends_at) a bench reaches less of a quantity; None where that side is as ever."""

    resource_id: str
    quantity: str
    minimum: float | None
    maximum: float | None
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calibrate:
    """The calibration of a resource holds to a local date; months: its interval, None: not kept here."""

    resource_id: str
    due: date | None
    months: int | None


def limit(viewer: Viewer, command: Limit, now: datetime) -> Limitation:
    """Store a limitation. Raises NotFound, Invalid."""
    if command.ends_at <= command.starts_at:
        raise Invalid(N_("结束时间要在开始时间之后。"), field="ends_at")
    if command.minimum is None and command.maximum is None:
        raise Invalid(N_("请填最低或最高能到多少。"), field="maximum")
    if command.quantity not in QUANTITIES:
        raise NotFound()
    with transaction() as session:
        resource = session.get(Resource, command.resource_id)
        require_visible(viewer, Action.CLOSE_RESOURCE, resource)
        assert resource is not None
        row = Limitation(
            lab_id=resource.lab_id,
            resource_id=resource.id,
            quantity=command.quantity,
            minimum=command.minimum,
            maximum=command.maximum,
            reason=command.reason,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            created_by_id=viewer.user_id,
            created_at=now,
        )
        session.add(row)
        session.flush()
        facts: dict[str, Any] = {"resource": resource.id, "quantity": row.quantity}
        facts |= {"minimum": row.minimum, "maximum": row.maximum, "until": row.ends_at.isoformat()}
        log.record(session, "limitation.set", row, by=viewer, at=now, **facts)
        touch(session, resource.lab_id)
        return row


def lift(viewer: Viewer, limitation_id: str, now: datetime) -> None:
    """The bench does all again. Raises NotFound."""
    with transaction() as session:
        row = session.get(Limitation, limitation_id)
        require_visible(viewer, Action.CLOSE_RESOURCE, row)
        assert row is not None
        log.record(session, "limitation.lifted", row, by=viewer, at=now, resource=row.resource_id)
        session.delete(row)
        touch(session, row.lab_id)


def calibrate(viewer: Viewer, command: Calibrate, now: datetime) -> Resource:
    """Note until when a calibration holds. Raises NotFound."""
    with transaction() as session:
        resource = session.get(Resource, command.resource_id, with_for_update=True)
        require_visible(viewer, Action.CLOSE_RESOURCE, resource)
        assert resource is not None
        resource.calibration_due, resource.calibration_months = command.due, command.months
        resource.version += 1
        facts: dict[str, Any] = {"due": str(command.due or ""), "months": command.months}
        log.record(session, "resource.calibrated", resource, by=viewer, at=now, **facts)
        return resource
