"""What a lab's benches can do: capabilities with their own times and limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.booking.models import Booking
from app.booking.occupancy import footprint_of
from app.booking.rules import OPEN
from app.capacity.resources import parts
from app.capacity.resources.owned import open_codes, own_lab, own_pool
from app.capacity.resources.rules import NeverRuns, StaleRow, StillBooked, check_reach, check_standing
from app.capacity.resources.service import LAB, STATED
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import Companion, touch
from app.labs.models import Capability, Resource, Test
from app.labs.quantities import Statement, from_json, to_json
from app.labs.queries import bench_of, outside_scope
from app.worktime import Interval, Need, can_ever_run, local_date


@dataclass(frozen=True, slots=True)
class SetCapability:
    """A pool can run a test, with its own times (None: the test's) and limits. version None: it is new.

    companions: further pools of which one unit is needed. valid_from, valid_until: local dates, both inclusive.
    note_zh, note_en: None leaves what is written. accepted: codes of bookings known to stand around the change.
    """

    lab_id: str
    pool: str
    test_id: str
    version: int | None
    setup_minutes: int | None = None
    run_minutes: int | None = None
    teardown_minutes: int | None = None
    report_days: int | None = None
    needs: Statement = field(default_factory=dict)
    sample_limits: Statement = field(default_factory=dict)
    state_id: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    companions: tuple[str, ...] = ()
    note_zh: str | None = None
    note_en: str | None = None
    accepted: str = ""


def set_capability(viewer: Viewer, command: SetCapability, now: datetime) -> Capability:
    """What a pool can do. Raises NotFound, StaleRow, NeverRuns, Invalid, StandsAround with bookings that the scope or
    the companions leave out and that were not accepted.
    """
    with transaction() as session:
        lab = parts.family(session, own_lab(session, viewer, command.lab_id).id)
        units = own_pool(session, viewer, command.lab_id, command.pool)
        test = session.get(Test, command.test_id)
        if test is None or test.retired_at:
            raise NotFound()
        if command.valid_from and command.valid_until and command.valid_until < command.valid_from:
            raise Invalid(N_("结束日期要在开始日期当天或之后。"), field="valid_until")
        row = session.get(Capability, (command.pool, test.id), with_for_update=True)
        if row is not None and row.retired_at is None and row.version != (command.version or 0):
            raise StaleRow()
        if row is None:
            row = Capability(pool=command.pool, test_id=test.id, basis=STATED, note_zh="", note_en="", sources=[])
            row.version = 0
            session.add(row)
        else:
            _check_standing(session, units, row, test, command, now)
        for unit in units:
            check_reach(from_json(unit.envelope), command.needs, test, "needs")
        _set(row, command)
        _check_runs(units[0], test, row, now)
        row.version += 1
        session.flush()
        _set_companions(session, command)
        parts.check_apart(session, command.lab_id, lab)
        facts: dict[str, Any] = {"test": test.id, "until": str(row.valid_until or "")}
        log.record(session, "capability.set", units[0], by=viewer, at=now, **facts)
        touch(session, command.lab_id)
        return row


def _set(row: Capability, command: SetCapability) -> None:
    row.retired_at, row.origin = None, LAB
    row.setup_minutes, row.run_minutes = command.setup_minutes, command.run_minutes
    row.teardown_minutes, row.report_days = command.teardown_minutes, command.report_days
    row.needs, row.sample_limits = to_json(command.needs), to_json(command.sample_limits)
    row.state_id = command.state_id
    row.valid_from, row.valid_until = command.valid_from, command.valid_until
    if command.note_zh is not None:
        row.note_zh, row.note_en = command.note_zh, command.note_en or command.note_zh


def _check_standing(
    session: Session, units: Sequence[Resource], row: Capability, test: Test, command: SetCapability, now: datetime
) -> None:
    """Bookings to come that the changed scope doesn't cover, or that lack what is needed too from now on."""
    scope = (command.valid_from, command.valid_until)
    days = test.report_days if command.report_days is None else command.report_days
    outside = list(outside_scope(scope, days)) if scope != (row.valid_from, row.valid_until) else []
    known = set(session.scalars(select(Companion.companion_pool).filter_by(pool=row.pool, test_id=test.id)))
    added = session.execute(
        select(Resource.pool, Resource.id).where(
            Resource.pool.in_(set(command.companions) - known - {command.pool}), Resource.retired_at.is_(None)
        )
    ).all()
    codes = []
    for booking in to_come(session, [unit.id for unit in units], [test.id], now):
        has = {resource_id for resource_id, _ in footprint_of(booking)}
        lacks = any(not has & {r.id for r in added if r.pool == pool} for pool in {r.pool for r in added})
        if lacks or any(span.overlaps(Interval(booking.starts_at, booking.ends_at)) for span in outside):
            codes.append(booking.code)
    check_standing(codes, command.accepted)


def to_come(session: Session, resource_ids: Sequence[str], test_ids: Iterable[str], now: datetime) -> list[Booking]:
    """Bookings of the tests on these benches that have not begun, by start; lapsed holds left out."""
    query = select(Booking).where(
        Booking.resource_id.in_(resource_ids),
        Booking.test_id.in_(test_ids),
        Booking.state.in_(OPEN),
        Booking.starts_at > now,
        Booking.hold_expires_at.is_(None) | (Booking.hold_expires_at > now),
    )
    return list(session.scalars(query.order_by(Booking.starts_at, Booking.id)))


def _check_runs(unit: Resource, test: Test, row: Capability, now: datetime) -> None:
    def minutes(own: int | None, given: int) -> timedelta:
        return timedelta(minutes=given if own is None else own)

    run = minutes(row.run_minutes, test.run_minutes)
    if run <= timedelta(0):
        raise Invalid(N_("试验时长要大于 0。"), field="run_minutes")
    need = Need(
        setup=minutes(row.setup_minutes, test.setup_minutes),
        run=run,
        teardown=minutes(row.teardown_minutes, test.teardown_minutes),
        splits=test.run_splits and not test.one_window,
        unattended=unit.unattended and not test.one_window,
    )
    if not can_ever_run(need, bench_of(unit, unit.lab).calendar, local_date(now)):
        raise NeverRuns()


def _set_companions(session: Session, command: SetCapability) -> None:
    mine = (Companion.pool == command.pool, Companion.test_id == command.test_id)
    session.execute(delete(Companion).where(*mine))
    for pool in sorted(set(command.companions) - {command.pool}):
        known = session.scalar(select(Resource.id).filter_by(pool=pool, lab_id=command.lab_id).limit(1))
        if known is None:
            raise Invalid(N_("这个实验室没有这组台架。"), field="companions")
        session.add(Companion(pool=command.pool, test_id=command.test_id, companion_pool=pool, lab_id=command.lab_id))


def retire_capability(viewer: Viewer, lab_id: str, pool: str, test_id: str, now: datetime) -> None:
    """A pool no longer runs a test. Raises NotFound, StillBooked."""
    with transaction() as session:
        units = own_pool(session, viewer, lab_id, pool)
        row = session.get(Capability, (pool, test_id))
        if row is None or row.retired_at:
            raise NotFound()
        ids = [unit.id for unit in units]
        codes = open_codes(session, Booking.resource_id.in_(ids), Booking.test_id == test_id, Booking.ends_at > now)
        if codes:
            raise StillBooked(codes=codes)
        row.retired_at, row.origin = now, LAB
        log.record(session, "capability.retired", units[0], by=viewer, at=now, test=test_id)
        touch(session, lab_id)
