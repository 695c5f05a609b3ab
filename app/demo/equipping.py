"""What the busy lab of the demo sets itself, so that its pages of capacity have something to show: all says 示例."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.policy import Viewer
from app.capacity.calendars.rules import Shift
from app.capacity.calendars.service import SetPattern, set_pattern
from app.capacity.closures.service import Calibrate, calibrate
from app.capacity.house_rules.service import SetRule, set_rule
from app.capacity.resources.arranging import set_states
from app.capacity.resources.scope import SetCapability, set_capability
from app.database import db
from app.labs import rules
from app.labs.models import Capability, Lab, Resource
from app.labs.quantities import from_json
from app.worktime import local_date

# Kinds of benches of the catalogue.
EXTENDED, CONTESTED, CHANGED_OVER = "motor_dyno", "vibration_table", "walkin_chamber"
WORKDAYS, SATURDAY = frozenset(range(5)), frozenset({5})
STATES = (("示例：常温状态", "Example: at room temperature"), ("示例：低温状态", "Example: cold"))
WARMING, COOLING = 180, 240
DUE_IN = timedelta(days=20)


def equip(desk: Viewer, lab_id: str, now: datetime) -> None:
    """Other hours of a bench from today on, two rules, a changeover table, a calibration that is due soon."""
    if extended := _units(lab_id, EXTENDED):
        _work_longer(desk, extended[0], now)
    set_rule(desk, SetRule(lab_id, "", rules.OPEN_REQUESTS, 40, _seen(lab_id)), now)
    if contested := _units(lab_id, CONTESTED):
        weekly = SetRule(lab_id, contested[0].pool, rules.WEEKLY_HOURS, 60, _seen(lab_id))
        set_rule(desk, weekly, now)
        calibrate(desk, Calibrate(contested[0].id, local_date(now) + DUE_IN, 12), now)
    if changed_over := _units(lab_id, CHANGED_OVER):
        _change_over(desk, changed_over[0], now)


def _units(lab_id: str, kind_id: str) -> Sequence[Resource]:
    query = select(Resource).where(
        Resource.lab_id == lab_id, Resource.kind_id == kind_id, Resource.retired_at.is_(None)
    )
    return db.session.scalars(query.order_by(Resource.pool, Resource.unit, Resource.id)).all()


def _seen(lab_id: str) -> str:
    return db.session.get_one(Lab, lab_id, populate_existing=True).setup_version


def _work_longer(desk: Viewer, bench: Resource, now: datetime) -> None:
    """Until midnight from Monday to Friday, and by day on Saturdays."""
    pattern = SetPattern(
        lab_id=bench.lab_id,
        pattern_id=None,
        resource_id=bench.id,
        name="示例：周六只开白班",
        replaces="",
        shifts=(Shift(WORKDAYS, 8 * 60, 0), Shift(SATURDAY, 9 * 60, 17 * 60)),
        continuous=False,
        daylight=False,
        valid_from=local_date(now),
        valid_until=None,
        ends_before=False,
        seen=_seen(bench.lab_id),
    )
    set_pattern(desk, pattern, now)


def _change_over(desk: Viewer, bench: Resource, now: datetime) -> None:
    """Two states, the time between them, and two tests that leave the chamber in one of them each."""
    names = [(None, *names) for names in STATES]
    made = {state.name_zh: state.id for state in set_states(desk, bench.lab_id, bench.pool, names, {}, now)}
    warm, cold = (made[zh] for zh, _en in STATES)
    known = [(warm, *STATES[0]), (cold, *STATES[1])]
    set_states(
        desk, bench.lab_id, bench.pool, known, {(warm, cold): COOLING, (cold, warm): WARMING}, now, _seen(bench.lab_id)
    )
    query = select(Capability).where(Capability.pool == bench.pool, Capability.retired_at.is_(None))
    for row, state_id in zip(db.session.scalars(query.order_by(Capability.test_id)), (warm, cold), strict=False):
        set_capability(desk, _leaving(row, bench.lab_id, state_id), now)


def _leaving(row: Capability, lab_id: str, state_id: str) -> SetCapability:
    """The capability as it is, but for the state."""
    return SetCapability(
        lab_id=lab_id,
        pool=row.pool,
        test_id=row.test_id,
        version=row.version,
        setup_minutes=row.setup_minutes,
        run_minutes=row.run_minutes,
        teardown_minutes=row.teardown_minutes,
        report_days=row.report_days,
        needs=from_json(row.needs),
        sample_limits=from_json(row.sample_limits),
        state_id=state_id,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
