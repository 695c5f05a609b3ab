"""Changing a lab's calendars: each change is tried on what is known first, then stored in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, require_visible
from app.capacity.calendars.rules import Shift, Validity, check_hours, check_validity, make_room, pieces_of
from app.capacity.rules import check_setup_version
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.identifiers import new_id
from app.labs.capacity import Audience, LabDay, LabShiftPattern, touch
from app.labs.models import Lab, Resource
from app.labs.setup import Day, LabSetup, Pattern, week_of
from app.worktime import PATTERNS, DayException, ShiftPattern, WeeklyShift

LONGEST_RUN_OF_DAYS = 92


@dataclass(frozen=True, slots=True)
class SetPattern:
    """A lab's own week. pattern_id None: a new one. resource_id None: for the lab, there only for benches with the
    catalogue's shift `replaces` ('': all). shifts are not looked at where it is continuous. ends_before: a pattern of
    the same reach that is in the way ends the day before. seen: the setup version that the form showed.
    """

    lab_id: str
    pattern_id: str | None
    resource_id: str | None
    name: str
    replaces: str
    shifts: tuple[Shift, ...]
    continuous: bool
    daylight: bool
    valid_from: date | None
    valid_until: date | None
    ends_before: bool
    seen: str


@dataclass(frozen=True, slots=True)
class SetDays:
    """Other hours on the local dates first to last. hours: local minutes, empty closes. See LabDay for the rest."""

    lab_id: str
    resource_id: str | None
    first: date
    last: date
    hours: tuple[tuple[int, int], ...]
    name_zh: str
    name_en: str
    audience: Audience
    company_id: str | None
    seen: str

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


Command = SetPattern | SetDays


def tried(setup: LabSetup, known: Sequence[LabShiftPattern], command: Command) -> LabSetup:
    """What the lab would have set. known: its patterns as stored. Raises what the change itself would."""
    anew = replace(setup, version=f"tried-{new_id()}")
    key = command.resource_id or ""
    if isinstance(command, SetDays):
        check_days(command)
        kept = [day for day in setup.days.get(key, ()) if day.exception.date not in set(command.dates)]
        days = [*kept, *(_day(command, on) for on in command.dates)]
        return replace(anew, days={**setup.days, key: tuple(sorted(days, key=lambda day: day.exception.date))})
    others = [_others_week(row, valid) for row, valid in room_for(command, known)]
    return replace(anew, patterns={**setup.patterns, key: (*others, Pattern(command.replaces, _week(command)))})


def room_for(command: SetPattern, known: Sequence[LabShiftPattern]) -> list[tuple[LabShiftPattern, Validity]]:
    """The other patterns of the same bench or lab with the dates on which they go on to hold.

    Raises EndsBeforeBegin, PatternsMeet.
    """
    valid = Validity(command.valid_from, command.valid_until)
    check_validity(valid)
    found: list[tuple[LabShiftPattern, Validity]] = []
    for row in known:
        if row.resource_id != command.resource_id or row.id == command.pattern_id:
            continue
        holds = Validity(row.valid_from, row.valid_until)
        if command.resource_id or row.replaces == command.replaces:
            holds = make_room(valid, row.name, holds, command.ends_before)
        found.append((row, holds))
    return found


def _others_week(row: LabShiftPattern, valid: Validity) -> Pattern:
    return Pattern(row.replaces, replace(week_of(row), valid_from=valid.first, valid_until=valid.last))


def _week(command: SetPattern) -> ShiftPattern:
    pieces = () if command.continuous else pieces_of(command.shifts)
    shifts = tuple(WeeklyShift(frozenset({day}), opens, closes) for day, opens, closes in pieces)
    valid = (command.valid_from, command.valid_until)
    return ShiftPattern(command.name, shifts, command.continuous, command.daylight, *valid)


def _day(command: SetDays, on: date) -> Day:
    exception = DayException(on, command.hours, command.name_zh or None, command.name_en or None)
    return Day(exception, command.audience, command.company_id)


def check_days(command: SetDays) -> None:
    """Raises Invalid, HoursBeyondDay."""
    check_hours(command.hours)
    if command.last < command.first:
        raise Invalid(N_("结束日期要在开始日期当天或之后。"), field="last")
    if len(command.dates) > LONGEST_RUN_OF_DAYS:
        raise Invalid(N_("一次最多设 %(days)d 天。"), field="last", days=LONGEST_RUN_OF_DAYS)
    if command.audience is Audience.COMPANY and not command.company_id:
        raise Invalid(N_("请选企业。"), field="company_id")


def set_pattern(viewer: Viewer, command: SetPattern, now: datetime) -> LabShiftPattern:
    """Store a pattern. Raises NotFound, ShiftsOverlap, EndsBeforeBegin, PatternsMeet, Invalid, StaleSetup."""
    with transaction() as session:
        lab = _own_lab(session, viewer, command.lab_id, command.seen)
        _check_resource(session, lab, command.resource_id)
        _check_pattern(command)
        known = list(session.scalars(select(LabShiftPattern).filter_by(lab_id=lab.id)))
        for other, valid in room_for(command, known):
            other.valid_from, other.valid_until = valid.first, valid.last
        row = next((row for row in known if row.id == command.pattern_id), None)
        if row is None:
            if command.pattern_id:
                raise NotFound()
            row = LabShiftPattern(lab_id=lab.id, created_by_id=viewer.user_id, created_at=now)
            session.add(row)
        row.resource_id, row.replaces = command.resource_id, command.replaces if not command.resource_id else ""
        row.name, row.continuous, row.daylight = command.name, command.continuous, command.daylight
        row.shifts = [] if command.continuous else pieces_of(command.shifts)
        row.valid_from, row.valid_until = command.valid_from, command.valid_until
        session.flush()
        _note(session, viewer, "calendar.pattern_set", row, now, name=row.name, until=str(row.valid_until or ""))
        return row


def drop_pattern(viewer: Viewer, lab_id: str, pattern_id: str, now: datetime) -> None:
    """A pattern goes; what lies under it holds again. Raises NotFound."""
    with transaction() as session:
        row = session.get(LabShiftPattern, pattern_id)
        require_visible(viewer, Action.SET_CAPACITY, row)
        if row is None or row.lab_id != lab_id:
            raise NotFound()
        _note(session, viewer, "calendar.pattern_dropped", row, now, name=row.name)
        session.delete(row)


def set_days(viewer: Viewer, command: SetDays, now: datetime) -> list[LabDay]:
    """Store the hours of some dates over what was set before. Raises NotFound, Invalid, HoursBeyondDay, StaleSetup."""
    with transaction() as session:
        lab = _own_lab(session, viewer, command.lab_id, command.seen)
        _check_resource(session, lab, command.resource_id)
        check_days(command)
        if command.company_id and session.get(Organisation, command.company_id) is None:
            raise Invalid(N_("没有这家企业。"), field="company_id")
        mine = (LabDay.lab_id == lab.id, LabDay.resource_id == command.resource_id, LabDay.date.in_(command.dates))
        session.execute(delete(LabDay).where(*mine))
        rows = [
            LabDay(
                lab_id=lab.id,
                resource_id=command.resource_id,
                date=on,
                hours=[list(piece) for piece in command.hours],
                name_zh=command.name_zh,
                name_en=command.name_en,
                audience=command.audience,
                company_id=command.company_id if command.audience is Audience.COMPANY else None,
                created_by_id=viewer.user_id,
                created_at=now,
            )
            for on in command.dates
        ]
        session.add_all(rows)
        session.flush()
        span = {"from": command.first.isoformat(), "until": command.last.isoformat()}
        _note(session, viewer, "calendar.days_set", rows[0], now, name=command.name_zh, **span)
        return rows


def drop_day(viewer: Viewer, lab_id: str, day_id: str, now: datetime) -> None:
    """One date has its usual hours again. Raises NotFound."""
    with transaction() as session:
        row = session.get(LabDay, day_id)
        require_visible(viewer, Action.SET_CAPACITY, row)
        if row is None or row.lab_id != lab_id:
            raise NotFound()
        _note(session, viewer, "calendar.day_dropped", row, now, date=row.date.isoformat())
        session.delete(row)


def _note(session: Session, viewer: Viewer, kind: str, row: Any, now: datetime, **facts: Any) -> None:
    log.record(session, kind, row, by=viewer, at=now, for_company=False, resource=row.resource_id, **facts)
    touch(session, row.lab_id)


def _own_lab(session: Session, viewer: Viewer, lab_id: str, seen: str) -> Lab:
    lab = session.get(Lab, lab_id, with_for_update=True, populate_existing=True)
    require_visible(viewer, Action.SET_CAPACITY, lab)
    assert lab is not None
    check_setup_version(seen, lab.setup_version)
    return lab


def _check_resource(session: Session, lab: Lab, resource_id: str | None) -> None:
    if resource_id:
        resource = session.get(Resource, resource_id)
        if resource is None or resource.lab_id != lab.id:
            raise NotFound()


def _check_pattern(command: SetPattern) -> None:
    if command.replaces and command.replaces not in PATTERNS:
        raise NotFound()
    if not command.continuous and not command.shifts:
        raise Invalid(N_("请至少填一个班次。"), field="shifts")
    if command.continuous and command.daylight:
        raise Invalid(N_("全天开放的排班不能只限白天。"), field="daylight")
