"""The day sheet of a bench: code, method and sample of each use on one local day, never a company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext

from app.accounts.policy import Action, Viewer, allowed
from app.booking import closed, reading
from app.booking.models import Booking, Closure
from app.booking.occupancy import footprint_of
from app.booking.presenting import places_told
from app.database import db
from app.errors import NotFound
from app.labs import queries as labs
from app.labs.models import Lab, Resource
from app.language import clock, day, hours, pick
from app.worktime import Interval, local_date, local_day


@dataclass(frozen=True, slots=True)
class Row:
    """A use, or (without a code) a time out of use."""

    starts_at: datetime
    times: str
    title: str
    notes: list[str]
    code: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class DaySheet:
    """Units of one lab with their rows by start; `count` uses."""

    lab: Lab
    units: list[tuple[Resource, list[Row]]]
    on: date
    count: int


def day_sheet(viewer: Viewer, resource_or_pool: str, on: date) -> DaySheet:
    """The sheet of a bench, or of the units of a pool, for the lab's own people. Raises NotFound for anybody else."""
    units = labs.units_of(resource_or_pool)
    if not units or not allowed(viewer, Action.SEE_DAY_SHEET, units[0]):
        raise NotFound()
    span = local_day(on)
    ids = [unit.id for unit in units]
    bookings = reading.day_of_benches(viewer, ids, span)
    taken = {ident for booking in bookings for ident, _ in footprint_of(booking)}
    names = {each.id: pick(each) for each in labs.resources(taken)}
    sheet = [(unit, _rows(unit, bookings, span, names)) for unit in units]
    return DaySheet(units[0].lab, sheet, on, len(bookings))


def _rows(
    unit: Resource,
    bookings: Sequence[Booking],
    span: Interval,
    names: Mapping[str, str],
) -> list[Row]:
    rows = [_use(unit, booking, span, names) for booking in bookings if _places(unit, booking)]
    rows += [_closure(closure, span) for closure in closed.closures_over(db.session(), {unit.id}, span)]
    return sorted(rows, key=lambda row: row.starts_at)


def _places(unit: Resource, booking: Booking) -> list[int]:
    """The places of the unit that the booking takes."""
    return [place for resource_id, place in footprint_of(booking) if resource_id == unit.id]


def _use(unit: Resource, booking: Booking, span: Interval, names: Mapping[str, str]) -> Row:
    times = _times(booking.starts_at, booking.ends_at, span)
    places = places_told(unit, _places(unit, booking))
    if places:
        times = gettext("%(times)s %(place)s", times=times, place=places)
    return Row(
        starts_at=booking.starts_at,
        times=times,
        title=gettext("%(method)s %(test)s", method=pick(booking.test.method), test=pick(booking.test)),
        notes=_notes(unit, booking, names),
        code=booking.code,
        sample=booking.sample,
    )


def _closure(closure: Closure, span: Interval) -> Row:
    whole = _days(closure.starts_at, closure.ends_at)
    return Row(
        starts_at=closure.starts_at,
        times=_times(closure.starts_at, closure.ends_at, span),
        title=gettext("停用：%(kind)s", kind=gettext(closure.kind.label)),
        notes=[text for text in (closure.reason, whole) if text],
    )


def _times(start: datetime, end: datetime, span: Interval) -> str:
    """The hours within the day; midnight at its end is 24:00."""
    if start <= span.start and end >= span.end:
        return gettext("全天")
    return f"{clock(max(start, span.start))}–{'24:00' if end >= span.end else clock(end)}"


def _notes(unit: Resource, booking: Booking, names: Mapping[str, str]) -> list[str]:
    test = booking.test
    able = labs.capability(booking.resource.pool, test.id)
    setup = test.setup_minutes if able is None or able.setup_minutes is None else able.setup_minutes
    teardown = test.teardown_minutes if able is None or able.teardown_minutes is None else able.teardown_minutes
    notes = []
    others = [ident for ident in dict.fromkeys(ident for ident, _ in footprint_of(booking)) if ident != unit.id]
    if others:
        notes.append(gettext("同时占用 %(what)s", what=gettext("、").join(names[ident] for ident in others)))
    if setup:
        notes.append(gettext("准备 %(length)s", length=hours(setup)))
    if teardown:
        notes.append(gettext("清理 %(length)s", length=hours(teardown)))
    if booking.resource.unattended and not test.one_window:
        notes.append(gettext("无人值守"))
    days = _days(booking.starts_at, booking.ends_at)
    return [*notes, days] if days else notes


def _days(start: datetime, end: datetime) -> str:
    """From day to day, empty within one day."""
    first, last = local_date(start), local_date(end - timedelta.resolution)
    if first == last:
        return ""
    return gettext("跨日，%(first)s 至 %(last)s", first=day(first, False), last=day(last, False))
