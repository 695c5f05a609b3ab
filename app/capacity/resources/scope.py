"""What a lab's benches can do: capabilities with their own times and limits, and the change from edition to edition."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.booking.models import Booking
from app.booking.rules import OPEN
from app.capacity.resources.owned import open_codes, own_lab, own_pool
from app.capacity.resources.rules import NeverRuns, StaleRow, StillBooked
from app.capacity.resources.service import LAB, STATED
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import Companion, touch
from app.labs.models import Capability, Resource, Test
from app.labs.quantities import Statement, to_json
from app.labs.queries import bench_of
from app.worktime import Need, can_ever_run, local_date, midnight


@dataclass(frozen=True, slots=True)
class SetCapability:
    """A pool can run a test, with its own times (None: the test's) and limits. version None: it is new.

    companions: further pools of which one unit is needed. valid_from, valid_until: local dates, both inclusive.
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


def set_capability(viewer: Viewer, command: SetCapability, now: datetime) -> Capability:
    """What a pool can do. Raises NotFound, StaleRow, NeverRuns, Invalid."""
    with transaction() as session:
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
        _set(row, command)
        _check_runs(units[0], test, row, now)
        row.version += 1
        session.flush()
        _set_companions(session, command)
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


@dataclass(frozen=True, slots=True)
class ReplaceEdition:
    """From a local date on, tests of a new edition stand for those of the old one. tests: old to new ids."""

    lab_id: str
    on: date
    tests: dict[str, str]


def replace_edition(viewer: Viewer, command: ReplaceEdition, now: datetime) -> list[Booking]:
    """Capabilities of the old edition end the day before, those of the new begin; same times and limits.

    Returns the bookings of the old edition beyond the date, whose companies are asked by an event each. Raises
    NotFound.
    """
    with transaction() as session:
        own_lab(session, viewer, command.lab_id)
        pools = set(session.scalars(select(Resource.pool).where(Resource.lab_id == command.lab_id)))
        for old, new in command.tests.items():
            if session.get(Test, new) is None:
                raise NotFound()
            rows = select(Capability).where(Capability.test_id == old, Capability.pool.in_(pools))
            for row in session.scalars(rows.where(Capability.retired_at.is_(None))):
                _succeed(session, row, new, command.on)
        beyond = beyond_edition(session, command)
        for booking in beyond:
            booking.touch(now)
            facts: dict[str, Any] = {"on": command.on.isoformat(), "test": command.tests[booking.test_id]}
            log.record(session, "booking.edition_asked", booking, by=viewer, at=now, **facts)
        touch(session, command.lab_id)
        return beyond


def _succeed(session: Session, row: Capability, new: str, on: date) -> None:
    """One capability of the old edition goes over to the new one."""
    columns = ("setup_minutes", "run_minutes", "teardown_minutes", "report_days", "needs", "sample_limits", "state_id")
    heir = session.get(Capability, (row.pool, new))
    if heir is None:
        heir = Capability(pool=row.pool, test_id=new, basis=STATED, note_zh="", note_en="", sources=[], version=1)
        session.add(heir)
    for column in columns:
        setattr(heir, column, getattr(row, column))
    heir.retired_at, heir.origin, heir.valid_from, heir.valid_until = None, LAB, on, row.valid_until
    row.valid_until, row.origin = on - timedelta(days=1), LAB
    row.version += 1
    for companion in session.scalars(select(Companion).filter_by(pool=row.pool, test_id=row.test_id)):
        session.merge(
            Companion(pool=row.pool, test_id=new, companion_pool=companion.companion_pool, lab_id=companion.lab_id)
        )


def beyond_edition(session: Session, command: ReplaceEdition) -> list[Booking]:
    """Bookings of the old edition at the lab that start on the date or later."""
    query = select(Booking).where(
        Booking.lab_id == command.lab_id,
        Booking.test_id.in_(command.tests),
        Booking.state.in_(OPEN),
        Booking.starts_at >= midnight(command.on),
    )
    return list(session.scalars(query.order_by(Booking.starts_at, Booking.id)))
